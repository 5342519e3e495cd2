// SPDX-License-Identifier: Apache-2.0

package servercheck

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/quietsetup/quietsetup/internal/source/opsi"
)

// A server of opsi renews its certificate and its CA 30 days before they end. What
// is nearer to its end was not renewed, or not taken over here.
const (
	soon   = 14 * 24 * time.Hour
	caSoon = 21 * 24 * time.Hour
)

// trusted tells what the server showed, and what will end soon.
func (v *visit) trusted(c tls.ConnectionState) {
	leaf := c.PeerCertificates[0]
	d := data{"Until": leaf.NotAfter.UTC(), "Issuer": opsi.CAOf(leaf).Subject, "Name": v.base.Hostname(), "Version": tls.VersionName(c.Version)}
	d["Days"] = days(leaf.NotAfter.Sub(v.Now()))
	ca := c.VerifiedChains[0][len(c.VerifiedChains[0])-1]
	told := opsi.CAOf(ca)
	d["Issuer"], d["SHA256"], d["IssuerUntil"], d["IssuerDays"] = told.Subject, told.SHA256, told.Until.UTC(), days(told.Until.Sub(v.Now()))
	d["File"] = v.CAFile
	v.say("tls_ok", d)
	for _, code := range ending(v.Now(), leaf.NotAfter, told.Until) {
		v.say(code, d)
	}
}

// ending are the findings about a certificate and its CA that end soon.
func ending(now, until, caUntil time.Time) (codes []string) {
	if until.Sub(now) < soon {
		codes = append(codes, "tls_soon")
	}
	if caUntil.Sub(now) < caSoon {
		codes = append(codes, "tls_ca_soon")
	}
	return codes
}

// untrusted tells why there is no connection to be trusted.
func (v *visit) untrusted(err error) {
	d := data{"Host": v.base.Host, "Name": v.base.Hostname(), "File": v.CAFile, "Now": v.Now().UTC(), "Error": err.Error()}
	var (
		record  tls.RecordHeaderError
		refused *tls.CertificateVerificationError
		invalid x509.CertificateInvalidError
		name    x509.HostnameError
		unknown x509.UnknownAuthorityError
	)
	if errors.As(err, &record) {
		if strings.HasPrefix(string(record.RecordHeader[:]), "HTTP") {
			v.say("tls_plain", d)
			return
		}
		v.say("tls_broken", d)
		return
	}
	if errors.As(err, &refused) && len(refused.UnverifiedCertificates) > 0 {
		leaf := refused.UnverifiedCertificates[0]
		d["Issuer"] = opsi.CAOf(&x509.Certificate{Subject: leaf.Issuer}).Subject
		d["Until"], d["From"] = leaf.NotAfter.UTC(), leaf.NotBefore.UTC()
		d["Names"] = strings.Join(names(leaf), ", ")
	}
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert.IsCA:
		d["Until"] = invalid.Cert.NotAfter.UTC()
		v.say("tls_ca_expired", d)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && v.Now().Before(invalid.Cert.NotBefore):
		v.say("tls_early", d)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		v.say("tls_expired", d)
	case errors.As(err, &name):
		v.say("tls_other_name", d)
	case errors.As(err, &unknown):
		v.say("tls_other_ca", d)
	case refused != nil:
		v.say("tls_bad", d)
	default:
		v.say("tls_broken", d)
	}
}

// names are those that a certificate is for, a few of them.
func names(c *x509.Certificate) []string {
	const most = 6
	out := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		out = append(out, ip.String())
	}
	if len(out) > most {
		out = append(out[:most], "…")
	}
	return out
}

func days(d time.Duration) int { return int(d / (24 * time.Hour)) }
