// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// Pauses between two tries to read and write a log that failed.
const (
	firstMend = time.Second
	lastMend  = time.Minute
)

// Run records the opening, then works until ctx ends. It returns when every
// worker has returned; what they bring back until then is still recorded.
func (e *Engine) Run(ctx context.Context, w Worker, o Opening) error {
	e.work = newWorkshop(e, w)
	defer close(e.gone)
	defer close(e.work.closed)
	if err := e.open(ctx, o); err != nil {
		return err
	}
	e.work.arrangeAll()
	e.loop(ctx)
	return nil
}

// open records what comes before all work.
func (e *Engine) open(ctx context.Context, o Opening) error {
	var first []events.Input
	empty := e.seq == 0
	if empty {
		first = append(first, events.StoreOpened{StoreID: o.StoreID})
	}
	first = append(first, o.Findings...)
	if e.client.Rules < fsm.RuleSet {
		first = append(first, events.RulesChosen{Rules: fsm.RuleSet})
	}
	for _, in := range first {
		if err := e.first(ctx, in); err != nil {
			return err
		}
	}
	if empty || o.Restarted == nil {
		return nil
	}
	return e.first(ctx, o.Restarted(ctx))
}

// first records one input of the opening. A log that cannot be written yet is
// waited for, as later on: who asks meanwhile is told why nothing happens.
func (e *Engine) first(ctx context.Context, in events.Input) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, _, err := e.step(in, Daemon)
	if u := (*unknown)(nil); errors.As(err, &u) {
		s := &submission{ctx: ctx, actor: Daemon, in: in, done: make(chan verdict, 1)}
		if err := e.await(ctx, e.fail(&mending{s: s, sum: u.sum, seq: e.seq + 1}, err)); err != nil {
			return err
		}
		err = (<-s.done).err
	}
	if err != nil && !errors.Is(err, fsm.ErrNothing) {
		return fmt.Errorf("cannot record %s: %w", events.InputName(in), err)
	}
	return nil
}

// await mends the log before the loop begins. Nothing else is served but pings.
func (e *Engine) await(ctx context.Context, m *mending) error {
	for m != nil {
		select {
		case <-m.again:
			m = e.mend(m, true) // nothing is started yet
		case <-e.pings:
		case <-ctx.Done():
			m.stop()
			return fmt.Errorf("%w: %w", ErrLog, e.Broken())
		}
	}
	return nil
}

// mending is a log that failed, with the input whose fate is open.
type mending struct {
	s     *submission
	sum   string // of the record that may be in the log
	seq   uint64
	tries int
	again <-chan struct{}
	stop  func() bool
}

// loop serves inputs, ends of work and readers' waits until ctx has ended and
// every worker has returned.
func (e *Engine) loop(ctx context.Context) {
	w := e.work
	stop := ctx.Done()
	stopping := false
	var m *mending
	for {
		if stopping && (m != nil || w.idle()) {
			e.leave(m)
			return
		}
		in := e.in
		var again <-chan struct{}
		if m != nil {
			in, again = nil, m.again // nothing is decided on a state that may be old
		}
		select {
		case <-stop:
			stop, stopping = nil, true
			w.stopAll()
		case s := <-in:
			if stopping && !s.inside {
				s.done <- verdict{err: ErrStopped}
				continue
			}
			m = e.serve(s, stopping)
		case r := <-w.ended:
			w.finish(r)
			if m == nil && !stopping {
				w.arrange(r.ticket.Product)
			}
		case t := <-w.rested:
			if m == nil && !stopping {
				w.wake(t)
			} else if j := w.jobs[t]; j != nil && j.unrest != nil {
				delete(w.jobs, t) // due again when the log is mended
			}
		case <-e.pings:
		case <-again:
			m = e.mend(m, stopping)
		}
	}
}

// leave ends the loop. Workers that still have something to say are told that
// nobody listens; their work is found out after the next start.
func (e *Engine) leave(m *mending) {
	if m != nil {
		m.stop()
		m.s.done <- verdict{err: fmt.Errorf("%w: %w", ErrStopped, e.Broken())}
	}
	for !e.work.idle() {
		select {
		case s := <-e.in:
			s.done <- verdict{err: ErrStopped}
		case r := <-e.work.ended:
			e.work.finish(r)
		}
	}
}

// serve takes a submission through a step and arranges the work.
func (e *Engine) serve(s *submission, stopping bool) *mending {
	if s.ctx.Err() != nil {
		return nil // nobody waits for it any longer
	}
	seq, products, err := e.step(s.in, s.actor)
	if u := (*unknown)(nil); errors.As(err, &u) {
		return e.fail(&mending{s: s, sum: u.sum, seq: e.seq + 1}, err)
	}
	if err == nil {
		if m := e.checkpoint(); m != nil {
			s.done <- verdict{seq: seq}
			return m
		}
		if !stopping {
			e.work.arrange(append(slices.Clone(products), "")...)
		}
	}
	s.done <- verdict{seq: seq, err: err}
	return nil
}

// checkpoint begins a new segment of the log when it is time.
func (e *Engine) checkpoint() *mending {
	e.o.Seam("checkpoint")
	if !e.o.Log.WantsCheckpoint() {
		return nil
	}
	return e.note(events.CheckpointWanted{})
}

// note records an input that nobody waits for.
func (e *Engine) note(in events.Input) *mending {
	_, _, err := e.step(in, Daemon)
	if u := (*unknown)(nil); errors.As(err, &u) {
		s := &submission{ctx: context.Background(), actor: Daemon, in: in, done: make(chan verdict, 1)}
		return e.fail(&mending{s: s, sum: u.sum, seq: e.seq + 1}, err)
	}
	if err != nil && !errors.Is(err, fsm.ErrNothing) {
		e.o.Logger.Error().Err(err).Str("input", events.InputName(in)).Msg("not recorded")
	}
	return nil
}

// fail notes that the log cannot be written: nothing acts until it is mended.
func (e *Engine) fail(m *mending, err error) *mending {
	if m.tries == 0 {
		e.work.stopActing()
	}
	e.setBroken(err)
	e.o.Logger.Error().Err(err).Int("tries", m.tries).Msg("the log cannot be written")
	again := make(chan struct{}, 1)
	m.again = again
	pause := lastMend
	if m.tries < 6 {
		pause = min(firstMend<<m.tries, lastMend)
	}
	m.tries++
	m.stop = e.o.Clock.AfterFunc(pause, func() { again <- struct{}{} })
	return m
}

// mend reads the log as after a start. The record whose fate was open is found
// in it, or its input is decided again.
func (e *Engine) mend(m *mending, stopping bool) *mending {
	e.o.Seam("recover")
	findings, err := e.o.Log.Recover()
	if err == nil {
		err = e.fold()
	}
	if err != nil {
		return e.fail(m, err)
	}
	e.setBroken(nil)
	// Whoever waits for the record learns its fate first; then what was mended is noted.
	if e.has(m.seq, m.sum) {
		m.s.done <- verdict{seq: m.seq}
	} else if err := m.s.ctx.Err(); err != nil { // it is wanted no more; the opening waits for a word all the same
		m.s.done <- verdict{err: err}
	} else {
		seq, _, err := e.step(m.s.in, m.s.actor)
		if u := (*unknown)(nil); errors.As(err, &u) {
			m.sum, m.seq = u.sum, e.seq+1
			return e.fail(m, err)
		}
		m.s.done <- verdict{seq: seq, err: err}
	}
	for _, in := range findings {
		if next := e.note(in); next != nil {
			return next
		}
	}
	if next := e.checkpoint(); next != nil {
		return next
	}
	e.o.Logger.Info().Uint64("seq", e.seq).Msg("the log can be written again")
	if !stopping {
		e.work.arrangeAll()
	}
	return nil
}

// has reports whether the log, just read, holds the record.
func (e *Engine) has(seq uint64, sum string) bool { return e.seq == seq && e.sum == sum }
