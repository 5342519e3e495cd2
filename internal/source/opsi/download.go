// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Downloads fetches files from a depot by HTTPS. A depot knows the same host id
// and key as the config server, counts failed logins as it does and is left alone
// as it is. It is safe for use by many.
type Downloads struct {
	http        *http.Client
	credentials Credentials
	program     string
	gate        gate

	mu     sync.Mutex
	depot  *url.URL // of the session
	cookie string   // "" = there is none
}

// NewHTTP makes a client that trusts roots alone (nil = what the system trusts)
// and follows nobody. It sets no end to a request: a large file takes as long as
// it takes, and who reads it watches whether it still comes.
func NewHTTP(roots *x509.CertPool) *http.Client {
	return &http.Client{Transport: newTransport(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}), CheckRedirect: noRedirect}
}

// NewDownloads makes one. It connects to nobody yet. A nil client is that of
// NewHTTP(nil); another is used without its end of a request and follows nobody.
func NewDownloads(client *http.Client, credentials Credentials, program string) (*Downloads, error) {
	if err := CheckHostID(credentials.HostID); err != nil {
		return nil, err
	}
	if credentials.Key.IsZero() {
		return nil, fmt.Errorf("%w: there is no key", ErrCredentials)
	}
	if client == nil {
		client = NewHTTP(nil)
	}
	if program == "" {
		program = "quietsetup"
	}
	return &Downloads{http: &http.Client{Transport: client.Transport, CheckRedirect: noRedirect},
		credentials: credentials, program: program, gate: gate{random: rand.Float64}}, nil
}

// DepotURL takes the address of a depot as a server's object has it, in its field
// depotWebdavUrl: webdavs://depot.example.org:4447/depot, or the same with https.
func DepotURL(s string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil {
		return nil, errors.New("cannot use the depot's address: it cannot be read as one") // it may hold a password
	}
	switch {
	case u.User != nil:
		return nil, errors.New("cannot use the depot's address: name and key do not belong into it") // not shown
	case u.Scheme != "https" && u.Scheme != "webdavs" || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "":
		return nil, fmt.Errorf("cannot use the depot's address %q: it must be like webdavs://depot.example.org:4447/depot", line(s))
	}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), "4447")
	}
	return &url.URL{Scheme: "https", Host: host, Path: strings.TrimRight(u.Path, "/")}, nil
}

// maxRefusal is more than a server says when it refuses.
const maxRefusal = 16 << 10

// Get asks for a file, as it is and not packed: a part of a packed one would be of
// no use. The answer is one of 200, 206, 404 and 416; whatever else comes has a
// class, and while the depot should be left alone the error is ErrWaiting. What
// goes wrong while the body is read has a class, too.
func (d *Downloads) Get(ctx context.Context, from *url.URL, header http.Header) (*http.Response, error) {
	if err := d.gate.check(); err != nil {
		return nil, err
	}
	begun := time.Now()
	resp, asked, err := d.get(ctx, from, header)
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx) // nobody's fault
	}
	d.gate.note(begun, err, asked)
	if err != nil {
		return nil, fmt.Errorf("cannot ask %s: %w", from.Host, err)
	}
	return resp, nil
}

func (d *Downloads) get(ctx context.Context, from *url.URL, header http.Header) (*http.Response, time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from.String(), nil)
	if err != nil {
		return nil, 0, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("Accept-Encoding", "identity") // any other word that the server does not know is a 400
	d.sign(req)
	resp, err := d.http.Do(req)
	if err != nil {
		return nil, 0, transportError(err)
	}
	d.note(resp, from)
	switch resp.StatusCode {
	case http.StatusOK, http.StatusPartialContent:
		if packed := resp.Header.Get("Content-Encoding"); packed != "" && packed != "identity" {
			resp.Body.Close()
			return nil, 0, fmt.Errorf("%w: it is packed with %s, unasked", ErrAnswer, line(packed))
		}
		resp.Body = &classified{resp.Body}
		return resp, 0, nil
	case http.StatusNotFound, http.StatusRequestedRangeNotSatisfiable:
		return resp, 0, nil
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
	if err != nil {
		return nil, 0, transportError(err)
	}
	if err = statusError(resp, text); err == nil {
		err = fmt.Errorf("%w: status %d", ErrAnswer, resp.StatusCode)
	}
	return nil, retryAfter(resp.Header), err
}

// sign proves who asks. Without the session each file would begin one, and a depot
// has no more than thirty for an address.
func (d *Downloads) sign(req *http.Request) {
	req.Header.Set("User-Agent", d.program)
	req.Header.Set("X-Opsi-Session-Lifetime", keepSession)
	req.SetBasicAuth(d.credentials.HostID, d.credentials.Key.secret())
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cookie != "" && d.depot.Host == req.URL.Host {
		req.AddCookie(&http.Cookie{Name: cookieName, Value: d.cookie})
	}
}

func (d *Downloads) note(resp *http.Response, from *url.URL) {
	if cookie := sessionOf(resp); cookie != "" {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.depot, d.cookie = &url.URL{Scheme: from.Scheme, Host: from.Host}, cookie
	}
}

// Close ends the session at the depot, if it answers soon.
func (d *Downloads) Close() error {
	defer d.http.CloseIdleConnections()
	d.mu.Lock()
	depot, open := d.depot, d.cookie != ""
	d.mu.Unlock()
	if !open || d.gate.check() != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, depot.JoinPath("session", "logout").String(), nil)
	if err != nil {
		return fmt.Errorf("cannot log out: %w", err)
	}
	d.sign(req)
	resp, err := d.http.Do(req)
	if err != nil {
		return nil // the session ends by itself
	}
	return resp.Body.Close()
}

// classified is a body whose errors have a class.
type classified struct{ io.ReadCloser }

func (c *classified) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = transportError(err)
	}
	return n, err
}
