// SPDX-License-Identifier: Apache-2.0

package opsidialog

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quietsetup/quietsetup/internal/source/opsi"
)

// Why a dialog cannot be used.
var (
	// ErrAbsent: there is no opsiclientd here, or one without such dialogs.
	ErrAbsent = errors.New("opsiclientd offers no dialog here")
	// ErrStranger: who listens on the port is not proven to be opsiclientd. It was
	// sent nothing.
	ErrStranger = errors.New("who listens on opsiclientd's port does not have its certificate")
)

const (
	method = "showDialog"
	// keepOffer is how long it counts what the service said of its methods.
	keepOffer = time.Hour
	// quick is how long everything but a dialog may take.
	quick = 20 * time.Second
	// longest is no limit of a dialog, which ends with its window, but one there must be.
	longest = 31 * 24 * time.Hour
	// maxAnswer is far more than the list of the service's methods has, in bytes.
	maxAnswer = 4 << 20
)

// service is opsiclientd on this machine, as far as it is known.
type service struct {
	at      place
	who     opsi.Credentials
	client  *opsi.Client
	looked  time.Time // when it was asked for its methods; zero = not yet
	offered bool
}

// service returns the service if it offers dialogs. The caller has the turn.
func (f *Front) service(ctx context.Context) (*opsi.Client, error) {
	at, err := readPlace(f.o.Conf, f.o.Unchanged)
	if err != nil {
		return nil, err
	}
	who, err := f.o.Credentials()
	if err != nil {
		return nil, err
	}
	if s := f.known; s == nil || s.at != at || s.who.HostID != who.HostID || s.who.Key.Reveal() != who.Key.Reveal() {
		client, err := opsi.NewClient(opsi.Options{Server: "https://localhost:" + strconv.Itoa(at.port), Path: "opsiclientd", Most: maxAnswer,
			Credentials: who, Program: f.o.Program, Timeout: longest, Transport: f.transport(at)})
		if err != nil {
			return nil, err
		}
		f.known = &service{at: at, who: who, client: client}
	}
	s := f.known
	s.client.Retry() // it keeps back from a server; this one is here and may have started just now
	if s.looked.IsZero() || time.Since(s.looked) > keepOffer {
		if s.offered, err = offers(ctx, s.client); err != nil {
			return nil, err
		}
		s.looked = time.Now()
	}
	if !s.offered {
		return nil, ErrAbsent
	}
	return s.client, nil
}

// transport reaches the service and nobody else.
func (f *Front) transport(at place) http.RoundTripper {
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return f.dial(ctx, at.port) },
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12,
			InsecureSkipVerify: true, // nobody vouches for it; it is compared below
			VerifyConnection: func(c tls.ConnectionState) error {
				pins, err := at.pins(f.o.Unchanged, f.o.Secret)
				if err != nil {
					return err
				}
				if len(c.PeerCertificates) == 0 || !slices.ContainsFunc(pins, func(pin []byte) bool { return bytes.Equal(pin, c.PeerCertificates[0].Raw) }) {
					return fmt.Errorf("%w (%s)", ErrStranger, at.cert)
				}
				return nil
			}},
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		DisableKeepAlives:      true, // each request proves anew whom it is for
	}
}

// loopback connects to a port of this machine.
func loopback(ctx context.Context, port int) (net.Conn, error) {
	dialer := net.Dialer{Timeout: 10 * time.Second}
	var errs []error
	for _, host := range []string{"127.0.0.1", "::1"} {
		c, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err == nil {
			return c, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

// offers asks whether the service has the method, with the four parameters at least
// and no more that must be given.
func offers(ctx context.Context, c *opsi.Client) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	var methods []struct {
		Name   string   `json:"name"`
		Params []string `json:"params"`
	}
	list := &opsi.Call{Method: "backend_getInterface", Into: &methods, Reads: true}
	if err := errors.Join(c.Do(ctx, list), list.Err); err != nil {
		return false, err
	}
	for _, m := range methods {
		if m.Name == method {
			return len(m.Params) >= 4 && !slices.ContainsFunc(m.Params[4:], func(p string) bool { return !strings.HasPrefix(p, "*") }), nil
		}
	}
	return false, nil
}

// show shows a dialog and returns the service's result as it came.
func show(ctx context.Context, c *opsi.Client, d dialog) (json.RawMessage, error) {
	var out json.RawMessage
	call := &opsi.Call{Method: method, Params: []any{d.title, d.message, d.seconds, d.buttons}, Into: &out}
	if err := errors.Join(c.Do(ctx, call), call.Err); err != nil {
		return nil, err
	}
	return out, nil
}
