// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/looplab/fsm"
	"pgregory.net/rapid"

	"github.com/quietsetup/quietsetup/events"
)

// TestTable: the table names known events only, each once for a phase, and no
// phase is a dead end or out of reach.
func TestTable(t *testing.T) {
	known := map[string]bool{}
	for _, e := range events.Events() {
		known[events.EventName(e)] = true
	}
	seen := map[question]bool{}
	into, out := map[events.Phase]bool{}, map[events.Phase]bool{}
	for _, tr := range Transitions() {
		if !known[tr.Event] {
			t.Errorf("no event is called %q", tr.Event)
		}
		for _, p := range tr.From {
			if seen[question{p, tr.Event}] {
				t.Errorf("%s stands twice for %s", tr.Event, p)
			}
			seen[question{p, tr.Event}] = true
			if tr.To != "" && tr.To != p {
				into[tr.To], out[p] = true, true
			}
		}
	}
	for _, p := range events.Phases() {
		if !into[p] || !out[p] {
			t.Errorf("phase %s: reached %v, left %v", p, into[p], out[p])
		}
	}
	if len(events.Phases()) != 7 {
		t.Error("there are exactly seven phases")
	}
}

// TestTableIsLooplabs: what the table answers is what looplab's machine does,
// asked once more for every phase and event on a machine of its own.
func TestTableIsLooplabs(t *testing.T) {
	table, err := NewTable()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events.Events() {
		for _, p := range events.Phases() {
			m := Machine()
			m.SetState(string(p))
			to, ok := table.Next(p, e)
			if can := m.Can(events.EventName(e)); can != ok {
				t.Errorf("%s in %s: looplab %v, table %v", events.EventName(e), p, can, ok)
			}
			if !ok {
				continue
			}
			err := m.Event(t.Context(), events.EventName(e))
			if _, stayed := err.(fsm.NoTransitionError); err != nil && !stayed {
				t.Fatal(err)
			}
			if m.Current() != string(to) {
				t.Errorf("%s in %s: looplab goes to %s, the table says %s", events.EventName(e), p, m.Current(), to)
			}
		}
	}
}

// TestGuards: each guard on its own, because no rule should ever run into one.
func TestGuards(t *testing.T) {
	w := &events.Window{ID: "a#1.1"}
	policy := events.Policy{MaxDefer: 2, MaxRecheck: 1, MaxAttempts: 1}
	for _, c := range []struct {
		name string
		p    Product
		e    events.Event
	}{
		{"a run is skipped", Product{Run: 1}, events.Accepted{Run: 3}},
		{"a round of a finished run", Product{Outcome: events.OutcomeOK}, events.ChecksStarted{}},
		{"a round on hold", Product{Hold: &Hold{}}, events.ChecksStarted{}},
		{"a round while waiting", Product{Wait: &Wait{}}, events.ChecksStarted{}},
		{"a defer beyond the limit", Product{Policy: policy}, events.Deferred{Counted: true, Count: 3}},
		{"a finished run deferred", Product{Outcome: events.OutcomeOK}, events.Deferred{}},
		{"a recheck beyond the limit", Product{Policy: policy}, events.Rechecked{N: 2}},
		{"a second window", Product{Window: w}, events.WindowOpened{Window: events.Window{Asks: []events.Ask{{}}}}},
		{"a window for nobody", Product{}, events.WindowOpened{}},
		{"closing nothing", Product{}, events.CloseAgreed{}},
		{"closing before the window is", Product{Window: w}, events.CloseAgreed{Targets: []events.Process{{}}}},
		{"a third return", Product{}, events.SentBack{Returns: 3}},
		{"a second attempt beside the first", Product{Prepared: true, Policy: policy, Attempt: &Attempt{}}, events.InstallCleared{Attempt: 1}},
		{"installing unprepared", Product{Policy: policy}, events.InstallCleared{Attempt: 1}},
		{"installing under an open window", Product{Prepared: true, Policy: policy, Window: w}, events.InstallCleared{Attempt: 1}},
		{"an attempt beyond the limit", Product{Prepared: true, Policy: policy, Attempts: 1, Starts: 1}, events.InstallCleared{Attempt: 2}},
		{"a token used again", Product{Prepared: true, Policy: policy, Starts: 2}, events.InstallCleared{Attempt: 2}},
		{"a second outcome", Product{Outcome: events.OutcomeOK}, events.Finished{}},
	} {
		if guard(&c.p, c.e) == nil {
			t.Errorf("%s: not guarded", c.name)
		}
	}
}

// TestDefaultIsWhatHappens: over all policies, what a window announces as its
// default is what its end does when its user was there, and nothing but a
// later when nobody was.
func TestDefaultIsWhatHappens(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		p := &w.policy
		acts := []events.Choice{events.ChoiceDefer, events.ChoiceKill, events.ChoiceFail}
		p.DefaultAction = rapid.SampledFrom(acts).Draw(rt, "default")
		p.DeferAction = rapid.SampledFrom(acts).Draw(rt, "at limit")
		p.MaxDefer = rapid.IntRange(0, 2).Draw(rt, "max_defer")
		p.MaxRecheck = rapid.IntRange(0, 2).Draw(rt, "max_recheck")
		p.FinalNotice = rapid.SampledFrom([]events.Span{0, events.Minute, events.Hour}).Draw(rt, "final_notice")
		present := rapid.Bool().Draw(rt, "present")
		w.seen.Sessions = []events.Session{session("c2", "uid:1000")}
		w.seen.Programs = []events.Process{proc(1, "a", "uid:1000", "dir /opt/a")}
		w.must(events.RequestsObserved{Requests: []events.Request{w.request("a", events.ActionSetup, "1")}})
		w.mechanical("a")
		ask := w.needDue("a", events.KindAskUsers)
		win := ask.Work.(AskUsers).Window
		if want := p.MaxDefer == 0; win.Final != want || slices.Contains(win.Choices, events.ChoiceDefer) == want {
			rt.Fatalf("final %v, offers %v", win.Final, win.Choices)
		}
		if slices.Contains(win.Choices, events.ChoiceRecheck) != (p.MaxRecheck > 0) || !slices.Contains(win.Choices, events.ChoiceKill) {
			rt.Fatalf("offers %v", win.Choices)
		}
		w.must(events.WindowShown{For: ask.Ticket})
		if !present {
			w.seen.Sessions[0].Locked = rapid.Bool().Draw(rt, "locked")
			w.seen.Sessions[0].IdleMS = int64(48 * time.Hour / time.Millisecond)
		}
		w.pass(time.Duration(win.Deadline.Clock-win.Opened.Clock) * time.Millisecond)
		w.must(events.TimeCame{For: w.needDue("a", events.KindWakeAt).Ticket, Seen: w.people()})
		q := w.c.Product("a")
		got := map[events.Phase]events.Choice{events.PhaseDeferred: events.ChoiceDefer, events.PhaseKilling: events.ChoiceKill}[q.Phase]
		if q.Outcome == events.OutcomeFailed {
			got = events.ChoiceFail
		}
		want := win.Default
		if !present {
			want = events.ChoiceDefer
		}
		if got != want {
			rt.Fatalf("announced %s, present %v, did %s (%s)", win.Default, present, got, q.Phase)
		}
		if !present && q.Counter().Defers != 0 {
			rt.Fatal("somebody was charged who was not there")
		}
	})
}

// FuzzDecide: no input makes the core panic or decide what its own table forbids.
func FuzzDecide(f *testing.F) {
	codec := events.NewCodec()
	for _, in := range events.Inputs() {
		m, err := events.EncodeInput(in)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(m.Type, []byte(m.Data), 3)
	}
	f.Add("user_answered", []byte(`{"window":"a#1.1","session":"c2","choice":"kill"}`), 4)
	f.Add("checks_observed", []byte(`{"for":{"kind":"watch","product":"a","run":1,"n":4},"seen":{"scanned":true,"complete":true,"sessions_known":true,"programs":[{"pid":9,"class":"named"}]}}`), 4)
	f.Fuzz(func(t *testing.T, name string, data []byte, at int) {
		in, err := codec.Input(events.Message{Type: name, V: 1, Data: data})
		if err != nil {
			return
		}
		if _, ok := in.(events.StoreOpened); ok {
			return
		}
		w := newWorld(t)
		w.seen.Sessions = []events.Session{session("c2", "uid:1000")}
		w.seen.Programs = []events.Process{proc(1, "a", "uid:1000", "dir /opt/a")}
		w.must(events.RequestsObserved{Requests: []events.Request{w.request("a", events.ActionSetup, "1")}})
		if at > 1 {
			w.mechanical("a")
		}
		if at > 3 {
			w.must(events.UserAnswered{Window: "a#1.1", Session: "c2", Seen: w.c.Seq, Choice: events.ChoiceKill})
		}
		_, err = Decide(w.c, events.Stamped{Input: in, Wall: w.wall, Boot: w.boot, BootMS: w.bootMS + int64(at)})
		if errors.Is(err, ErrInternal) {
			t.Fatal(err)
		}
	})
}
