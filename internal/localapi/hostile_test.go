// SPDX-License-Identifier: Apache-2.0

package localapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/localsock"
)

// raw sends text and returns the status line of the answer.
func (r *rig) raw(text string) string {
	r.Helper()
	c, err := localsock.Dial(r.Context(), r.path)
	if err != nil {
		r.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		r.Fatal(err)
	}
	go func() { _, _ = io.WriteString(c, text) }()
	line := make([]byte, 64)
	n, _ := io.ReadAtLeast(c, line, 12)
	return string(line[:n])
}

func post(path, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: local\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
}

func TestHostileRequests(t *testing.T) {
	r := serveWorld(t, usual())
	for name, c := range map[string]struct{ send, want string }{
		"a path for an id":       {"GET /v1/products/..%2f..%2fetc HTTP/1.1\r\nHost: local\r\n\r\n", "400"},
		"a dot for an id":        {"GET /v1/products/%2e%2e HTTP/1.1\r\nHost: local\r\n\r\n", "400"},
		"an upper case id":       {"GET /v1/products/Firefox HTTP/1.1\r\nHost: local\r\n\r\n", "400"},
		"a NUL in an id":         {"GET /v1/products/a%00 HTTP/1.1\r\nHost: local\r\n\r\n", "400"},
		"a long id":              {"GET /v1/products/" + strings.Repeat("a", 129) + " HTTP/1.1\r\nHost: local\r\n\r\n", "400"},
		"an id with a line end":  {"GET /v1/products/a%0ab/log HTTP/1.1\r\nHost: local\r\n\r\n", "400"},
		"no route":               {"GET /v2/products HTTP/1.1\r\nHost: local\r\n\r\n", "404"},
		"another method":         {"DELETE /v1/products/firefox HTTP/1.1\r\nHost: local\r\n\r\n", "404"},
		"another verb":           {post("/v1/products/firefox/explode", "{}"), "404"},
		"a huge header":          {"GET /v1/status HTTP/1.1\r\nHost: local\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", "431"},
		"no JSON":                {post("/v1/hold", "reason=x"), "400"},
		"two values":             {post("/v1/hold", "{}{}"), "400"},
		"an array":               {post("/v1/hold", "[]"), "400"},
		"a deep body":            {post("/v1/hold", strings.Repeat(`{"reason":`, 5000)), "400"},
		"a huge body":            {post("/v1/hold", `{"reason":"`+strings.Repeat("x", maxBody)+`"}`), "400"},
		"a long reason":          {post("/v1/hold", `{"reason":"`+strings.Repeat("x", maxReason+1)+`"}`), "400"},
		"a coloured reason":      {post("/v1/hold", `{"reason":"\u001b[31m"}`), "400"},
		"a reason with lines":    {post("/v1/hold", `{"reason":"a\nb"}`), "400"},
		"a turned reason":        {post("/v1/hold", `{"reason":"\u202e"}`), "400"},
		"a hold of no product":   {post("/v1/hold", `{"product":"../x"}`), "400"},
		"an unknown action":      {post("/v1/products/firefox/request", `{"action":"none"}`), "400"},
		"no action":              {post("/v1/products/firefox/request", ``), "400"},
		"a bad cursor":           {"GET /v1/prompts/next?after=-1 HTTP/1.1\r\nHost: local\r\n\r\n", "400"},
		"a bad sequence number":  {"GET /v1/log?from=x HTTP/1.1\r\nHost: local\r\n\r\n", "400"},
		"a closing without end":  {post("/v1/prompts/closed", `{"programs":[`+strings.Repeat(`{},`, 200)+`{}]}`), "400"},
		"a long prompt":          {post("/v1/prompts/"+strings.Repeat("x", 600)+"/answer", "{}"), "400"},
		"no HTTP":                {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "400"},
		"a body in two lengths":  {"POST /v1/hold HTTP/1.1\r\nHost: local\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "400"},
		"an endless chunk (bad)": {"POST /v1/hold HTTP/1.1\r\nHost: local\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", "400"},
	} {
		if got := r.raw(c.send); !strings.HasPrefix(got, "HTTP/1.1 "+c.want) {
			t.Errorf("%s is answered %q, want %s", name, got, c.want)
		}
	}
	r.wantHeard()
}

// What never becomes a request is told with its caller, and nothing else is.
func TestOddCallersAreTold(t *testing.T) {
	r := serveWorld(t, short())
	fine := []string{"GET /v1/status HTTP/1.1\r\nHost: local\r\nConnection: close\r\n\r\n", post("/v1/hold", "[]"), "GET /nowhere HTTP/1.1\r\nHost: local\r\n\r\n"}
	odd := []string{"\x16\x03\x01 no HTTP\r\n\r\n", "GET /v1/status HTTP/1.1\r\nHost: local\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", "GET /v1/sta"}
	for _, text := range append(fine, odd...) {
		r.raw(text)
	}
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		r.mu.Lock()
		told := slices.Clone(r.odds)
		r.mu.Unlock()
		if len(told) >= len(odd) || time.Now().After(deadline) {
			if len(told) != len(odd) {
				t.Errorf("%d callers were told, want %d: %+v", len(told), len(odd), told)
			}
			for _, p := range told {
				if p.Owner != localsock.Self() || p.PID != os.Getpid() {
					t.Errorf("told of %+v", p)
				}
			}
			break
		}
	}
}

// Nobody without a peer gets an answer, whatever way the request took.
func TestNoPeerNoAnswer(t *testing.T) {
	w := &world{}
	h := New(Config{Views: w, Operator: w, Desk: w, Reports: w, Owner: "uid:0"})
	for _, peer := range []*localsock.Peer{nil, {}} {
		for _, route := range []string{"GET /v1/status", "POST /v1/hold", "POST /v1/prompts/hello"} {
			method, path, _ := strings.Cut(route, " ")
			req, err := http.NewRequest(method, path, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			if peer != nil {
				req = req.WithContext(localsock.WithPeer(t.Context(), *peer))
			}
			rec := &recorder{head: http.Header{}}
			h.ServeHTTP(rec, req)
			if rec.code != http.StatusForbidden {
				t.Errorf("%s without a peer is answered %d", route, rec.code)
			}
		}
	}
	if got := w.took(); got != nil {
		t.Errorf("the daemon heard %q", got)
	}
}

type recorder struct {
	head http.Header
	code int
	body bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.head }
func (r *recorder) WriteHeader(code int)        { r.code = code }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// short is the patience of a server in tests.
func short() limits {
	return limits{header: 100 * time.Millisecond, read: 200 * time.Millisecond, write: time.Second, idle: 100 * time.Millisecond, stop: time.Second}
}

// Connections that say nothing, half a request, or a byte now and then hold
// their places for a moment only, and the daemon answers others meanwhile.
func TestFlood(t *testing.T) {
	r := serveWorld(t, short())
	var conns []net.Conn
	for i := range 500 {
		c, err := localsock.Dial(t.Context(), r.path)
		if err != nil {
			continue
		}
		conns = append(conns, c)
		switch i % 3 {
		case 0: // silent
		case 1:
			_, _ = io.WriteString(c, "GET /v1/status HTTP/1.1\r\nHo")
		case 2:
			_, _ = io.WriteString(c, "POST /v1/hold HTTP/1.1\r\nHost: local\r\nContent-Length: 50\r\n\r\n{")
		}
	}
	drip, stop := context.WithCancel(t.Context())
	defer stop()
	go func() { // a byte at a time into all that are still open
		for drip.Err() == nil {
			for _, c := range conns {
				_, _ = c.Write([]byte("x"))
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	deadline := time.Now().Add(10 * time.Second)
	for {
		if _, err := r.client.Status(t.Context()); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("the flood keeps everybody out: %v", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	for _, c := range conns {
		_ = c.SetReadDeadline(deadline)
		if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal("a connection is held for ever")
		}
		c.Close()
	}
	if got := slices.Compact(r.took()); !slices.Equal(got, []string{"status"}) {
		t.Errorf("the daemon heard %q", got)
	}
}
