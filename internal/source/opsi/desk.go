// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

// maxTogether is how many reports go in one request.
const maxTogether = 500

// filing is a report on its way.
type filing struct {
	ctx    context.Context
	report events.Report
	req    events.Request
	done   func() error
	end    chan error // gets one error or nil
}

// desk is where reports wait for each other. While any wait, one goroutine works.
type desk struct {
	mu      sync.Mutex
	waiting []*filing
	working bool
	closed  bool
	busy    sync.WaitGroup
}

// put adds a filing and reports whether nobody works yet.
func (d *desk) put(f *filing) (idle bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false, ErrClosed
	}
	d.waiting = append(d.waiting, f)
	idle, d.working = !d.working, true
	if idle {
		d.busy.Add(1)
	}
	return idle, nil
}

// shut takes nothing more.
func (d *desk) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
}

// takeBack removes a filing that nobody has taken yet.
func (d *desk) takeBack(f *filing) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := slices.Index(d.waiting, f)
	if i >= 0 {
		d.waiting = slices.Delete(d.waiting, i, i+1)
	}
	return i >= 0
}

// take takes what can go together, at most one of each product. With nothing left
// the work ends.
func (d *desk) take() []*filing {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out, later []*filing
	seen := map[string]bool{}
	for _, f := range d.waiting {
		if id := f.report.ProductID; len(out) < maxTogether && !seen[id] {
			seen[id] = true
			out = append(out, f)
		} else {
			later = append(later, f)
		}
	}
	d.waiting = later
	if len(out) == 0 {
		d.working = false
	}
	return out
}

// Report makes the row show r, what became of a run of req. It returns when the
// server has stored it and done has returned, and returns done's error. Reports
// that come close together go in two requests for all of them. While the server
// should be left alone a report waits, so that all go together afterwards.
//
// Errors: ErrRefused, which will not go away by itself; the classes of Client;
// ErrClosed.
func (s *Source) Report(ctx context.Context, r events.Report, req events.Request, done func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.ProductID != req.Row.ProductID {
		return fmt.Errorf("cannot report %q under the request of %q: %w", r.ProductID, req.Row.ProductID, ErrRefused)
	}
	if err := valid(Row{Report: r}.state()); err != nil {
		return fmt.Errorf("cannot report %s: %w: %w", line(r.ProductID), ErrRefused, err)
	}
	f := &filing{ctx: ctx, report: r, req: req, done: done, end: make(chan error, 1)}
	idle, err := s.desk.put(f)
	if err != nil {
		return err
	}
	if idle {
		go s.work()
	}
	select {
	case err := <-f.end:
		return err
	case <-ctx.Done():
		if s.desk.takeBack(f) {
			return ctx.Err()
		}
		return <-f.end // it is being written; what came of it has to be recorded
	}
}

// work writes what waits until nothing does.
func (s *Source) work() {
	defer s.desk.busy.Done()
	for {
		release, err := s.ready()
		batch := s.desk.take()
		if len(batch) == 0 {
			if err == nil {
				release()
			}
			return
		}
		if err != nil {
			for _, f := range batch {
				f.end <- ErrClosed
			}
			continue
		}
		s.write(batch)
		release()
	}
}

// ready waits for others to come, for the server and for whoever reads.
func (s *Source) ready() (release func(), err error) {
	t := time.NewTimer(s.parts.Gather)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.ctx.Done():
		return nil, ErrClosed
	}
	if err := s.parts.Server.Wait(s.ctx); err != nil {
		return nil, err
	}
	return s.hold(s.ctx)
}
