// SPDX-License-Identifier: Apache-2.0

package readiness

import (
	"fmt"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// Would is the first thing a round would do.
type Would string

// What a round may begin with.
const (
	Installs Would = "install" // nothing is in the way: nobody is asked
	Asks     Would = "ask"     // people, by a window
	Closes   Would = "close"   // programs, since nobody is there to be asked and the policy says so
	Waits    Would = "wait"    // for something; Reason says for what
)

// Answer is what a round would do with a product now.
type Answer struct {
	Would  Would
	Reason events.Reason // of a wait
	Detail string        // of a wait, for people
	Asks   []events.Ask  // who is asked, each for the own programs
}

// alone is longer than nobody must have been there for the core to believe it.
const alone = 3 * time.Minute

// Round asks a core what it would do. Nobody has put anything off before; an empty
// machine has been so for a while; what the product waits for is done.
func Round(req events.Request, policy events.Policy, pkg events.Package, problem *events.Problem, seen events.Observation) (Answer, error) {
	table, err := fsm.NewTable()
	if err != nil {
		return Answer{}, fmt.Errorf("cannot ask the core: %w", err)
	}
	t := &trial{c: fsm.New(table), at: time.Now().UTC(), ms: time.Hour.Milliseconds()}
	id := req.Row.ProductID
	req.Requires = nil
	people := seen
	people.Scanned, people.Complete, people.Programs = false, false, nil
	t.feed(events.StoreOpened{StoreID: "trial"})
	t.feed(events.Restarted{Clean: true, Seen: people})
	t.at, t.ms = t.at.Add(alone), t.ms+alone.Milliseconds()
	t.feed(events.RequestsObserved{Trigger: "start", Requests: []events.Request{req}})
	if e, due := t.due(id, events.KindPrepare); due {
		t.feed(events.Prepared{For: e, Policy: policy, Package: pkg, Problem: problem})
	}
	if e, due := t.due(id, events.KindRunChecks); due {
		// A look that failed is repeated; one that fails again and again is a wait.
		for i := 0; due && i < looks; i++ {
			t.feed(events.ChecksObserved{For: e, Seen: seen})
			e, due = t.due(id, events.KindRunChecks)
		}
	}
	if t.err != nil {
		return Answer{}, fmt.Errorf("cannot ask the core about %s: %w", id, t.err)
	}
	return t.answer(id)
}

// looks is more than the core takes before it gives a failing look up.
const looks = 5

// trial is a core in memory.
type trial struct {
	c   *fsm.Client
	at  time.Time
	ms  int64
	did []events.Event
	err error
}

// feed decides an input and applies what was decided. The first error stays.
func (t *trial) feed(in events.Input) {
	if t.err != nil {
		return
	}
	const who, boot = "source", "trial"
	did, err := fsm.Decide(t.c, events.Stamped{Input: in, Actor: who, Wall: t.at, Boot: boot, BootMS: t.ms})
	if err != nil {
		t.err = err
		return
	}
	t.did = append(t.did, did...)
	fsm.Apply(t.c, events.Step{In: in, Did: did,
		Record: events.Record{V: events.Format, Seq: t.c.Seq + 1, At: t.at, Boot: boot, BootMS: t.ms, Actor: who, Rules: t.c.Rules}})
}

// due is the ticket of a kind of work on a product, if the core wants it now.
func (t *trial) due(id string, k events.Kind) (events.Ticket, bool) {
	if t.err != nil {
		return events.Ticket{}, false
	}
	for _, e := range fsm.DueFor(t.c, id) {
		if e.Ticket.Kind == k {
			return e.Ticket, true
		}
	}
	return events.Ticket{}, false
}

// answer reads what was decided.
func (t *trial) answer(id string) (Answer, error) {
	for _, e := range t.did {
		switch e := e.(type) {
		case events.WindowOpened:
			return Answer{Would: Asks, Asks: e.Window.Asks}, nil
		case events.InstallCleared:
			return Answer{Would: Installs}, nil
		case events.CloseAgreed:
			return Answer{Would: Closes}, nil
		}
	}
	if p := t.c.Products[id]; p != nil && p.Wait != nil {
		return Answer{Would: Waits, Reason: p.Wait.Reason, Detail: p.Wait.Detail}, nil
	}
	return Answer{}, fmt.Errorf("cannot ask the core about %s: it decided nothing", id)
}
