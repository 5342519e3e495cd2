// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

// playAll plays commands of a scenario.
func (s *scenario) playAll(lines ...string) {
	s.t.Helper()
	for _, l := range lines {
		s.play(strings.Fields(l))
	}
}

// stands are products in each phase, and with a round of the past behind them.
func stands(t *testing.T) map[string]*scenario {
	t.Helper()
	out := map[string]*scenario{}
	for name, lines := range map[string][]string{
		"nothing":    nil,
		"pending":    {"hold", "request a setup 1"},
		"checking":   {"request a setup 1"},
		"prompting":  {"session c2 1000", "program 1 a 1000", "request a setup 1", "check a"},
		"deferred":   {"session c2 1000", "program 1 a 1000", "request a setup 1", "check a", "answer a c2 later"},
		"killing":    {"session c2 1000", "program 1 a 1000", "request a setup 1", "check a", "answer a c2 close"},
		"installing": {"request a setup 1", "check a", "start a"},
		"reported":   {"request a setup 1", "check a", "start a", "exit a 0", "report a"},
		"owing":      {"request a setup 1", "check a", "start a", "exit a 0", "request a uninstall 1"},
	} {
		s := &scenario{world: newWorld(t)}
		s.playAll(lines...)
		out[name] = s
	}
	return out
}

// TestApplyIsTotal: whatever stands in a log is folded, in any phase, also what
// this version would not decide there. What names another window or attempt than
// the present one changes neither.
func TestApplyIsTotal(t *testing.T) {
	for name, s := range stands(t) {
		for _, e := range events.Events() {
			v := reflect.New(reflect.TypeOf(e)).Elem()
			for field, text := range map[string]string{"Product": "a", "Window": "a#9.9", "Session": "c2", "Token": "s1.a.9.9"} {
				if f := v.FieldByName(field); f.IsValid() && f.Kind() == reflect.String {
					f.SetString(text)
				}
			}
			c := *s.c
			c.Products = map[string]*Product{}
			s.c.each(func(p *Product) { q := *p; c.Products[p.ID] = &q })
			var before Product
			if p := c.Product("a"); p != nil {
				before = *p
			}
			Apply(&c, events.Step{Record: events.Record{Seq: c.Seq + 1, At: s.wall, Boot: s.boot, BootMS: s.bootMS}, Did: []events.Event{v.Interface().(events.Event)}})
			after := c.Product("a")
			if after == nil || after.Run != before.Run {
				continue
			}
			switch e.(type) {
			case events.WindowSeen, events.WindowLost, events.Answered, events.WindowClosed, events.ProgramsChanged:
				if !reflect.DeepEqual(after.Window, before.Window) || !reflect.DeepEqual(after.Last, before.Last) {
					t.Errorf("%s: %T of another window changed this one", name, e)
				}
			case events.InstallBegun, events.InstallerExited:
				if !reflect.DeepEqual(after.Attempt, before.Attempt) {
					t.Errorf("%s: %T of another attempt changed this one", name, e)
				}
			}
		}
	}
}

// TestATicketNamesTheWork: what does not change the work leaves its ticket alone;
// another phase, another list on the screen is other work.
func TestATicketNamesTheWork(t *testing.T) {
	s := &scenario{world: newWorld(t)}
	s.playAll("session c2 1000", "program 1 a 1000", "program 2 a 1000", "request a setup 1", "check a")
	wake, ask := s.needDue("a", events.KindWakeAt).Ticket, s.needDue("a", events.KindAskUsers).Ticket
	s.playAll("shown a c2")
	if got := s.needDue("a", events.KindWakeAt).Ticket; got != wake {
		t.Errorf("a window that was shown is over at another time: %v, was %v", got, wake)
	}
	s.playAll("end 2", "watch a")
	if got := s.needDue("a", events.KindAskUsers).Ticket; got.N != s.c.Seq || got == ask {
		t.Errorf("a program has gone from the window, and its ticket is still %v", got)
	}
	s.playAll("answer a c2 close")
	if got := s.needDue("a", events.KindClosePrograms).Ticket; got.N != s.c.Seq {
		t.Errorf("the closing is due as of record %d, not %d", got.N, s.c.Seq)
	}
}

// TestAWaitKeepsItsBeginning: people are told how long a product has waited for
// the same thing. A round in between does not make that young again; another
// reason or another obstacle does.
func TestAWaitKeepsItsBeginning(t *testing.T) {
	s := &scenario{world: newWorld(t)}
	wait := func() Wait {
		t.Helper()
		p := s.c.Product("a")
		if p.Wait == nil {
			t.Fatal("it does not wait")
		}
		return *p.Wait
	}
	s.playAll("request a setup 1", "defect a")
	first := wait()
	s.playAll("wait 1h", "defect a")
	if w := wait(); w.Since != first.Since || w.Until == first.Until {
		t.Errorf("waits for the same since %v, was %v", w.Since, first.Since)
	}
	s.playAll("wait 1h", "blind", "prepare a", "look a", "look a", "look a")
	if w := wait(); w.Reason != events.ReasonUnknown || w.Since.Clock == first.Since.Clock {
		t.Errorf("another reason keeps the age of the first: %+v", w)
	}
	s = &scenario{world: newWorld(t)}
	s.playAll("order java lib a requires a=java,lib", "hold", "request java setup 1", "request lib setup 1", "request a setup 1", "hold java", "hold lib", "release")
	if w := wait(); w.Detail != "java" {
		t.Fatalf("waits for %+v", w)
	}
	was := wait()
	s.pass(time.Hour)
	s.playAll("request java none 1")
	if w := wait(); w.Detail != "lib" || w.Since.Clock-was.Since.Clock != int64(events.Hour) {
		t.Errorf("waits for another product: %+v, before %+v", w, was)
	}
}

// TestForgetPrompt: that a session saw a window is forgotten after 30 days, not
// when another session sees one.
func TestForgetPrompt(t *testing.T) {
	s := &scenario{world: newWorld(t)}
	see := func(session, owner, product string) {
		s.playAll("session "+session+" "+owner, "program "+owner+" "+product+" "+owner, "request "+product+" setup 1", "check "+product, "shown "+product+" "+session, "defer "+product)
	}
	see("c2", "1000", "a")
	s.pass(29 * 24 * time.Hour)
	see("c3", "1001", "b")
	if len(s.c.Prompted) != 2 {
		t.Errorf("after 29 days: %v", s.c.Prompted)
	}
	s.pass(2 * 24 * time.Hour)
	see("c4", "1002", "c")
	if _, there := s.c.Prompted["c2"]; there || len(s.c.Prompted) != 2 {
		t.Errorf("after 31 days: %v", s.c.Prompted)
	}
}

// TestACheckpointIsAllThereIs: a client that begins with a checkpoint goes on like
// the one that wrote it, with every product.
func TestACheckpointIsAllThereIs(t *testing.T) {
	s := &scenario{world: newWorld(t)}
	s.playAll("session c2 1000", "hold", "request a setup 1", "request b setup 1", "request c setup 1")
	s.must(events.CheckpointWanted{})
	step, err := s.codec.Open(s.log[len(s.log)-1])
	if err != nil {
		t.Fatal(err)
	}
	fresh := New(s.c.table)
	Apply(fresh, step)
	in := events.Stamped{Input: events.ReleaseRequested{}, Actor: "uid:0", Wall: s.wall, Boot: s.boot, BootMS: s.bootMS}
	want, err1 := Decide(s.c, in)
	got, err2 := Decide(fresh, in)
	if err1 != nil || err2 != nil || !reflect.DeepEqual(want, got) || len(got) < 5 {
		t.Errorf("%v %v\n%v\n%v", err1, err2, want, got)
	}
}

// TestRedecide takes over what is decided as the log holds it, and nothing else.
func TestRedecide(t *testing.T) {
	s := &scenario{world: newWorld(t)}
	s.playAll("request a setup 1")
	in := events.Stamped{Input: events.HoldRequested{Reason: "x"}, Actor: "uid:0", Wall: s.wall, Boot: s.boot, BootMS: s.bootMS}
	state := func() string {
		text, err := json.Marshal(s.c)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	before := state()
	if Redecide(s.c, in, func([]events.Event) bool { return false }) || state() != before {
		t.Error("what the log does not hold was taken over")
	}
	if Redecide(s.c, events.Stamped{Input: events.ReleaseRequested{}}, func([]events.Event) bool { return true }) || state() != before {
		t.Error("what changes nothing was taken over")
	}
	did, err := Decide(s.c, in)
	if err != nil {
		t.Fatal(err)
	}
	seq := s.c.Seq
	if !Redecide(s.c, in, func(es []events.Event) bool { return fmt.Sprint(es) == fmt.Sprint(did) }) || s.c.Hold == nil || s.c.Seq != seq+1 {
		t.Errorf("not taken over: seq %d, %+v", s.c.Seq, s.c.Hold)
	}
}
