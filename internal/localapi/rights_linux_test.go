// SPDX-License-Identifier: Apache-2.0

package localapi

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localsock"
	"github.com/quietsetup/quietsetup/internal/needs"
)

// dialAs connects as another user, on a thread of its own.
func (r *rig) dialAs(uid int) net.Conn {
	r.Helper()
	var c net.Conn
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // not unlocked: the thread ends with the goroutine
		_, _, e := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(uid), uintptr(uid), 0)
		if e != 0 {
			done <- e
			return
		}
		var err error
		c, err = localsock.Dial(r.Context(), r.path)
		done <- err
	}()
	if err := <-done; err != nil {
		r.Fatal(err)
	}
	return c
}

// as sends one request as another user.
func (r *rig) as(uid int, method, path, body string) (status int, answer []byte) {
	r.Helper()
	c := r.dialAs(uid)
	defer c.Close()
	client := http.Client{Transport: &http.Transport{
		DialContext:       func(context.Context, string, string) (net.Conn, error) { return c, nil },
		DisableKeepAlives: true,
	}}
	req, err := http.NewRequestWithContext(r.Context(), method, "http://local"+path, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.Fatal(err)
	}
	return resp.StatusCode, b
}

// An ordinary user looks without seeing private parts, and changes nothing.
func TestRightsOfAnOrdinaryUser(t *testing.T) {
	needs.Root(t)
	r := serveWorld(t, usual())
	r.lines = records(t)
	const uid = 65534
	for _, route := range []string{"/v1/hold", "/v1/release", "/v1/products/firefox/request", "/v1/products/firefox/defer",
		"/v1/products/firefox/resume", "/v1/products/firefox/cancel", "/v1/products/firefox/reset"} {
		status, body := r.as(uid, http.MethodPost, route, `{"action":"setup"}`)
		var e apitypes.ErrorBody
		if err := json.Unmarshal(body, &e); err != nil || status != http.StatusForbidden || e.Error.Code != apitypes.CodeForbidden || e.Error.Hint == "" {
			t.Errorf("%s by an ordinary user is answered %d %s", route, status, body)
		}
	}
	r.wantHeard()
	for _, route := range []string{"/v1/status", "/v1/products", "/v1/products/firefox", "/v1/products/firefox/processes", "/v1/log", "/v1/products/firefox/log"} {
		status, body := r.as(uid, http.MethodGet, route, "")
		if status != http.StatusOK || bytes.Contains(body, []byte("anna")) {
			t.Errorf("%s by an ordinary user is answered %d %s", route, status, body)
		}
	}
	r.took()
	_, body := r.as(uid, http.MethodGet, "/v1/log", "")
	var seq uint64
	sum := ""
	for line := range bytes.Lines(body) { // what is left of the log still verifies
		rec, err := events.DecodeRecord(bytes.TrimSuffix(line, []byte("\n")))
		if err == nil {
			err = rec.Follows(seq, sum)
		}
		if err != nil {
			t.Fatal(err)
		}
		seq, sum = rec.Seq, rec.Sum
	}
	if seq != 2 {
		t.Errorf("the log has %d records, want 2", seq)
	}
	r.took()
	if status, body := r.as(uid, http.MethodPost, "/v1/prompts/hello", `{"kind":"terminal"}`); status != http.StatusOK {
		t.Errorf("an ordinary user's agent is answered %d %s", status, body)
	}
	r.wantHeard("uid:65534 hello terminal")
	if status, _ := r.as(uid, http.MethodPost, "/v1/prompts/a@b/answer", `{"agent":"A","nonce":"N","choice":"kill"}`); status != http.StatusOK {
		t.Errorf("the desk was not asked: %d", status)
	}
	r.wantHeard("uid:65534 answer a@b {Agent:A Nonce:N Revision:0 Choice:kill}")
}

// Root may everything, also where the daemon runs as somebody else.
func TestRights(t *testing.T) {
	s := &server{Config{Owner: "uid:990"}}
	for _, c := range []struct {
		peer localsock.Peer
		want bool
	}{
		{localsock.Peer{UID: 0, Owner: "uid:0", Admin: true}, true},
		{localsock.Peer{UID: 990, Owner: "uid:990"}, true},
		{localsock.Peer{UID: 1000, Owner: "uid:1000"}, false},
		{localsock.Peer{UID: 99, Owner: "uid:99"}, false},
		{localsock.Peer{UID: -1, Owner: "sid:S-1-5-18", Admin: true}, true},
		{localsock.Peer{UID: 0, Owner: ""}, false},
	} {
		if got := s.trusted(c.peer); got != c.want {
			t.Errorf("%+v is trusted: %v, want %v", c.peer, got, c.want)
		}
	}
}
