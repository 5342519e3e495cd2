// SPDX-License-Identifier: Apache-2.0

package prompts

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localsock"
)

// ErrNobodyCloses: no agent in the session can ask programs to close.
var ErrNobodyCloses = errors.New("no agent in the session can ask programs to close")

// closeFor is how long an agent may take to ask the windows of programs. It
// waits for no program, so this is plenty.
const closeFor = 5 * time.Second

// order is one order to close programs, on its way to one agent's place.
type order struct {
	at       place
	changed  uint64 // revision at which it came up
	programs []apitypes.Running
	answer   chan []apitypes.CloseResult // has room for the one answer
}

// CloseWindows has the windows of exactly these programs asked to close, by the
// agents of the session they are in. It returns when all were asked, and does not
// wait for what they do. The error names those that could not be asked. Programs
// without windows, and those that have ended, are no error: who looks afterwards
// finds what is left.
//
// A session belongs to one user, but another may run an agent in it: every agent
// of the session is asked, and none can keep another from it.
func (b *Broker) CloseWindows(ctx context.Context, session string, ids []events.ProcessID) error {
	ctx, cancel := context.WithTimeout(ctx, closeFor)
	defer cancel()
	for some := range slices.Chunk(ids, apitypes.MaxClose) {
		if err := b.closeSome(ctx, session, some); err != nil {
			return fmt.Errorf("cannot ask programs in session %q to close: %w", session, err)
		}
	}
	return nil
}

func (b *Broker) closeSome(ctx context.Context, session string, ids []events.ProcessID) error {
	orders := b.order(session, ids)
	defer b.forgetOrders(orders)
	if len(orders) == 0 {
		return ErrNobodyCloses
	}
	left := map[apitypes.Running]bool{} // true = it was refused
	for _, id := range ids {
		left[apitypes.Running{PID: id.PID, Start: id.Start}] = false
	}
	var late error
	for _, o := range orders {
		select {
		case <-ctx.Done():
			late = ctx.Err()
		case asked := <-o.answer:
			for _, a := range asked {
				if _, there := left[a.Running]; a.State == apitypes.CloseRefused && there {
					left[a.Running] = true
				} else {
					delete(left, a.Running)
				}
			}
		}
	}
	var errs []error
	for _, id := range ids {
		switch refused, there := left[apitypes.Running{PID: id.PID, Start: id.Start}]; {
		case there && refused:
			errs = append(errs, fmt.Errorf("the agent may not ask process %d", id.PID))
		case there && late != nil:
			return fmt.Errorf("the agent does not answer: %w", late)
		}
	}
	return errors.Join(errs...)
}

// order hands an order to every agent of the session that can carry it out.
func (b *Broker) order(session string, ids []events.ProcessID) map[string]*order {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[string]*order{}
	for at, a := range b.agents {
		if at.session != session || !a.closes {
			continue
		}
		b.rev++
		o := &order{at: at, changed: b.rev, answer: make(chan []apitypes.CloseResult, 1)}
		for _, id := range ids {
			o.programs = append(o.programs, apitypes.Running{PID: id.PID, Start: id.Start})
		}
		id := rand.Text()
		out[id], b.orders[id] = o, o
	}
	b.wake()
	return out
}

func (b *Broker) forgetOrders(orders map[string]*order) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id := range orders {
		delete(b.orders, id)
	}
}

// orderFor finds the oldest order for an agent's place after a revision. The
// caller holds mu.
func (b *Broker) orderFor(a *agent, after uint64) (e apitypes.PromptEvent, found bool) {
	for id, o := range b.orders {
		if o.at == a.at && a.closes && o.changed > after && (!found || o.changed < e.Cursor) {
			found = true
			e = apitypes.PromptEvent{Schema: apitypes.SchemaEvent, Kind: apitypes.EventClose, Cursor: o.changed,
				Order: &apitypes.Close{ID: id, Programs: o.programs}}
		}
	}
	return e, found
}

// Closed takes what an agent did about an order of its own place: once, about
// every program of the order and about no other.
func (b *Broker) Closed(_ context.Context, peer localsock.Peer, c apitypes.Closed) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	a, err := b.agentOf(peer, c.Agent)
	if err != nil {
		return err
	}
	o := b.orders[c.Order]
	if o == nil {
		return nil // nobody waits for it any more
	}
	if o.at != a.at {
		return &apitypes.Error{Code: apitypes.CodeForbidden, Message: "this order was not given to this session"}
	}
	if len(c.Programs) != len(o.programs) {
		return badRequest("an order to close is answered about each of its programs")
	}
	states := []string{apitypes.CloseAsked, apitypes.CloseWindowless, apitypes.CloseGone, apitypes.CloseRefused}
	for i, p := range c.Programs {
		if p.Running != o.programs[i] {
			return badRequest("an order to close is answered about its own programs, in its order")
		}
		if !slices.Contains(states, p.State) {
			return badRequest("a program is asked, windowless, gone or refused")
		}
	}
	delete(b.orders, c.Order)
	o.answer <- c.Programs
	return nil
}
