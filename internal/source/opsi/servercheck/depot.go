// SPDX-License-Identifier: Apache-2.0

package servercheck

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/quietsetup/quietsetup/internal/source/opsi"
)

// depot asks the client's depot for nothing but whether it answers this client.
func (v *visit) depot(ctx context.Context, q *questions) {
	v.at = Depot
	id := ""
	for _, a := range q.ofClient {
		if strings.EqualFold(a.ClientID, v.who.HostID) {
			id = a.DepotID
		}
	}
	if err := errors.Join(q.assigned.Err, q.depots.Err); err != nil || id == "" {
		d := data{"HostID": v.who.HostID, "Error": ""}
		if err != nil {
			d["Error"] = strings.ReplaceAll(err.Error(), "\n", "; ")
		}
		v.say("depot_none", d)
		return
	}
	address := ""
	for _, s := range q.servers {
		if strings.EqualFold(s.ID, id) {
			address = s.WebDAV
		}
	}
	d := data{"Depot": id, "URL": address, "HostID": v.who.HostID}
	if address == "" {
		v.say("depot_no_url", d)
		return
	}
	at, err := opsi.DepotURL(address) // the key goes over no open line
	if err != nil {
		d["Error"] = err.Error()
		v.say("depot_address", d)
		return
	}
	at.Path += "/" // the folder itself
	d["URL"] = at.String()
	v.knock(ctx, at, d)
}

// knock asks the depot once. The session that it opens for this is to end at once.
func (v *visit) knock(ctx context.Context, at *url.URL, d data) {
	transport := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSClientConfig:     &tls.Config{RootCAs: v.roots, MinVersion: tls.VersionTLS12, Time: v.Now},
		TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: 64 << 10, DisableKeepAlives: true,
	}
	client := &http.Client{Transport: transport, Timeout: v.Patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(ctx, "PROPFIND", at.String(), nil)
	if err != nil {
		d["Error"] = err.Error()
		v.say("depot_address", d)
		return
	}
	v.who.Sign(req)
	req.Header.Set("Depth", "0") // the folder itself, not what is in it
	req.Header.Set("User-Agent", v.Program)
	req.Header.Set("X-Opsi-Session-Lifetime", "1")
	resp, err := client.Do(req)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		d["Error"] = err.Error()
		if certificate(err) {
			v.say("depot_certificate", d)
		} else {
			v.say("depot_unreachable", d)
		}
		return
	}
	defer resp.Body.Close()
	d["Status"] = resp.StatusCode
	switch {
	case resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusMultiStatus:
		v.say("depot_ok", d)
	case resp.StatusCode == http.StatusUnauthorized:
		v.say("depot_refused", d)
	case resp.StatusCode == http.StatusForbidden:
		v.say("depot_forbidden", d)
	case resp.StatusCode == http.StatusServiceUnavailable:
		v.say("depot_busy", d)
	default:
		v.say("depot_status", d)
	}
}

// certificate reports whether an error is about the certificate.
func certificate(err error) bool {
	var (
		refused *tls.CertificateVerificationError
		invalid x509.CertificateInvalidError
		name    x509.HostnameError
		unknown x509.UnknownAuthorityError
	)
	return errors.As(err, &refused) || errors.As(err, &invalid) || errors.As(err, &name) || errors.As(err, &unknown)
}
