// SPDX-License-Identifier: Apache-2.0

package actionprocessor

import (
	"context"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// Service is the running service.
type Service interface {
	// Sync has the source looked at now.
	Sync(ctx context.Context, dry bool) (apitypes.Sync, error)
	// Status is the service's own state.
	Status(ctx context.Context) (apitypes.Status, error)
	// Products lists every product that the service knows.
	Products(ctx context.Context) (apitypes.Products, error)
	// Product is one product, with the work that fails for it.
	Product(ctx context.Context, id string) (apitypes.ProductDoc, error)
	// Order carries out an order about a product.
	Order(ctx context.Context, id, verb, reason string) (apitypes.Done, error)
}

const (
	// pause is between two looks at the service.
	pause = time.Second
	// gone is how long a service that answered may not answer: an update restarts it.
	gone = time.Minute
)

// Follower brings one call to the service.
type Follower struct {
	Service Service
	Only    []string                    // nil = all that is requested
	Tell    func(p apitypes.Product)    // where a product of the call stands now
	Pause   time.Duration               // 0 = a second
	Now     func() time.Time            // nil = the wall clock; for spans alone
	Looked  func(looked apitypes.Sync)  // the source was looked at
	told    map[string]apitypes.Product // what was told last
	before  map[string]apitypes.Product // the look before
	rounds  map[string]int              // how often the check of a product began
	woken   map[string]bool             // what was looked at again for this call
	heard   bool                        // the source answered
	changed time.Time                   // when something was last done
}

// Follow has the service look at its source, and returns when the call is over. An
// error means that the service does not answer, or refuses.
func (f *Follower) Follow(ctx context.Context) (Verdict, error) {
	if f.Now == nil {
		f.Now = time.Now
	}
	if f.Pause == 0 {
		f.Pause = pause
	}
	f.told, f.before = map[string]apitypes.Product{}, map[string]apitypes.Product{}
	f.rounds, f.woken = map[string]int{}, map[string]bool{}
	first, err := f.Service.Products(ctx)
	if err != nil {
		return Verdict{}, err
	}
	over := map[string]int{}
	for _, p := range first.Products {
		if over[p.ID] = p.Run; p.Outcome == nil {
			over[p.ID]--
		}
	}
	looked, err := f.Service.Sync(ctx, false)
	if err != nil {
		return Verdict{}, err
	}
	f.Looked(looked)
	f.heard = looked.Answered
	called := f.Now()
	f.changed = called
	answered := called
	for {
		s, err := f.look(ctx, over)
		switch {
		case ctx.Err() != nil:
			return Verdict{}, ctx.Err()
		case err != nil && f.Now().Sub(answered) > gone:
			return Verdict{}, err
		case err == nil:
			answered = f.Now()
			s.Called = answered.Sub(called)
			v := Judge(s)
			if v.State != Waiting {
				return v, nil
			}
		}
		timer := time.NewTimer(f.Pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return Verdict{}, ctx.Err()
		}
	}
}

// look sees where everything stands.
func (f *Follower) look(ctx context.Context, over map[string]int) (Seen, error) {
	all, err := f.Service.Products(ctx)
	if err == nil && f.heard && f.wake(ctx, all.Products) {
		all, err = f.Service.Products(ctx)
	}
	if err != nil {
		return Seen{}, err
	}
	// After the products: what is seen of people must not be older.
	st, err := f.Service.Status(ctx)
	if err != nil {
		return Seen{}, err
	}
	moved := f.moved(all.Products)
	s := Seen{Now: all.At, Alone: st.SessionsKnown && len(st.Sessions) == 0, Observes: st.Observe != nil,
		Products: all.Products, Reboot: st.Reboot, Failing: map[string]int{}, Rounds: f.rounds, Only: f.Only, Over: over}
	for _, p := range all.Products {
		if p.Outcome == nil && p.Waits == nil && p.Run > 0 { // it works, or fails to
			doc, err := f.Service.Product(ctx, p.ID)
			if err != nil {
				return Seen{}, err
			}
			for _, x := range doc.Failing {
				s.Failing[p.ID] = max(s.Failing[p.ID], x.Tries)
			}
		}
		if s.ours(p) && !alike(f.told[p.ID], p) {
			f.told[p.ID] = p
			f.Tell(p)
		}
	}
	if s.Busy() || moved {
		f.changed = f.Now()
	}
	s.Idle = f.Now().Sub(f.changed)
	return s, nil
}

// wake has products looked at again that wait for the depot: opsi's agent has mounted it
// for this call. Once a call: if it is not there all the same, they wait on. Where the
// server is away nobody is sent to it.
func (f *Follower) wake(ctx context.Context, all []apitypes.Product) bool {
	woke := false
	for _, p := range all {
		if p.Outcome != nil || waitsFor(p) != events.ReasonUnreachable || f.woken[p.ID] {
			continue
		}
		f.woken[p.ID] = true
		if _, err := f.Service.Order(ctx, p.ID, apitypes.VerbResume, "an event of opsiclientd may have mounted the depot"); err != nil {
			return woke // it goes on already, or the next look fails, too
		}
		woke = true
	}
	return woke
}

// moved reports whether anything ended or began since the last look, and counts the
// rounds.
func (f *Follower) moved(all []apitypes.Product) bool {
	moved := false
	for _, p := range all {
		was := f.before[p.ID]
		switch {
		case was.Run != p.Run:
			moved, f.rounds[p.ID] = true, 0
		case was.Round != p.Round:
			f.rounds[p.ID]++
		}
		moved = moved || (was.Outcome == nil) != (p.Outcome == nil)
		f.before[p.ID] = p
	}
	return moved
}

// alike reports whether two looks at a product are told with the same words.
func alike(was, is apitypes.Product) bool {
	return was.Run == is.Run && was.Phase == is.Phase && waitsFor(was) == waitsFor(is) && (was.Outcome == nil) == (is.Outcome == nil)
}
