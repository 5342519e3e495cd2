// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/effects"
	"github.com/quietsetup/quietsetup/internal/policy"
	"github.com/quietsetup/quietsetup/internal/source/local"
	"github.com/quietsetup/quietsetup/internal/source/opsi"
)

// fromSource is the actor of what the source shows.
const fromSource = "source"

// submit brings an input in; it is the engine's Submit.
type submit func(ctx context.Context, actor string, in events.Input) (uint64, error)

// source is where requests come from and reports go to. Rows that it has handed
// out are brought in before anybody writes one: Poll, Ask and Report keep each
// other waiting until what they call has returned.
type source interface {
	effects.Packages
	effects.Reporter
	io.Closer
	// Poll looks what is wanted and hands it to take.
	Poll(ctx context.Context, take func(wanted) error) error
	// Ask makes the source want an action of a product and hands what that changed
	// to take. Also with an error something may have been changed.
	Ask(ctx context.Context, product string, a events.Action, alone bool, take func(wanted) error) (local.Asked, error)
}

// wanted is what a source wants: rows, and the order of everything.
type wanted struct {
	requests []events.Request
	order    *events.Order
}

// depot is the source with what is known of it.
type depot struct {
	source
	submit submit
	// machine is what is settled for the machine as a whole, and the word about its mode.
	machine  func() (policy.Machine, policy.Opinion)
	known    func() bool                                                                                   // the server has told its settings, now or earlier; nil = there is none
	observes func() bool                                                                                   // the core is in observe mode
	about    func(*apitypes.Source)                                                                        // fills in what the source says of itself
	pause    func(err error) time.Duration                                                                 // until the next look, after one that ended so
	obey     func(context.Context) error                                                                   // does what the source wants beside requests
	tidy     func(context.Context)                                                                         // brings to the truth what the source shows of requests that were taken back; nil = it shows none
	glance   func(context.Context, events.Request) (events.Policy, events.Package, *events.Problem, error) // Prepare for who only wants to know; nil = Prepare
	retry    func()                                                                                        // somebody wants it asked now; nil = it can always be asked

	network network

	// settled holds one token while a look is brought in: nobody begins to prepare a
	// package between a request and a hold that the same look brought.
	settled chan struct{}
	// changed holds one token when somebody saw that the source wants something else.
	changed chan struct{}

	mu     sync.Mutex
	lately map[string]glanced // by product
	last   time.Time          // of the last good answer
	since  time.Time          // of the first bad one after it
	why    error              // of the last bad one, nil if it was good
}

// openDepot opens the source of a config.
func openDepot(ctx context.Context, p parts, stateDir, version string) (*depot, error) {
	d := &depot{submit: p.submit, settled: make(chan struct{}, 1), changed: make(chan struct{}, 1), observes: func() (yes bool) {
		p.view(func(c *fsm.Client) { yes = c.Observe != nil })
		return yes
	}}
	open := d.openLocal
	if p.config.Source.Kind == config.Opsi {
		open = d.openServer
	}
	if err := open(ctx, p, stateDir, version); err != nil {
		return nil, err
	}
	return d, nil
}

// poll brings in what the source shows. What it wants beside requests counts also
// where it could not be read.
func (d *depot) poll(ctx context.Context, trigger string) error {
	obeyed := false
	err := d.look(ctx, func(w wanted) error {
		release, err := d.settle(ctx)
		if err != nil {
			return err
		}
		defer release()
		if err := d.setMode(ctx); err != nil {
			return err
		}
		if len(w.requests) > 0 {
			_, err := d.submit(ctx, fromSource, events.RequestsObserved{Trigger: trigger, Requests: w.requests, Order: w.order})
			if err != nil && !errors.Is(err, fsm.ErrNothing) {
				return err
			}
		}
		obeyed = true
		return d.obey(ctx)
	})
	if !obeyed && ctx.Err() == nil {
		err = errors.Join(err, d.setMode(ctx), d.obey(ctx))
	}
	if err == nil && d.tidy != nil && !d.observes() {
		d.tidy(ctx)
	}
	return err
}

// Prepare reads a package and its policy.
func (d *depot) Prepare(ctx context.Context, req events.Request) (events.Policy, events.Package, *events.Problem, error) {
	release, err := d.settle(ctx)
	if err != nil {
		return events.Policy{}, events.Package{}, nil, fmt.Errorf("cannot prepare %q: %w", req.Row.ProductID, err)
	}
	release() // and no longer: a package may be fetched for hours
	if d.glance != nil && d.observes() {
		return d.glance(ctx, req) // what would be done is known without the files
	}
	return d.source.Prepare(ctx, req)
}

// settle waits until what a look brought is in, and keeps others from bringing one in
// until release is called. While the log cannot be written that may be for long.
func (d *depot) settle(ctx context.Context) (release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case d.settled <- struct{}{}:
		return func() { <-d.settled }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// glanced is what a glance at a package brought.
type glanced struct {
	at      time.Time
	policy  events.Policy
	pkg     events.Package
	problem *events.Problem
	err     error
}

// fresh reports whether nothing newer is asked for yet. What failed may be mended
// meanwhile, by whoever asks.
func (g glanced) fresh() bool {
	if g.err != nil {
		return time.Since(g.at) < 10*time.Second
	}
	return time.Since(g.at) < time.Minute
}

// glanceLately is glance with an answer that may be a minute old, or a failure that was
// met just now: anybody on the machine may ask again and again, and the depot is not to
// feel it.
func (d *depot) glanceLately(ctx context.Context, req events.Request) (events.Policy, events.Package, *events.Problem, error) {
	id := req.Row.ProductID
	d.mu.Lock()
	g, ok := d.lately[id]
	d.mu.Unlock()
	if ok && g.fresh() {
		return g.policy, g.pkg, g.problem, g.err
	}
	policy, pkg, problem, err := d.glance(ctx, req)
	if ctx.Err() == nil { // else who asked gave up, which says nothing of the depot
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.lately == nil {
			d.lately = map[string]glanced{}
		}
		d.lately[id] = glanced{time.Now(), policy, pkg, problem, err}
	}
	return policy, pkg, problem, err
}

// lookSoon has the source looked at soon: somebody saw that it wants something else.
func (d *depot) lookSoon() {
	select {
	case d.changed <- struct{}{}:
	default:
	}
}

// look hands what the source shows to take, and notes whether it answered.
func (d *depot) look(ctx context.Context, take func(wanted) error) error {
	answered := false
	err := d.Poll(ctx, func(w wanted) error {
		answered = true
		return take(w)
	})
	switch {
	case answered:
		d.note(nil)
	case ctx.Err() == nil:
		d.note(err)
	}
	return err
}

// request changes what the source wants, and brings that in.
func (d *depot) request(ctx context.Context, actor, product string, a events.Action, alone bool, reason string) (asked local.Asked, seq uint64, err error) {
	asked, err = d.Ask(ctx, product, a, alone, func(w wanted) (err error) {
		// The rows are written. Whoever asked may have gone since, and what they want is
		// known all the same: nobody would look at the rows again for minutes.
		kept := context.WithoutCancel(ctx)
		if end, ok := ctx.Deadline(); ok {
			var cancel context.CancelFunc
			kept, cancel = context.WithDeadline(kept, end)
			defer cancel()
		}
		seq, err = d.submit(kept, actor, events.RequestsObserved{Trigger: "operator", Reason: reason, Requests: w.requests, Order: w.order})
		return err
	})
	return asked, seq, err
}

func (d *depot) note(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now().UTC()
	switch {
	case err == nil:
		d.last, d.since = now, time.Time{}
	case d.why == nil:
		d.since = now
	}
	d.why = err
}

// state tells people how the source is.
func (d *depot) state() apitypes.Source {
	d.mu.Lock()
	last, since, why := d.last, d.since, d.why
	d.mu.Unlock()
	s := apitypes.Source{State: "ok"}
	if why != nil {
		s.State, s.Class, s.Reason, s.Since = "failing", classOf(why), why.Error(), &since
	}
	if !last.IsZero() {
		s.Last = &last
	}
	d.about(&s)
	return s
}

// afterFailure is the longest pause after a look at a folder that failed: at the
// start of a machine the depot may only be late.
const afterFailure = 30 * time.Second

// pollEvery polls until ctx ends. The first look tells that it was made. A look that
// somebody wants before its time comes a second later, and twice as late each time, so
// that a row that never settles is not asked for each second.
func (d *depot) pollEvery(ctx context.Context, log zerolog.Logger, first func(error)) {
	trigger, early, moves := "start", 0, 0
	for {
		was := d.network.now() // what changes while it is asked counts, too
		err := d.poll(ctx, trigger)
		if ctx.Err() != nil {
			return
		}
		// While the server is left alone nobody asked it, and why was said before.
		if err != nil && !errors.Is(err, opsi.ErrWaiting) {
			log.Warn().Err(err).Msg("the source gave no answer")
		}
		if first != nil {
			first(err)
			first = nil
		}
		if err == nil {
			trigger = "poll"
		}
		pause := d.pause(err)
		if err == nil {
			moves = 0
		} else if moves > 0 { // an address may be there before the way is
			moves--
			pause = min(pause, networkEach)
			d.again()
		}
		var moved <-chan struct{}
		unwatch := func() {}
		if err != nil {
			moved, unwatch = d.network.watch(ctx, was)
		}
		select {
		case <-time.After(pause):
			unwatch()
			early = 0
			continue
		case <-d.changed:
		case <-moved: // a cable was put in, or a VPN is there: waiting on would be waiting for nothing
			moves = networkTries
			d.again()
		case <-ctx.Done():
		}
		unwatch()
		if ctx.Err() != nil {
			return
		}
		select {
		case <-time.After(min(pause, time.Second<<min(early, 12))):
			early++
		case <-ctx.Done():
			return
		}
	}
}

// again lets a source be asked that is being left alone.
func (d *depot) again() {
	if d.retry != nil {
		d.retry()
	}
}

// close ends the use of the source.
func (d *depot) close() error {
	if err := d.Close(); err != nil {
		return fmt.Errorf("cannot close the source: %w", err)
	}
	return nil
}
