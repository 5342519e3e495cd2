// SPDX-License-Identifier: Apache-2.0

package opsitest

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// largestBody is more than any client sends.
const largestBody = 64 << 20

// Request is one HTTP request.
type Request struct {
	N      int // from 1
	At     time.Time
	Method string   // of HTTP
	Path   string   //
	Calls  []string // RPC methods
	Caller string   // who was logged in; "" = nobody
	Basic  bool     // it carried a name and key
	Login  bool     // name and key were looked at, as no session was valid
	Status int      // of the answer before any fault; 0 = it was not carried out
	Fault  FaultKind
}

// Requests lists every HTTP request since the start or the last ForgetRequests.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// ForgetRequests begins the list of requests, and their numbers, anew.
func (s *Server) ForgetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

// failure is a refusal that is no RPC error.
type failure struct {
	status     int
	text       string
	retryAfter time.Duration
	cost       time.Duration // waited before it is said
}

// serve answers one request.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, largestBody))
	if err != nil {
		return // the client went away
	}
	body, badEncoding := unpack(raw, r.Header.Get("Content-Encoding"))
	if r.Method == http.MethodGet && len(body) == 0 {
		// A call may stand in the address (contract 1).
		if q, err := url.QueryUnescape(r.URL.RawQuery); err == nil {
			body = []byte(q)
		}
	}
	calls, batch, badJSON := parse(body)
	var names []string
	for _, c := range calls {
		names = append(names, c.method)
	}
	s.mu.Lock()
	n := len(s.requests) + 1
	fault := s.strike(r.URL.Path, names)
	_, _, basic := r.BasicAuth()
	s.requests = append(s.requests, Request{N: n, At: s.now(), Method: r.Method, Path: r.URL.Path, Calls: names, Basic: basic, Fault: fault.Kind})
	s.mu.Unlock()
	if fault.Do != nil {
		fault.Do()
	}
	answer := httptest.NewRecorder()
	if fault.carriedOut() {
		bad := badEncoding
		if bad == nil {
			bad = badJSON
		}
		cost := s.answer(answer, r, question{n: n, calls: calls, batch: batch, bad: bad, fault: fault})
		s.mu.Lock()
		if len(s.requests) >= n { // else they were forgotten meanwhile
			s.requests[n-1].Status = answer.Code
		}
		s.mu.Unlock()
		pause(r.Context(), cost)
	}
	fault.deliver(w, r, answer)
}

// question is a request as it was read.
type question struct {
	n     int
	calls []incoming
	batch bool
	bad   error // the body could not be read
	fault *Fault
}

// answer carries a request out. It returns what the answer costs in time.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, q question) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := w.Header()
	now := s.now().UTC()
	// The headers of every answer (contract 1). Clients read the version from the
	// first one.
	h.Set("Server", "opsiconfd 4.3.24.1 (uvicorn)")
	h.Set("X-Opsi-Server-Role", "configserver")
	h.Set("X-Opsi-Worker-Id", ConfigServerID+":1")
	h.Set("X-Opsi-Auth-Methods", "password")
	h.Set("Date", now.Format("Mon, 02 Jan 2006 15:04:05 UTC")) // Quirk: UTC, not GMT
	h.Set("X-Date-Unix-Timestamp", strconv.FormatInt(now.Unix(), 10))
	if s.upkeep > 0 && !s.exempt(r) {
		refuse(w, r, failure{status: http.StatusServiceUnavailable, text: "Server is in maintenance mode", retryAfter: s.upkeep})
		return 0
	}
	if strings.HasPrefix(r.URL.Path, "/ssl/") {
		s.certificates(w, r)
		return 0
	}
	who, fail := s.login(w, r, q.n)
	if fail != nil {
		refuse(w, r, *fail)
		return fail.cost
	}
	if len(s.requests) >= q.n {
		s.requests[q.n-1].Caller = who.name
	}
	switch p := r.URL.Path; {
	case p == "/session/logout" || p == "/auth/logout":
		delete(s.sessions, who.session)
	case strings.HasPrefix(p, "/rpc"): // also /rpc/rpc and /rpcanything (contract 1)
		s.serveRPC(w, r, who, q)
	case p == depotRoot || strings.HasPrefix(p, depotRoot+"/"):
		s.serveDepot(w, r, who)
	default:
		http.NotFound(w, r)
	}
	return 0
}

// exempt reports whether a client is on the server itself and this counts.
func (s *Server) exempt(r *http.Request) bool {
	ip := net.ParseIP(address(r))
	return s.opts.LoopbackExempt && ip != nil && ip.IsLoopback()
}

func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// certificates gives the CA out to anybody (contract 1).
func (s *Server) certificates(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/ssl/opsi-ca-cert.pem", "/ssl/ca-certs.pem":
		w.Header().Set("Content-Type", "application/x-pem-file")
		_, _ = w.Write(s.pki.ca)
	default:
		http.NotFound(w, r)
	}
}

// serveRPC answers a call or a batch.
func (s *Server) serveRPC(w http.ResponseWriter, r *http.Request, who caller, q question) {
	h := w.Header()
	h.Set("Accept", "application/msgpack,application/json")
	h.Set("Accept-Encoding", "lz4,gzip")
	if r.Method == http.MethodHead {
		return // a probe of the connection: logged in, 200, empty (contract 1)
	}
	coding, bad := codingOf(r.Header.Get("Accept-Encoding"))
	if bad == nil && strings.Contains(r.Header.Get("Content-Type"), "msgpack") {
		bad = fmt.Errorf("no msgpack here")
	}
	if bad == nil {
		bad = q.bad
	}
	status := http.StatusOK
	var out any
	if bad != nil {
		// One error of the old form with the id 0 (contract 1).
		status = http.StatusBadRequest
		out = incoming{id: 0}.answer(nil, valueError("%v", bad), who.admin)
	} else {
		out = s.batch(who, q.calls, q.fault.fails)
	}
	text, err := json.Marshal(out)
	if err != nil {
		refuse(w, r, failure{status: http.StatusInternalServerError, text: err.Error()})
		return
	}
	h.Set("Content-Type", "application/json")
	if packed := pack(text, coding); packed != nil {
		h.Set("Content-Encoding", coding)
		text = packed
	}
	h.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// refuse answers outside of JSON-RPC (contract 1, "Middleware failures").
func refuse(w http.ResponseWriter, r *http.Request, f failure) {
	h := w.Header()
	h.Set("X-Opsi-Error", f.text[:min(len(f.text), 64)])
	if f.status == http.StatusUnauthorized && r.Header.Get("X-Requested-With") != "XMLHttpRequest" {
		h.Set("WWW-Authenticate", `Basic realm="opsi", charset="UTF-8"`)
	}
	if f.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((f.retryAfter+time.Second-1)/time.Second)))
	}
	body := []byte(f.text)
	h.Set("Content-Type", "text/plain; charset=utf-8")
	if strings.HasPrefix(r.URL.Path, "/rpc") {
		h.Set("Content-Type", "application/json")
		// Quirk: here the error is a text, not an object (contract 1).
		body, _ = json.Marshal(map[string]any{"id": nil, "result": nil, "error": f.text})
	}
	w.WriteHeader(f.status)
	_, _ = w.Write(body)
}
