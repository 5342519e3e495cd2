// SPDX-License-Identifier: Apache-2.0

package opsitest

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

const pc1, pc2 = "pc1.site.test", "pc2.site.test"

// peer is a client of a test: one that hides nothing.
type peer struct {
	testing.TB
	s         *Server
	name, key string
	header    http.Header // sent too
	transport *http.Transport
}

// reply is an answer as it came.
type reply struct {
	status int
	header http.Header
	body   []byte
	err    error
}

func newPeer(t testing.TB, s *Server, name, key string) *peer {
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.Roots()}, DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &peer{TB: t, s: s, name: name, key: key, header: http.Header{}, transport: tr}
}

// start makes a server with the client pc1.
func start(t testing.TB, o Options) (*Server, *peer) {
	t.Helper()
	s := Start(t, o)
	return s, newPeer(t, s, pc1, s.AddClient(pc1))
}

// admin is a peer that may everything.
func (p *peer) admin() *peer { return newPeer(p.TB, p.s, AdminName, AdminPassword) }

func (p *peer) do(method, path string, body []byte) reply {
	p.Helper()
	req, err := http.NewRequest(method, p.s.URL()+path, bytes.NewReader(body))
	if err != nil {
		p.Fatal(err)
	}
	for name, v := range p.header {
		req.Header[name] = v
	}
	if p.name != "" {
		req.SetBasicAuth(p.name, p.key)
	}
	client := http.Client{Transport: p.transport, Timeout: 20 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		return reply{err: err}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, text, err}
}

// post sends a body to /rpc.
func (p *peer) post(body string) reply {
	p.Helper()
	return p.do(http.MethodPost, "/rpc", []byte(body))
}

// rpc calls a method; the error is its class and text.
func (p *peer) rpc(method string, params ...any) (result any, class, message string) {
	p.Helper()
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"id": 1, "method": method, "params": params})
	if err != nil {
		p.Fatal(err)
	}
	r := p.post(string(body))
	if r.err != nil || r.status != http.StatusOK {
		p.Fatalf("%s: %d %v %s", method, r.status, r.err, r.body)
	}
	p.header.Set("Cookie", r.header.Get("Set-Cookie"))
	var out struct {
		Result any
		Error  *struct{ Class, Message string }
	}
	if err := json.Unmarshal(r.body, &out); err != nil {
		p.Fatalf("%s: %v in %s", method, err, r.body)
	}
	if out.Error != nil {
		return nil, out.Error.Class, out.Error.Message
	}
	return out.Result, "", ""
}

// must is rpc of a call that succeeds.
func (p *peer) must(method string, params ...any) any {
	p.Helper()
	result, class, message := p.rpc(method, params...)
	if class != "" {
		p.Fatalf("%s%v: %s: %s", method, params, class, message)
	}
	return result
}

// text is a result as JSON, for comparing.
func text(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// column is one attribute of each row of a result.
func column(t testing.TB, rows any, attribute string) string {
	t.Helper()
	list, ok := rows.([]any)
	if !ok {
		t.Fatalf("not rows: %v", rows)
	}
	var out []string
	for _, r := range list {
		out = append(out, strings.Trim(text(t, r.(map[string]any)[attribute]), `"`))
	}
	return strings.Join(out, " ")
}
