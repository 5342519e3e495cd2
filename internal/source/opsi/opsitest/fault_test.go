// SPDX-License-Identifier: Apache-2.0

package opsitest

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestFaults is each fault: what the client sees, and whether it was stored.
func TestFaults(t *testing.T) {
	const update = "productOnClient_updateObjects"
	for _, c := range []struct {
		name   string
		fault  Fault
		stored bool
		judge  func(reply) bool
	}{
		{"none", Fault{Method: "another"}, true, func(r reply) bool { return r.status == 200 && strings.Contains(string(r.body), `"result":null`) }},
		{"cut before", Fault{Kind: Cut, Method: update}, false, func(r reply) bool { return r.err != nil }},
		{"cut after", Fault{Kind: Cut, Stored: true}, true, func(r reply) bool { return r.err != nil }},
		{"half an answer", Fault{Kind: Half}, true, func(r reply) bool { return r.status == 200 && errors.Is(r.err, io.ErrUnexpectedEOF) && len(r.body) > 0 }},
		{"stalled", Fault{Kind: Stall, Delay: 50 * time.Millisecond}, true, func(r reply) bool { return r.err == nil && json.Valid(r.body) }},
		{"malformed", Fault{Kind: Malformed}, false, func(r reply) bool { return r.status == 200 && !json.Valid(r.body) }},
		{"malformed after", Fault{Kind: Malformed, Stored: true}, true, func(r reply) bool { return r.status == 200 && !json.Valid(r.body) }},
		{"oversized", Fault{Kind: Oversized, Size: 1 << 20}, false, func(r reply) bool { return len(r.body) > 1<<20 && json.Valid(r.body) }},
		{"bomb", Fault{Kind: Bomb, Size: 10 << 20}, false, func(r reply) bool {
			z, err := gzip.NewReader(bytes.NewReader(r.body))
			if err != nil || len(r.body) > 1<<16 {
				return false
			}
			n, err := io.Copy(io.Discard, z)
			return err == nil && n > 10<<20
		}},
		{"deep", Fault{Kind: Deep, Size: 5000}, false, func(r reply) bool { return strings.Count(string(r.body), "[") == 5000 && json.Valid(r.body) }},
		{"503", Fault{Kind: Status, Status: 503, Text: "Server busy", RetryAfter: 3 * time.Second}, false, func(r reply) bool {
			return r.status == 503 && r.header.Get("Retry-After") == "3" && string(r.body) == `{"error":"Server busy","id":null,"result":null}`
		}},
		{"500 after", Fault{Kind: Status, Status: 500, Text: "x", Stored: true}, true, func(r reply) bool { return r.status == 500 }},
		{"a page of somebody between", Fault{Kind: Body, Status: 502, Body: []byte("<html>")}, false, func(r reply) bool { return r.status == 502 && string(r.body) == "<html>" }},
		{"an empty answer", Fault{Kind: Body}, false, func(r reply) bool { return r.status == 200 && len(r.body) == 0 }},
		{"an error of RPC", Fault{Kind: RPCError, Method: update, Class: "BackendIOError", Text: "no database"}, false, func(r reply) bool {
			return r.status == 200 && strings.Contains(string(r.body), `"class":"BackendIOError"`)
		}},
		{"an error of RPC after", Fault{Kind: RPCError, Method: update, Class: "BackendIOError", Stored: true}, true, func(r reply) bool { return strings.Contains(string(r.body), `BackendIOError`) }},
		{"slow", Fault{Delay: 50 * time.Millisecond}, true, func(r reply) bool { return r.status == 200 && r.err == nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, pc := start(t, Options{})
			s.Break(c.fault)
			body, err := json.Marshal(map[string]any{"id": 1, "method": update, "params": []any{[]any{row(pc1, "firefox")}}})
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			r := pc.post(string(body))
			if !c.judge(r) {
				t.Errorf("%d %v %.200s", r.status, r.err, r.body)
			}
			if took := time.Since(began); took < c.fault.Delay {
				t.Errorf("took %v", took)
			}
			if stored := s.Row(pc1, "firefox") != nil; stored != c.stored {
				t.Errorf("stored %v", stored)
			}
			if c.fault.Method != "another" {
				if req := s.Requests(); req[0].Fault != c.fault.Kind || (req[0].Status != 0) != c.fault.carriedOut() {
					t.Errorf("%+v", req)
				}
			}
			if r := pc.post(string(body)); r.status != 200 || !json.Valid(r.body) || s.Row(pc1, "firefox") == nil {
				t.Errorf("the next one: %d %v %s", r.status, r.err, r.body)
			}
		})
	}
}

// TestFaultsOfSome is which requests a fault strikes.
func TestFaultsOfSome(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault Fault
		want  string // of the six requests below, those that are struck
	}{
		{"the first", Fault{}, "1"},
		{"the third", Fault{Skip: 2}, "3"},
		{"two", Fault{Times: 2}, "12"},
		{"all after the fourth", Fault{Skip: 4, Times: -1}, "56"},
		{"of a method", Fault{Method: "backend_info", Times: -1}, "246"},
		{"the second of a method", Fault{Method: "backend_info", Skip: 1}, "4"},
		{"of a path", Fault{Path: "/depot/", Times: -1}, "5"},
		{"of another path", Fault{Path: "/dav/"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, pc := start(t, Options{})
			s.WriteFile("x", []byte("x"))
			c.fault.Kind, c.fault.Status = Status, 500
			s.Break(c.fault)
			other, info := `{"method":"backend_setOptions","params":[{}]}`, `{"method":"backend_info"}`
			got := ""
			for i, ask := range []func() reply{
				func() reply { return pc.post(other) },
				func() reply { return pc.post(info) },
				func() reply { return pc.post(other) },
				func() reply { return pc.post("[" + other + "," + info + "]") },
				func() reply { return pc.do(http.MethodGet, "/depot/x", nil) },
				func() reply { return pc.post(info) },
			} {
				if r := ask(); r.status == 500 {
					got += string(rune('1' + i))
				} else if r.status != 200 {
					t.Errorf("%d: %d", i+1, r.status)
				}
			}
			if got != c.want {
				t.Errorf("struck %q, want %q", got, c.want)
			}
			s.Break(Fault{Kind: Status, Status: 500, Times: -1})
			s.Mend()
			if r := pc.post(info); r.status != 200 {
				t.Errorf("mended, but %d", r.status)
			}
		})
	}
}

// TestOneCallOfABatch: the others of a batch go on.
func TestOneCallOfABatch(t *testing.T) {
	s, pc := start(t, Options{})
	s.Break(Fault{Kind: RPCError, Method: "log_write", Class: "OSError", Text: "disk full"})
	r := pc.post(`[{"id":1,"method":"log_write","params":["instlog","x","pc1.site.test"]},{"id":2,"method":"backend_setOptions","params":[{}]}]`)
	if want := `[{"error":{"class":"OSError","details":null,"message":"disk full"},"id":1,"result":null},{"error":null,"id":2,"result":null}]`; string(r.body) != want {
		t.Errorf("%s", r.body)
	}
	if got := s.Calls(); got["log_write"] != 1 || got["backend_setOptions"] != 1 || len(s.Requests()) != 1 {
		t.Errorf("counted %v in %d", got, len(s.Requests()))
	}
	s.ForgetRequests()
	s.ForgetHistory()
	if len(s.Requests()) > 0 || len(s.History()) > 0 {
		t.Error("not forgotten")
	}
}

// TestDo changes something at the moment of a request.
func TestDo(t *testing.T) {
	s, pc := start(t, Options{})
	s.AddProduct(Product{ID: "firefox"})
	s.Break(Fault{Do: func() { s.Request(pc1, "firefox", "setup") }, Method: "productOnClient_getObjects", Skip: 1})
	ask := func() string {
		return column(t, pc.must("productOnClient_getObjects", []any{}, map[string]any{"productId": "firefox"}), "actionRequest")
	}
	if first, second := ask(), ask(); first != "" || second != "setup" {
		t.Errorf("%q then %q", first, second)
	}
}

// TestCertificates are those that a client must refuse.
func TestCertificates(t *testing.T) {
	s, pc := start(t, Options{})
	if r := pc.do(http.MethodHead, "/rpc", nil); r.err != nil { // leaves a connection open
		t.Fatal(r.err)
	}
	for _, c := range []struct {
		shown Certificate
		fits  func(error) bool
	}{
		{Expired, func(err error) bool {
			var e x509.CertificateInvalidError
			return errors.As(err, &e) && e.Reason == x509.Expired
		}},
		{Foreign, func(err error) bool { var e x509.UnknownAuthorityError; return errors.As(err, &e) }},
		{OtherName, func(err error) bool { var e x509.HostnameError; return errors.As(err, &e) }},
		{Good, func(err error) bool { return err == nil }},
	} {
		s.Present(c.shown)
		// The client may not have noticed yet that its connection was closed.
		pc.transport.CloseIdleConnections()
		if r := pc.do(http.MethodHead, "/rpc", nil); !c.fits(r.err) {
			t.Errorf("certificate %d: %v", c.shown, r.err)
		}
	}
	blind := newPeer(t, s, pc.name, pc.key)
	blind.transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} // as at a first contact
	s.Present(Foreign)
	if r := blind.do(http.MethodGet, "/ssl/opsi-ca-cert.pem", nil); r.err != nil || string(r.body) != string(s.CA()) {
		t.Errorf("%v", r.err)
	}
}

// TestOutage: refused at once, and everything is still there after it.
func TestOutage(t *testing.T) {
	s, pc := start(t, Options{})
	url := s.URL()
	pc.must("productOnClient_updateObjects", []any{row(pc1, "firefox")})
	for range 2 {
		s.Stop()
		s.Stop() // once more does no harm
		if r := pc.do(http.MethodHead, "/rpc", nil); r.err == nil {
			t.Error("somebody answers in an outage")
		}
		if err := s.Resume(); err != nil {
			t.Fatal(err)
		}
		if err := s.Resume(); err != nil {
			t.Fatal(err)
		}
		pc.key = "wrong" // the session lives on
		if got := column(t, pc.must("productOnClient_getObjects"), "productId"); got != "firefox" || s.URL() != url {
			t.Errorf("after it %q at %s", got, s.URL())
		}
	}
}

// TestStartTakesBack: a server that starts forgets what is asked of products that
// its depot does not have.
func TestStartTakesBack(t *testing.T) {
	s := Start(t, Options{})
	s.AddClient(pc1)
	s.AddProduct(Product{ID: "firefox"})
	s.AddProduct(Product{ID: "gone"})
	s.Request(pc1, "firefox", "setup")
	s.Request(pc1, "gone", "setup")
	s.DropProduct("gone")
	if got := s.Row(pc1, "gone").Text("actionRequest"); got != "setup" {
		t.Errorf("before: %s", got)
	}
	s.Stop()
	if err := s.Resume(); err != nil {
		t.Fatal(err)
	}
	if a, b := s.Row(pc1, "firefox").Text("actionRequest"), s.Row(pc1, "gone").Text("actionRequest"); a != "setup" || b != "none" {
		t.Errorf("after: %s, %s", a, b)
	}
}

// TestOutageCutsWhatRuns: a request that is under way ends with the outage.
func TestOutageCutsWhatRuns(t *testing.T) {
	s, pc := start(t, Options{})
	under := make(chan struct{})
	s.Break(Fault{Do: func() { close(under) }, Delay: time.Minute})
	done := make(chan reply, 1)
	go func() { done <- pc.do(http.MethodHead, "/rpc", nil) }()
	<-under
	s.Stop()
	if r := <-done; r.err == nil {
		t.Errorf("answered %d", r.status)
	}
}
