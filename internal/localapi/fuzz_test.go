// SPDX-License-Identifier: Apache-2.0

package localapi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localsock"
)

// counter is the API over a world that remembers what it is told. Its agents do
// not wait.
func counter() (*world, http.Handler) {
	w := &world{lines: [][]byte{[]byte(`{"v":1}`)}}
	return w, New(Config{Views: w, Operator: w, Desk: w, Reports: w, Owner: "uid:0"})
}

// judge checks an answer: its form, its size, and what the daemon heard of a
// caller that may only look.
func judge(t *testing.T, peer localsock.Peer, code int, kind string, body []byte, heard []string) {
	t.Helper()
	if code < 200 || code > 599 || len(body) > maxBody {
		t.Fatalf("answered %d with %d bytes", code, len(body))
	}
	if code >= 400 {
		var e apitypes.ErrorBody
		if json.Unmarshal(body, &e) != nil || e.Error.Code == "" || e.Error.Message == "" || strings.ContainsFunc(e.Error.Message+e.Error.Hint, unicode.IsControl) {
			t.Fatalf("%d is answered %q", code, body)
		}
	}
	if kind == apitypes.MediaJSON && (!json.Valid(body) || bytes.Count(body, []byte("\n")) != 1) {
		t.Fatalf("not one line of JSON: %q", body)
	}
	if code >= 400 && code < 500 && code != http.StatusNotFound && len(heard) > 0 {
		t.Fatalf("refused with %d, but the daemon heard %q", code, heard)
	}
	for _, h := range heard {
		if !peer.Admin && (strings.Contains(h, " requests ") || strings.Contains(h, " cancels ") || strings.Contains(h, "_requested")) {
			t.Fatalf("%s gave an order: %q", peer.Owner, h)
		}
		if strings.Contains(h, "/") && (strings.HasPrefix(h, "product ") || strings.HasPrefix(h, "processes ") || strings.HasPrefix(h, "log ")) {
			t.Fatalf("a path for a product: %q", h)
		}
		if strings.ContainsFunc(h, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }) &&
			(strings.Contains(h, "requests") || strings.Contains(h, "cancels") || strings.Contains(h, "Reason:")) {
			t.Fatalf("a reason that moves the cursor: %q", h)
		}
	}
}

// FuzzRequest gives the handler requests of every kind from callers of every kind.
func FuzzRequest(f *testing.F) {
	f.Add("GET", "/v1/products/firefox", "", []byte(nil), uint8(0))
	f.Add("GET", "/v1/products/..%2f..%2fetc%2fpasswd", "", []byte(nil), uint8(1))
	f.Add("GET", "/v1/products/firefox/log", "follow=0&from=18446744073709551616", []byte(nil), uint8(1))
	f.Add("POST", "/v1/products/firefox/request", "", []byte(`{"action":"setup","reason":"\u001b[31m","alone":true}`), uint8(0))
	f.Add("POST", "/v1/products/firefox/request", "", []byte(`{"action":"setup","reason":"x"}`), uint8(1))
	f.Add("POST", "/v1/hold", "", []byte(`{"product":"../x","reason":"\u202e"}`), uint8(0))
	f.Add("POST", "/v1/hold", "", []byte(strings.Repeat(`{"a":`, 11_000)), uint8(0))
	f.Add("POST", "/v1/prompts/hello", "", []byte(`{"kind":"terminal","holding":["a@b"]}`), uint8(1))
	f.Add("POST", "/v1/prompts/closed", "", []byte(`{"agent":"a","order":"b","programs":[{"pid":1,"start":2,"state":"asked"}]}`), uint8(1))
	f.Add("POST", "/v1/prompts/presence", "", []byte(`{"agent":"a","idle_ms":-1,"busy":"quiet"}`), uint8(1))
	f.Add("POST", "/v1/prompts/firefox%231.1@c2/answer", "", []byte(`{"agent":"a","nonce":"b","choice":"kill"}`), uint8(1))
	f.Add("GET", "/v1/status", "", []byte(nil), uint8(2))
	f.Add("PUT\n", "/v1//status", "%zz", []byte("x"), uint8(0))
	peers := []localsock.Peer{{UID: 0, Owner: "uid:0", Admin: true}, {UID: 1000, Owner: "uid:1000"}, {}}
	w, h := counter()
	f.Fuzz(func(t *testing.T, method, path, query string, body []byte, who uint8) {
		unescaped, err := url.PathUnescape(path)
		if err != nil || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "/v1/prompts/next") {
			return // no request that a server would hand on; the last one waits
		}
		peer := peers[int(who)%len(peers)]
		r := &http.Request{Method: method, URL: &url.URL{Path: unescaped, RawPath: path, RawQuery: query}, Header: http.Header{}, Host: "local",
			Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, RequestURI: path}
		if strings.Contains(query, "follow") && strings.Contains(path, "log") {
			ctx, cancel := context.WithCancel(context.Background())
			cancel() // a follower that has gone
			r = r.WithContext(ctx)
		}
		rec := &deadlines{recorder{head: http.Header{}}}
		h.ServeHTTP(rec, r.WithContext(localsock.WithPeer(r.Context(), peer)))
		heard := w.took()
		if r.Context().Err() != nil {
			return
		}
		if rec.code == 0 {
			rec.code = http.StatusOK
		}
		if peer.Owner == "" && (rec.code < 300 || len(heard) > 0) {
			t.Fatalf("nobody is answered %d, the daemon heard %q", rec.code, heard)
		}
		if rec.code >= 300 && rec.code < 400 {
			return // the mux sends to the straight path
		}
		judge(t, peer, rec.code, rec.head.Get("Content-Type"), rec.body.Bytes(), heard)
	})
}

// deadlines is a recorder whose connection has deadlines.
type deadlines struct{ recorder }

func (*deadlines) SetReadDeadline(time.Time) error  { return nil }
func (*deadlines) SetWriteDeadline(time.Time) error { return nil }
func (*deadlines) FlushError() error                { return nil }

// pipes is a listener whose connections are made by dial, each from one peer.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

// script is a connection whose caller has said everything at once, and hangs up
// when it is asked for more.
type script struct {
	says  *bytes.Reader
	mu    sync.Mutex
	heard bytes.Buffer
	over  chan struct{} // closed by Close
	woken chan struct{} // by a deadline that has passed
	once  sync.Once
}

func newScript(says []byte) *script {
	return &script{says: bytes.NewReader(says), over: make(chan struct{}), woken: make(chan struct{}, 8)}
}

func (s *script) Read(b []byte) (int, error) {
	if len(b) != 1 || s.says.Len() > 0 {
		return s.says.Read(b)
	}
	select { // one byte is asked for while a request is answered: the caller is still there
	case <-s.over:
	case <-s.woken:
	}
	return 0, os.ErrDeadlineExceeded
}

func (s *script) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heard.Write(b)
}

func (s *script) Close() error { s.once.Do(func() { close(s.over) }); return nil }

func (s *script) SetReadDeadline(t time.Time) error {
	if !t.IsZero() && t.Before(time.Now()) {
		s.woken <- struct{}{}
	} else {
		for len(s.woken) > 0 {
			<-s.woken
		}
	}
	return nil
}
func (s *script) SetDeadline(t time.Time) error    { return s.SetReadDeadline(t) }
func (s *script) SetWriteDeadline(time.Time) error { return nil }
func (s *script) LocalAddr() net.Addr              { return &net.UnixAddr{Name: "here", Net: "unix"} }
func (s *script) RemoteAddr() net.Addr             { return &net.UnixAddr{Name: "there", Net: "unix"} }

// FuzzWire gives a server bytes, as a socket does: it answers with HTTP or hangs
// up, and a caller without rights gives no order, however the bytes are split.
func FuzzWire(f *testing.F) {
	for _, s := range []string{
		"GET /v1/status HTTP/1.1\r\nHost: local\r\n\r\n", "GET /v1/products/firefox HTTP/1.0\r\n\r\n",
		post("/v1/hold", `{"reason":"x"}`), post("/v1/hold", `{}`) + post("/v1/products/firefox/request", `{"action":"setup"}`),
		"POST /v1/hold HTTP/1.1\r\nHost: local\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
		"POST /v1/hold HTTP/1.1\r\nHost: local\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
		"GET http://other/v1/status HTTP/1.1\r\nHost: local\r\nUpgrade: h2c\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"POST /v1/hold HTTP/1.1\r\nHost: local\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}", "\x16\x03\x01\x02\x00", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	w, h := counter()
	user := localsock.Peer{UID: 1000, Owner: "uid:1000"}
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	asUser := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(rw, r.WithContext(localsock.WithPeer(r.Context(), user)))
	})
	go func() { ended <- serve(ctx, p, asUser, usual(), nil) }()
	f.Cleanup(func() {
		cancel()
		<-ended
	})
	f.Fuzz(func(t *testing.T, sent []byte) {
		if bytes.Contains(sent, []byte("next")) || bytes.Contains(sent, []byte("follow")) {
			return // it would wait, as it should
		}
		c := newScript(sent)
		p.conns <- c
		<-c.over // the server has hung up
		answers := bufio.NewReader(bytes.NewReader(c.heard.Bytes()))
		for {
			resp, err := http.ReadResponse(answers, nil)
			if err != nil {
				break
			}
			body, err := io.ReadAll(resp.Body)
			if err == nil && resp.Header.Get("Content-Type") == apitypes.MediaJSON && len(body) > 0 {
				judge(t, user, resp.StatusCode, apitypes.MediaJSON, body, nil)
			}
		}
		judge(t, user, http.StatusOK, "", nil, w.took())
	})
}
