// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"errors"
	"testing"

	"github.com/quietsetup/quietsetup/events"
)

// asked is a world with a window on anna's and bert's screens.
func asked(t *testing.T) (w *world, window string, added uint64) {
	t.Helper()
	w = newWorld(t)
	w.seen.Sessions = []events.Session{session("c2", "uid:1000"), session("c3", "uid:1001")}
	w.seen.Programs = []events.Process{proc(1, "a", "uid:1000", "dir /opt/a"), proc(2, "a", "uid:1001", "dir /opt/a")}
	w.must(events.RequestsObserved{Requests: []events.Request{w.request("a", events.ActionSetup, "1")}})
	w.mechanical("a")
	p := w.c.Product("a")
	if p.Window == nil || len(p.Window.Asks) != 2 {
		t.Fatalf("no window for two: %+v", p.Window)
	}
	return w, p.Window.ID, w.c.Seq
}

// TestForgedAnswers: an answer that is repeated, late, from a session that was not
// asked, to another window, or that agrees to what was not read decides nothing.
func TestForgedAnswers(t *testing.T) {
	answer := func(window, session string, seen uint64, c events.Choice) events.UserAnswered {
		return events.UserAnswered{Window: window, Session: session, Seen: seen, Choice: c}
	}
	refused := func(t *testing.T, w *world, name string, in events.Input, want error) {
		t.Helper()
		seq, phase, defers := w.c.Seq, w.c.Product("a").Phase, w.c.Product("a").Counter().Defers
		did, err := w.feed("uid:1001", in)
		if !errors.Is(err, want) || len(did) > 0 {
			t.Errorf("%s: %v, %v; want %v", name, did, err, want)
		}
		if p := w.c.Product("a"); w.c.Seq != seq || p.Phase != phase || p.Counter().Defers != defers {
			t.Errorf("%s changed the product", name)
		}
	}
	w, window, seen := asked(t)
	for name, c := range map[string]struct {
		in   events.UserAnswered
		want error
	}{
		"a session that was not asked":   {answer(window, "c9", seen, events.ChoiceKill), ErrRefused},
		"no session":                     {answer(window, "", seen, events.ChoiceDefer), ErrRefused},
		"a window that never was":        {answer("a#9.9", "c2", seen, events.ChoiceKill), ErrTooLate},
		"another product's window":       {answer("b#1.1", "c2", seen, events.ChoiceKill), ErrTooLate},
		"no window":                      {answer("", "c2", seen, events.ChoiceKill), ErrTooLate},
		"a choice that is none":          {answer(window, "c2", seen, "KILL"), ErrRefused},
		"no choice":                      {answer(window, "c2", seen, ""), ErrRefused},
		"a consent to what was not read": {answer(window, "c2", 0, events.ChoiceKill), ErrChanged},
	} {
		refused(t, w, name, c.in, c.want)
	}
	// One consent closes nothing of the other person's, however often it comes.
	if _, err := w.feed("uid:1000", answer(window, "c2", seen, events.ChoiceKill)); err != nil {
		t.Fatal(err)
	}
	if p := w.c.Product("a"); p.Phase != events.PhasePrompting {
		t.Fatalf("one of two has agreed, and the product is %s", p.Phase)
	}
	refused(t, w, "a consent once more", answer(window, "c2", seen, events.ChoiceKill), ErrAlreadyRecorded)
	// A later ends the round; what comes after it is late, and counts nothing.
	if _, err := w.feed("uid:1001", answer(window, "c3", seen, events.ChoiceDefer)); err != nil {
		t.Fatal(err)
	}
	if n := w.c.Product("a").Counter().Defers; n != 1 {
		t.Fatalf("%d defers", n)
	}
	refused(t, w, "a later once more", answer(window, "c3", seen, events.ChoiceDefer), ErrAlreadyRecorded)
	refused(t, w, "a late consent", answer(window, "c3", seen, events.ChoiceKill), ErrTooLate)
	refused(t, w, "a late answer of the other", answer(window, "c2", seen, events.ChoiceDefer), ErrTooLate)
}
