// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"pgregory.net/rapid"
)

// TestNobodyOvertakesWhatItRequires: whatever is put off, fails or is withdrawn,
// an installer starts only when everything its product requires is done, and in
// the end each product is done or waits for a named one that is not.
func TestNobodyOvertakesWhatItRequires(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		w.policy.MaxAttempts = 1
		n := rapid.IntRange(2, 7).Draw(rt, "products")
		o := events.Order{Requires: map[string][]events.Requirement{}}
		for i := range n {
			id := string(rune('a' + i))
			o.Sequence = append(o.Sequence, id)
			for j := range i { // of earlier ones by name, which need not be earlier in the sequence
				if rapid.IntRange(0, 2).Draw(rt, "requires") == 0 {
					o.Requires[id] = append(o.Requires[id], events.Requirement{Product: string(rune('a' + j)), Status: rapid.SampledFrom([]string{"", events.StatusInstalled}).Draw(rt, "status")})
				}
			}
		}
		o.Sequence = rapid.Permutation(o.Sequence).Draw(rt, "sequence")
		in := events.RequestsObserved{Trigger: "operator", Order: &o}
		for _, id := range o.Sequence {
			in.Requests = append(in.Requests, w.request(id, events.ActionSetup, "1"))
		}
		w.must(in)
		done, bad := map[string]bool{}, map[string]bool{}
		var cleared []string
		for range 20 * n {
			slot := w.c.Slot
			if slot == "" {
				break
			}
			if e, ok := w.due(slot, events.KindPrepare); ok {
				p := events.Prepared{For: e.Ticket, Policy: w.policy, Package: w.pkg(slot)}
				if rapid.IntRange(0, 4).Draw(rt, "broken") == 0 {
					p.Problem, bad[slot] = &events.Problem{Code: "metadata_unreadable", Message: "broken"}, true
				}
				w.must(p)
			}
			if e, ok := w.due(slot, events.KindRunChecks); ok {
				w.must(events.ChecksObserved{For: e.Ticket, Seen: w.look(slot)})
			}
			e, ok := w.due(slot, events.KindRunInstaller)
			if !ok {
				continue
			}
			cleared = append(cleared, slot)
			for _, r := range o.Requires[slot] {
				if !done[r.Product] {
					rt.Fatalf("%s starts before %s", slot, r.Product)
				}
			}
			for _, before := range o.Sequence[:slices.Index(o.Sequence, slot)] {
				if p := w.c.Product(before); p.Waiting() && p.Wait == nil {
					rt.Fatalf("%s starts while %s is ready and comes first", slot, before)
				}
			}
			token := e.Work.(RunInstaller).Token
			w.must(events.InstallerStarted{Token: token, Supervisor: events.ProcessID{PID: 9, Start: 1}, Installer: events.ProcessID{PID: 10, Start: 1}})
			exit := rapid.SampledFrom([]int{0, 0, 0, 1}).Draw(rt, "exit")
			w.must(events.InstallerEnded{Token: token, Exit: exit})
			done[slot], bad[slot] = exit == 0, exit != 0
		}
		for _, id := range o.Sequence {
			if p := w.c.Product(id); !done[id] && !bad[id] {
				if p.Wait == nil || p.Wait.Reason != events.ReasonDependency || done[p.Wait.Detail] || !slices.Contains(w.c.Requires(p), p.Wait.Detail) {
					rt.Fatalf("%s is not done and waits for %+v; cleared: %v", id, p.Wait, cleared)
				}
			}
		}
	})
}

// TestOrderSurvivesACheckpoint: what is derived from the order is derived again.
func TestOrderSurvivesACheckpoint(t *testing.T) {
	w := newWorld(t)
	w.must(events.RequestsObserved{Order: &events.Order{Sequence: []string{"b", "a"}, Requires: map[string][]events.Requirement{"b": {{Product: "a"}}}}})
	s, err := w.c.snapshot()
	if err != nil {
		t.Fatal(err)
	}
	c := New(w.c.table)
	c.load(events.Checkpointed{Shape: Shape, State: s})
	if !c.follows(w.c.Order) || c.ranks["b"] != 0 || c.ranks["a"] != 1 {
		again, _ := json.Marshal(c)
		t.Errorf("%v of %s", c.ranks, again)
	}
}

// TestManyRequirementsAreNoTrap: a search through requirements that each lead to
// the same ones again looks at each product once.
func TestManyRequirementsAreNoTrap(t *testing.T) {
	w := newWorld(t)
	const layers, wide = 40, 3
	o := events.Order{Requires: map[string][]events.Requirement{}}
	in := events.RequestsObserved{Trigger: "operator", Order: &o}
	var below []events.Requirement
	for l := range layers {
		var here []events.Requirement
		for i := range wide {
			id := fmt.Sprintf("p%02d-%d", l, i)
			here = append(here, events.Requirement{Product: id})
			o.Sequence = append(o.Sequence, id)
			o.Requires[id] = below
			in.Requests = append(in.Requests, w.request(id, events.ActionSetup, "1"))
		}
		below = here
	}
	w.must(in)
	if w.c.Slot != "p00-0" {
		t.Errorf("the slot has %q", w.c.Slot)
	}
	if d := (&step{c: w.c}); !strings.HasPrefix(func() string { q, _ := d.obstacle(w.c.Product("p39-2")); return q }(), "p38-") {
		t.Error("the last layer does not wait for the one below it")
	}
}
