// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"errors"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/events"
)

// TestRules: another rule set is recorded, the one in force is no news.
func TestRules(t *testing.T) {
	w := newWorld(t)
	if _, err := w.feed("daemon", events.RulesChosen{Rules: RuleSet}); !errors.Is(err, ErrNothing) {
		t.Error(err)
	}
	if did, err := w.feed("daemon", events.RulesChosen{Rules: RuleSet + 1}); err != nil || len(did) != 1 || w.c.Rules != RuleSet+1 {
		t.Errorf("%v %v, rules %d", did, err, w.c.Rules)
	}
}

// TestPresence: each change of who is there is recorded by itself: nobody and not
// knowing are two things.
func TestPresence(t *testing.T) {
	w := newWorld(t)
	anna, bert := session("c2", "uid:1000"), session("c3", "uid:1001")
	for _, c := range []struct {
		name string
		see  events.Observation
		new  bool
	}{
		{"nothing is known, as before", events.Observation{}, false},
		{"sessions nobody vouches for", events.Observation{Sessions: []events.Session{anna}}, false},
		{"nobody", events.Observation{SessionsKnown: true}, true},
		{"nobody and a shutdown", events.Observation{SessionsKnown: true, Leaving: true}, true},
		{"called off", events.Observation{SessionsKnown: true}, true},
		{"anna", events.Observation{SessionsKnown: true, Sessions: []events.Session{anna}}, true},
		{"bert instead", events.Observation{SessionsKnown: true, Sessions: []events.Session{bert}}, true},
		{"not known any more", events.Observation{Sessions: []events.Session{bert}}, true},
	} {
		did := w.must(events.Restarted{Seen: c.see})
		changed := false
		for _, e := range did {
			_, is := e.(events.PresenceChanged)
			changed = changed || is
		}
		if changed != c.new {
			t.Errorf("%s: recorded %v", c.name, changed)
		}
	}
}

// TestNothingBeginsBeforeTheLogHasAName: attempts are named after the log.
func TestNothingBeginsBeforeTheLogHasAName(t *testing.T) {
	w := newWorld(t)
	w.c = New(w.c.table)
	w.must(events.RequestsObserved{Requests: []events.Request{w.request("a", events.ActionSetup, "1")}})
	if p := w.c.Product("a"); p.Phase != events.PhasePending || w.c.Slot != "" {
		t.Errorf("%s, slot %q", p.Phase, w.c.Slot)
	}
}

// TestRoundsAreNumbered: what a session saw is told apart by the round.
func TestRoundsAreNumbered(t *testing.T) {
	s := &scenario{world: newWorld(t)}
	s.playAll("session c2 1000", "program 1 a 1000", "request a setup 1")
	for want := 1; want <= 3; want++ {
		if got := s.c.Product("a").Round; got != want {
			t.Errorf("round %d, want %d", got, want)
		}
		s.playAll("check a", "answer a c2 later", "wait 24h")
	}
}

// TestLocked: a product waits for the unlocking of sessions that own its programs
// or were asked last, and for no others.
func TestLocked(t *testing.T) {
	blocker := proc(1, "a", "uid:1000", "dir /opt/a")
	asked := &events.Window{Asks: []events.Ask{{Session: "c2"}, {Session: "c3"}}}
	mark := func(id, owner string, locked bool) []events.SessionMark {
		return []events.SessionMark{{ID: id, Owner: owner, Locked: locked}}
	}
	for _, c := range []struct {
		name     string
		blockers []events.Process
		last     *events.Window
		sessions []events.SessionMark
		want     bool
	}{
		{"the first that was asked", nil, asked, mark("c2", "uid:1", true), true},
		{"the second that was asked", nil, asked, mark("c3", "uid:1", true), true},
		{"the owner, who was not asked", []events.Process{blocker}, nil, mark("c9", "uid:1000", true), true},
		{"somebody else", []events.Process{blocker}, asked, mark("c9", "uid:1", true), false},
		{"asked and owner, unlocked", []events.Process{blocker}, asked, mark("c2", "uid:1000", false), false},
	} {
		d := &step{c: &Client{Presence: Presence{Known: true, Sessions: c.sessions}}}
		if got := d.locked(&Product{Blockers: c.blockers, Last: c.last}); got != c.want {
			t.Errorf("%s: locked %v", c.name, got)
		}
	}
}

// TestHowOftenAndWhatIsLookedAt: the design's figures for a look at the machine.
func TestHowOftenAndWhatIsLookedAt(t *testing.T) {
	s := &scenario{world: newWorld(t)}
	watch := func(product string) Watch {
		t.Helper()
		return s.needDue(product, events.KindWatch).Work.(Watch)
	}
	clientWakes := func() bool {
		_, ok := s.due("", events.KindWakeAt)
		return ok
	}
	s.playAll("request a setup 1", "prepare a", "blind", "look a")
	if after := s.needDue("a", events.KindRunChecks).Work.(RunChecks).After; after != 5*events.Second {
		t.Errorf("looks again after %v", after.Duration())
	}
	s.playAll("sighted", "program 1 a 1000", "look a")
	if every := watch("a").Every; every != 30*events.Second {
		t.Errorf("a waiting product's programs are looked at every %v", every.Duration())
	}
	if w := watch(""); w.Every != 10*events.Second || !w.Sessions {
		t.Errorf("people are looked at: %+v", w)
	}
	if clientWakes() {
		t.Error("nobody is there already and a program runs: its end is waited for, no moment")
	}
	s.playAll("session c2 1000", "watch people", "check a")
	if every := watch("a").Every; every != 2*events.Second {
		t.Errorf("under a window programs are looked at every %v", every.Duration())
	}
	s.playAll("defer a", "policy dialog_timeout=0s", "resume a", "check a")
	if clientWakes() {
		t.Error("somebody is there, and yet the two minutes without anybody are waited for")
	}
	s.playAll("leaving", "logout c2", "watch people")
	if clientWakes() {
		t.Error("a shutdown is announced, and yet the two minutes are waited for")
	}
	s.playAll("leaving off", "watch people")
	if !clientWakes() {
		t.Error("nobody waits for the two minutes without anybody")
	}
}

// TestClosingIsCalm: what nobody agreed to is not closed for a quarter of an hour
// after an unlock.
func TestClosingIsCalm(t *testing.T) {
	for line, want := range map[string]events.Span{"answer a c2 close": 0, "wait 1m": 15 * events.Minute} {
		s := &scenario{world: newWorld(t)}
		s.playAll("policy default_action=kill", "session c2 1000", "program 1 a 1000", "request a setup 1", "check a", "shown a c2", line)
		if got := s.needDue("a", events.KindClosePrograms).Work.(ClosePrograms).Calm; got != want {
			t.Errorf("%s: calm for %v, want %v", line, got.Duration(), want.Duration())
		}
	}
}

// TestProbesDetectWhatMayHaveRun: what certainly never started needs no detection.
func TestProbesDetectWhatMayHaveRun(t *testing.T) {
	for _, c := range []struct {
		lines string
		want  bool
	}{
		{"request a setup 1,check a,restart", false},
		{"request a setup 1,check a,start a,restart", true},
		{"fork a,request a setup 1,check a", true},
	} {
		s := &scenario{world: newWorld(t)}
		s.playAll(strings.Split(c.lines, ",")...)
		if got := s.needDue("a", events.KindProbeInstall).Work.(ProbeInstall).Detect; got != c.want {
			t.Errorf("%s: detects %v", c.lines, got)
		}
	}
}

// TestPriority: without an order of the source a higher priority comes first.
func TestPriority(t *testing.T) {
	w := newWorld(t)
	low, high := w.request("a", events.ActionSetup, "1"), w.request("b", events.ActionSetup, "1")
	low.Priority, high.Priority = -5, 5
	w.must(events.RequestsObserved{Requests: []events.Request{low, high}})
	if w.c.Slot != "b" {
		t.Errorf("%q comes first", w.c.Slot)
	}
}

// TestACircleWaitsForNobody: products that require each other are done in order,
// and one that is not ours to install is no obstacle on the way round.
func TestACircleWaitsForNobody(t *testing.T) {
	s := &scenario{world: newWorld(t)}
	s.playAll("order a b c requires a=b b=gone,c c=a", "hold", "request a setup 1", "request b setup 1", "request c setup 1", "release")
	if s.c.Slot != "a" {
		t.Errorf("%q is worked on", s.c.Slot)
	}
}

// TestRowsThatSayNothing: a row without a product, or with an action nobody knows.
func TestRowsThatSayNothing(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ id, action string }{{"", "setup"}, {"", "none"}, {"a", "format"}, {"a", ""}} {
		if did, err := w.feed("source", events.RequestsObserved{Requests: []events.Request{w.request(c.id, events.Action(c.action), "1")}}); !errors.Is(err, ErrNothing) {
			t.Errorf("%+v: %v, %v", c, did, err)
		}
	}
}

// TestAWindowSaysWhatIsInstalled: "update" or "install" is a word in it.
func TestAWindowSaysWhatIsInstalled(t *testing.T) {
	for status, want := range map[string]bool{events.StatusInstalled: true, events.StatusNotInstalled: false, events.StatusUnknown: false} {
		w := newWorld(t)
		w.seen.Sessions = []events.Session{session("c2", "uid:1000")}
		w.seen.Programs = []events.Process{proc(1, "a", "uid:1000", "dir /opt/a")}
		r := w.request("a", events.ActionSetup, "1")
		r.Row.InstallationStatus = status
		w.must(events.RequestsObserved{Requests: []events.Request{r}})
		w.mechanical("a")
		if got := w.c.Product("a").Window; got == nil || got.Installed != want {
			t.Errorf("%s: %+v", status, got)
		}
	}
}
