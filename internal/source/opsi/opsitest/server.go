// SPDX-License-Identifier: Apache-2.0

package opsitest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// Names that a server has when Options gives none.
const (
	ConfigServerID = "opsi.site.test"
	AdminName      = "adminuser"
	AdminPassword  = "admin-of-the-double"
)

// Options say what a server is. The zero value is good for most tests.
type Options struct {
	Listen         string           // address; "" = a free port of 127.0.0.1
	Now            func() time.Time // its clock; nil = time.Now
	LoopbackExempt bool             // loopback may have many sessions and knows no maintenance, as at a real server
	UpdateIP       bool             // a login stores host.ipAddress (the option update-ip)
	FailureCost    time.Duration    // what a failed login costs; 0 = none, a real server takes 0.2 s
}

// Server is a config server and its depot.
type Server struct {
	opts    Options
	pki     *authority
	kinds   map[string]*kind  // by class
	methods map[string]method // by RPC name

	mu       sync.Mutex
	address  string
	http     *http.Server
	ended    chan struct{} // closed when http has ended; nil = it is stopped
	shown    Certificate
	rows     map[string]map[string]Object // by table, by key
	history  []Write
	requests []Request
	faults   []*Fault
	sessions map[string]*session
	failures map[string][]time.Time // failed logins by address
	blocked  map[string]time.Time   // until when, by address
	upkeep   time.Duration          // Retry-After of a maintenance; 0 = there is none
	logs     map[logKey]string
	depot    map[string]depotFile
}

// New starts a server. Close ends it.
func New(o Options) (*Server, error) {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	// A client judges certificates by its own clock, not by the server's.
	pki, err := newAuthority(time.Now())
	if err != nil {
		return nil, fmt.Errorf("cannot make the certificates: %w", err)
	}
	s := &Server{
		opts: o, pki: pki, kinds: kindsByClass(), rows: map[string]map[string]Object{}, sessions: map[string]*session{},
		failures: map[string][]time.Time{}, blocked: map[string]time.Time{}, logs: map[logKey]string{}, depot: map[string]depotFile{},
	}
	s.methods = s.methodsByName()
	s.address = o.Listen
	if err := s.Resume(); err != nil {
		return nil, err
	}
	s.furnish()
	return s, nil
}

// Start is New for a test, which it ends with.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// URL is where the server is: "https://127.0.0.1:4447". JSON-RPC is at /rpc.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "https://" + s.address
}

// Close ends the server.
func (s *Server) Close() { s.Stop() }

// Stop is an outage: connections are cut and new ones refused. What is stored
// stays; sessions stay too, as they do over a short restart.
func (s *Server) Stop() {
	s.mu.Lock()
	h, ended := s.http, s.ended
	s.http, s.ended = nil, nil
	s.mu.Unlock()
	if h == nil {
		return
	}
	_ = h.Close() // the listener's error; there is nothing to save
	<-ended
}

// Resume ends an outage: the server starts and listens where it did before.
//
// Quirk: a server that starts takes back what is requested of products that are
// not on the client's depot (contract 3).
func (s *Server) Resume() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.http != nil {
		return nil
	}
	ln, err := net.Listen("tcp", s.address)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", s.address, err)
	}
	s.address = ln.Addr().String()
	for _, row := range s.sorted("productOnClient") {
		if row.Text("actionRequest") != "none" && s.productOn(s.depotOf(row.Text("clientId")), row.Text("productId")) == nil {
			s.update(caller{}, s.kindOf(row), Object{"type": row["type"], "productId": row["productId"], "productType": row["productType"], "clientId": row["clientId"], "actionRequest": "none"})
		}
	}
	h := &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		TLSConfig:         s.pki.config(s.certificate),
		ReadHeaderTimeout: time.Minute,
		// Handshakes that clients break off are what many tests are about.
		ErrorLog: log.New(io.Discard, "", 0),
		// uvicorn speaks HTTP/1.1 alone (contract 1).
		TLSNextProto: noHTTP2(),
	}
	ended := make(chan struct{})
	s.http, s.ended = h, ended
	go func() {
		defer close(ended)
		if err := h.ServeTLS(ln, "", ""); !errors.Is(err, http.ErrServerClosed) {
			log.Printf("opsitest: %v", err)
		}
	}()
	return nil
}

// Present shows a certificate from the next handshake on. Connections that are
// open and idle are closed, so that the next request makes one.
func (s *Server) Present(c Certificate) {
	s.mu.Lock()
	s.shown = c
	h := s.http
	s.mu.Unlock()
	if h != nil {
		h.SetKeepAlivesEnabled(false)
		h.SetKeepAlivesEnabled(true)
	}
}

func (s *Server) certificate() Certificate {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown
}

// Maintain begins a maintenance, whose answers carry Retry-After; 0 ends it. A
// real server says 600 seconds by itself.
func (s *Server) Maintain(retryAfter time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.upkeep = retryAfter
}

// ForgetSessions makes every cookie a stranger's, as a server does that lost its
// session store.
func (s *Server) ForgetSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.sessions)
}

// now is the server's clock.
func (s *Server) now() time.Time { return s.opts.Now() }

// pause waits, unless the client goes away first.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
