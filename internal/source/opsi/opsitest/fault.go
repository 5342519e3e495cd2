// SPDX-License-Identifier: Apache-2.0

package opsitest

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FaultKind is what goes wrong.
type FaultKind int

// The faults.
const (
	Pass      FaultKind = iota // nothing but Delay and Do
	Cut                        // the connection is cut instead of an answer
	Half                       // carried out; the connection is cut in the middle of the answer
	Stall                      // carried out; Delay is waited in the middle of the answer
	Malformed                  // 200 with text that is the beginning of JSON
	Oversized                  // 200 with a result of Size bytes
	Bomb                       // 200 with a result of Size bytes, packed small by gzip
	Deep                       // 200 with a result of Size lists in each other
	Status                     // Status with Text as the server says it, and RetryAfter
	Body                       // Status (0 = 200) with Body as it is
	RPCError                   // one call of the request fails with Class and Text; the others go on
)

// Fault is what goes wrong with some requests. Those that fit are counted from
// when the fault was given to Break. The first fault that fits and has struck
// less often than Times strikes.
type Fault struct {
	Kind   FaultKind
	Method string // only requests that call it, alone or in a batch; "" = all
	Path   string // only paths that begin so; "" = all
	Skip   int    // how many that fit pass before
	Times  int    // how many are struck; 0 = one, less than 0 = all
	// Stored: the request is carried out, only the answer goes wrong. Else nothing
	// of it happens. Pass, Half and Stall are carried out anyway.
	Stored     bool
	Delay      time.Duration // waited before the answer
	Do         func()        // called before the request is carried out
	Status     int           // of Status and Body
	Text       string        // of Status and RPCError
	Class      string        // of RPCError: the exception
	RetryAfter time.Duration // of Status; 0 = none
	Size       int           // of Oversized, Bomb and Deep
	Body       []byte        // of Body

	fitted, struck int
}

// Break makes things go wrong from now on.
func (s *Server) Break(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		s.faults = append(s.faults, &f)
	}
}

// Mend takes all faults back.
func (s *Server) Mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// strike finds the fault of a request. The caller holds mu.
func (s *Server) strike(path string, methods []string) *Fault {
	var hit *Fault
	for _, f := range s.faults {
		if f.Method != "" && !slices.Contains(methods, f.Method) || !strings.HasPrefix(path, f.Path) {
			continue
		}
		f.fitted++
		if hit != nil || f.fitted <= f.Skip || f.Times >= 0 && f.struck >= max(1, f.Times) {
			continue
		}
		f.struck++
		hit = f
	}
	if hit == nil {
		return &Fault{}
	}
	copied := *hit
	return &copied
}

// carriedOut reports whether the server does what was asked.
func (f *Fault) carriedOut() bool {
	return f.Stored || f.Kind == Pass || f.Kind == Half || f.Kind == Stall || f.Kind == RPCError
}

// fails is the fault of one call: its error, and whether it is carried out.
func (f *Fault) fails(method string) (error, bool) {
	if f.Kind != RPCError || f.Method != "" && f.Method != method {
		return nil, true
	}
	return &rpcError{f.Class, f.Text}, f.Stored
}

// deliver sends an answer, or what the fault makes of it.
func (f *Fault) deliver(w http.ResponseWriter, r *http.Request, answer *httptest.ResponseRecorder) {
	if f.Kind != Stall {
		pause(r.Context(), f.Delay)
	}
	body := answer.Body.Bytes()
	begin := func(status int) {
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(status)
	}
	instead := func(parts ...[]byte) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusOK)
		for _, p := range parts {
			if _, err := w.Write(p); err != nil {
				return // the client had enough
			}
		}
	}
	switch f.Kind {
	case Cut:
		panic(http.ErrAbortHandler) // how net/http cuts a connection
	case Half, Stall:
		answer.Header().Set("Content-Length", strconv.Itoa(len(body)))
		begin(answer.Code)
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		if f.Kind == Half {
			panic(http.ErrAbortHandler)
		}
		pause(r.Context(), f.Delay)
		_, _ = w.Write(body[len(body)/2:])
	case Malformed:
		instead([]byte(`{"id": 0, "error": null, "result": [{"type": "Prod`))
	case Oversized:
		parts := [][]byte{[]byte(`{"id": 0, "error": null, "result": "`)}
		piece := bytes.Repeat([]byte("x"), 1<<16)
		for left := f.Size; left > 0; left -= len(piece) {
			parts = append(parts, piece[:min(left, len(piece))])
		}
		instead(append(parts, []byte(`"}`))...)
	case Bomb:
		w.Header().Set("Content-Encoding", "gzip")
		instead(bomb(f.Size))
	case Deep:
		instead([]byte(`{"id": 0, "error": null, "result": `), bytes.Repeat([]byte("["), f.Size), bytes.Repeat([]byte("]"), f.Size), []byte("}"))
	case Status:
		refuse(w, r, failure{status: f.Status, text: f.Text, retryAfter: f.RetryAfter})
	case Body:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(max(f.Status, http.StatusOK))
		_, _ = w.Write(f.Body)
	default:
		begin(answer.Code)
		_, _ = w.Write(body)
	}
}

// bomb is a large result packed small.
func bomb(size int) []byte {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, `{"id": 0, "error": null, "result": "`) // a buffer takes everything
	_, _ = io.CopyN(z, blanks{}, int64(size))
	_, _ = io.WriteString(z, `"}`)
	_ = z.Close()
	return packed.Bytes()
}

// blanks are spaces without end.
type blanks struct{}

func (blanks) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}
