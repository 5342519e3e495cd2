// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// Pauses before work that ended while it was still due is started again.
const (
	firstPause = time.Second
	lastPause  = 30 * time.Minute
)

// lane is what runs one after the other: a piece of work that replaces another
// one begins when that has returned.
type lane struct {
	kind             events.Kind
	product, session string
}

func laneOf(t events.Ticket) lane { return lane{t.Kind, t.Product, t.Session} }

// job is one piece of work in flight, running or resting between two tries.
type job struct {
	effect  fsm.Effect
	cancel  context.CancelFunc // nil while it rests
	unrest  func() bool        // stops the rest, nil while it runs
	dropped bool               // cancelled; stays until its worker has returned
	tries   int                // in a row that ended while it was still due
}

// result is the end of a job's worker.
type result struct {
	ticket events.Ticket
	err    error
	ran    time.Duration
}

// workshop keeps what is in flight equal to what is due. The loop alone uses it;
// workers and timers talk to the loop through its channels.
type workshop struct {
	e      *Engine
	worker Worker
	jobs   map[events.Ticket]*job
	busy   map[lane]int // workers that have not returned
	ended  chan result
	rested chan events.Ticket
	closed chan struct{} // nobody listens to rested any more
}

func newWorkshop(e *Engine, w Worker) *workshop {
	return &workshop{e: e, worker: w, jobs: map[events.Ticket]*job{}, busy: map[lane]int{},
		ended: make(chan result), rested: make(chan events.Ticket), closed: make(chan struct{})}
}

// arrange compares what is due for the given products, "" among them for the
// client's own work, with what is in flight.
func (w *workshop) arrange(products ...string) {
	for _, product := range products {
		due := fsm.DueFor(w.e.client, product)
		live := make(map[events.Ticket]bool, len(due))
		for _, ef := range due {
			live[ef.Ticket] = true
		}
		for t, j := range w.jobs {
			if t.Product == product && !live[t] {
				w.drop(t, j)
			}
		}
		for _, ef := range due {
			if _, there := w.jobs[ef.Ticket]; !there && w.busy[laneOf(ef.Ticket)] == 0 {
				w.start(&job{effect: ef})
			}
		}
	}
}

// arrangeAll does so for every product.
func (w *workshop) arrangeAll() {
	products := map[string]bool{"": true}
	for id := range w.e.client.Products {
		products[id] = true
	}
	for t := range w.jobs {
		products[t.Product] = true
	}
	for id := range products {
		w.arrange(id)
	}
}

// start runs a job's worker.
func (w *workshop) start(j *job) {
	t := j.effect.Ticket
	ctx, cancel := context.WithCancel(context.Background())
	j.cancel, j.unrest = cancel, nil
	w.jobs[t] = j
	w.busy[laneOf(t)]++
	ef := fsm.Effect{Ticket: t, Work: w.e.parts.reveal(j.effect.Work)}
	w.e.o.Seam("start " + string(t.Kind))
	w.e.o.Logger.Debug().Stringer("ticket", t).Int("tries", j.tries).Msg("work started")
	go func() {
		defer cancel()
		began := time.Now()
		err := w.worker.Do(ctx, ef, w.emit(t))
		w.ended <- result{ticket: t, err: err, ran: time.Since(began)}
	}()
}

// emit brings a worker's input in. It does not end with the worker's context:
// what was done is a fact, and Decide is the judge of what is stale.
func (w *workshop) emit(t events.Ticket) func(events.Input) error {
	return func(in events.Input) error {
		w.e.o.Seam("emit " + string(t.Kind))
		_, err := w.e.submit(&submission{ctx: context.Background(), actor: Daemon, in: in, inside: true, done: make(chan verdict, 1)})
		return err
	}
}

// drop cancels a job. One that rests is gone at once.
func (w *workshop) drop(t events.Ticket, j *job) {
	w.e.setFailing(result{ticket: t}, 0, 0)
	if j.unrest != nil {
		j.unrest()
		delete(w.jobs, t)
		return
	}
	if !j.dropped {
		j.dropped = true
		j.cancel()
	}
}

// finish takes the end of a worker. Work that is still due rests; the lane is
// free for what waited for it.
func (w *workshop) finish(r result) {
	j := w.jobs[r.ticket]
	l := laneOf(r.ticket)
	if w.busy[l]--; w.busy[l] == 0 {
		delete(w.busy, l)
	}
	delete(w.jobs, r.ticket)
	w.report(r, j)
	if !j.dropped && w.due(r.ticket) {
		pause := w.rest(j, r.ran)
		w.e.setFailing(r, j.tries, pause)
		return
	}
	w.e.setFailing(result{ticket: r.ticket}, 0, 0)
}

// due reports whether a ticket is live.
func (w *workshop) due(t events.Ticket) bool {
	for _, ef := range fsm.DueFor(w.e.client, t.Product) {
		if ef.Ticket == t {
			return true
		}
	}
	return false
}

// rest lets a job pause before its next try.
func (w *workshop) rest(j *job, ran time.Duration) time.Duration {
	if ran >= lastPause {
		j.tries = 0 // it worked for a long time; this is another trouble
	}
	pause := lastPause
	if j.tries < 12 {
		pause = min(firstPause<<j.tries, lastPause)
	}
	j.tries++
	j.cancel = nil
	t := j.effect.Ticket
	w.jobs[t] = j
	w.e.o.Seam("rest " + string(t.Kind))
	j.unrest = w.e.o.Clock.AfterFunc(pause, func() {
		select {
		case w.rested <- t:
		case <-w.closed:
		}
	})
	return pause
}

// wake starts a rested job again. A timer that fired while its job was dropped
// finds nothing to do.
func (w *workshop) wake(t events.Ticket) {
	if j := w.jobs[t]; j != nil && j.unrest != nil {
		for _, ef := range fsm.DueFor(w.e.client, t.Product) {
			if ef.Ticket == t {
				j.effect = ef // an answer inside an open window changes the work, not its ticket
			}
		}
		w.start(j)
	}
}

// stopActing cancels work that changes the machine or the source. It stays due,
// and begins again when the log can be written.
func (w *workshop) stopActing() {
	for t, j := range w.jobs {
		switch t.Kind {
		case events.KindClosePrograms, events.KindRunInstaller, events.KindSendReport:
			w.drop(t, j)
		}
	}
}

// stopAll cancels everything.
func (w *workshop) stopAll() {
	for t, j := range w.jobs {
		w.drop(t, j)
	}
}

// idle reports whether every worker has returned.
func (w *workshop) idle() bool { return len(w.busy) == 0 }

func (w *workshop) report(r result, j *job) {
	l := w.e.o.Logger.Debug()
	if r.err != nil && !j.dropped && !expected(r.err) {
		l = w.e.o.Logger.Warn().Err(r.err)
	}
	l.Stringer("ticket", r.ticket).Msg("work ended")
}

// expected are the ends of work that nobody needs to look at.
func expected(err error) bool {
	for _, e := range []error{fsm.ErrNothing, fsm.ErrStale, context.Canceled, ErrStopped} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
