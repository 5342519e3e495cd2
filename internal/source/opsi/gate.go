// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"context"
	"errors"
	"sync"
	"time"
)

// How long the server is left alone. The longest is for what we think ourselves;
// what a busy server asks for counts up to maxAsked, as for opsi's own clients.
const (
	longestPause  = 30 * time.Minute
	afterOutage   = 2 * time.Second // doubled with each failure
	afterLogin    = time.Minute     // ten failures of a whole site in two minutes lead to a block
	afterBlock    = 2*time.Minute + 10*time.Second
	afterRejected = time.Minute
	defaultAsked  = time.Minute
	maxAsked      = 2 * time.Hour
)

// gate keeps calls back while the server should be left alone. It is shut by a
// failure and opened by time; a success forgets everything.
type gate struct {
	random func() float64 // in [0,1)

	mu       sync.Mutex
	failures int
	noted    time.Time // when the last failure was noted
	until    time.Time
	cause    error
	opened   chan struct{} // closed when the gate opens before its time; nil = nobody waits
}

// check returns nil if the server may be asked.
func (g *gate) check() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cause == nil || !time.Now().Before(g.until) {
		return nil
	}
	return &waitError{g.until, g.cause}
}

// wait waits until the server may be asked.
func (g *gate) wait(ctx context.Context) error {
	for {
		g.mu.Lock()
		left := time.Until(g.until)
		if g.opened == nil {
			g.opened = make(chan struct{})
		}
		opened := g.opened
		g.mu.Unlock()
		if left <= 0 {
			return nil
		}
		t := time.NewTimer(left)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-opened:
			t.Stop()
		case <-t.C:
		}
	}
}

// rest is how long the gate stays shut.
func (g *gate) rest() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return max(0, time.Until(g.until))
}

// retry opens a gate that was shut because nobody answered, or nobody who is
// trusted. What a server asked for, and a login that it refused, stay.
func (g *gate) retry() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if errors.Is(g.cause, ErrUnreachable) || errors.Is(g.cause, ErrCertificate) {
		g.open()
	}
}

// open lets everybody through who waits. The caller holds mu.
func (g *gate) open() {
	g.until = time.Time{}
	if g.opened != nil {
		close(g.opened)
		g.opened = nil
	}
}

// note tells how a request that was begun at a moment ended. Of several that were
// under way when the server went, the first shuts the gate.
func (g *gate) note(begun time.Time, err error, asked time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if err == nil {
		if begun.After(g.noted) {
			g.failures, g.cause = 0, nil
			g.open()
		}
		return
	}
	if g.cause != nil && begun.Before(g.noted) {
		return
	}
	g.failures++
	g.noted, g.cause = now, err
	g.until = now.Add(g.pause(err, asked))
}

// pause is how long to wait after the failures so far. The random share is what
// keeps the clients of a site apart; it never shortens what the server asked for.
func (g *gate) pause(err error, asked time.Duration) time.Duration {
	share := func(d time.Duration) time.Duration { return time.Duration(g.random() * float64(d)) }
	grown := func(first time.Duration) time.Duration {
		d := first
		for i := 1; i < g.failures && d < longestPause; i++ {
			d *= 2
		}
		return min(d, longestPause)
	}
	switch {
	case errors.Is(err, ErrBusy):
		if asked <= 0 {
			asked = defaultAsked
		}
		asked = min(max(asked, time.Second), maxAsked)
		return asked + share(asked/4)
	case errors.Is(err, ErrBlocked):
		d := grown(afterBlock)
		return min(d+share(d/4), longestPause)
	case errors.Is(err, ErrLogin):
		d := grown(afterLogin)
		return min(d+share(d/4), longestPause)
	case errors.Is(err, ErrRejected):
		d := grown(afterRejected)
		return min(d+share(d/4), longestPause)
	}
	d := grown(afterOutage)
	return d/2 + share(d/2)
}
