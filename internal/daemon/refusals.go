// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"net/http"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/quietsetup/quietsetup/internal/localsock"
)

// refusals tells the log who asked the local API for what it may not have, or
// sent what cannot be understood. A hostile caller is bounded: it may not fill the
// log either.
type refusals struct {
	log    zerolog.Logger
	budget *budget
}

func (f refusals) watch(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := &status{ResponseWriter: w}
		h.ServeHTTP(s, r)
		switch s.code {
		case http.StatusBadRequest, http.StatusForbidden, http.StatusTooManyRequests:
		default:
			return
		}
		left, ok := f.budget.take(time.Now())
		if !ok {
			return
		}
		peer, _ := localsock.PeerFrom(r.Context())
		e := f.log.Warn().Str("caller", peer.Owner).Int("pid", peer.PID).Int("status", s.code).Str("request", clipped(r.Method+" "+r.URL.Path))
		if left > 0 {
			e = e.Int("not_told", left)
		}
		e.Msg("a request was refused")
	})
}

// odd tells of a caller who sent something that never became a request.
func (f refusals) odd(p localsock.Peer) {
	left, ok := f.budget.take(time.Now())
	if !ok {
		return
	}
	e := f.log.Warn().Str("caller", p.Owner).Int("pid", p.PID)
	if left > 0 {
		e = e.Int("not_told", left)
	}
	e.Msg("what was sent is no request and was refused")
}

// differs tells of a caller that is not who it was taken for at first.
func (f refusals) differs(err error) {
	left, ok := f.budget.take(time.Now())
	if !ok {
		return
	}
	e := f.log.Warn().Err(err)
	if left > 0 {
		e = e.Int("not_told", left)
	}
	e.Msg("a caller was refused: two looks saw two callers")
}

// status remembers how a request was answered.
type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap lets deadlines and flushes reach the connection.
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// budget is how many lines may be written: some at once, and then one each time
// that a while has passed.
type budget struct {
	most  int
	every time.Duration

	mu      sync.Mutex
	have    int
	since   time.Time
	dropped int
}

func newBudget(most int, every time.Duration) *budget {
	return &budget{most: most, every: every, have: most}
}

// take asks for one line. With it comes how many were not written before it.
func (b *budget) take(now time.Time) (dropped int, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.since.IsZero() {
		b.since = now
	}
	if n := int(now.Sub(b.since) / b.every); n > 0 {
		b.have = min(b.most, b.have+n)
		b.since = b.since.Add(time.Duration(n) * b.every)
	}
	if b.have == 0 {
		b.dropped++
		return 0, false
	}
	b.have--
	dropped, b.dropped = b.dropped, 0
	return dropped, true
}
