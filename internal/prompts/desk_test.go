// SPDX-License-Identifier: Apache-2.0

package prompts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localsock"
)

func TestAskShowAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.hello(anna)
		time.Sleep(10 * time.Millisecond)
		end := r.ask(work("c2", "uid:1000", 7, "firefox", "firefox", "thunderbird"))
		e := c.want(apitypes.EventAsk)
		p := e.Prompt
		if p.ID != "firefox#1.1@c2" || e.ID != p.ID || len(p.Members) != 1 || p.Members[0].Name != "Firefox" || p.Members[0].Version != "2.0-1" || p.Default != "defer" ||
			p.RemainingMS != 59_990 || p.AskAgain != 86400 || p.DefersMax != 5 || p.Asker != "The IT service" || p.Contact != "phone 1" {
			t.Errorf("the prompt is %+v", p)
		}
		if !p.Members[0].Installed || p.Since != time.Date(2026, 11, 16, 14, 4, 5, 0, time.UTC) || !p.Opened.Equal(p.Since.Add(time.Hour)) {
			t.Errorf("installed: %v, asked since %v, opened %v", p.Members[0].Installed, p.Since, p.Opened)
		}
		if want := time.Now().Add(59_990 * time.Millisecond).Truncate(time.Second); !p.Deadline.Equal(want) {
			t.Errorf("the deadline is %v, want %v", p.Deadline, want)
		}
		want := []apitypes.Program{{Name: "firefox", Count: 2, OwnerIsYou: true, Path: "/opt/firefox"}, {Name: "thunderbird", Count: 1, OwnerIsYou: true, Path: "/opt/thunderbird"}}
		if !slices.Equal(p.Programs, want) {
			t.Errorf("the programs are %+v, want %+v", p.Programs, want)
		}
		for range 2 { // told once, however often the agent says it
			if err := r.Shown(t.Context(), anna, p.ID, apitypes.Shown{Agent: c.name, Nonce: p.Nonce}); err != nil {
				t.Fatal(err)
			}
		}
		r.wantTold("shown c2 @7")
		got, err := r.Answer(t.Context(), anna, p.ID, apitypes.Answer{Agent: c.name, Nonce: p.Nonce, Choice: "defer"})
		if err != nil || got.State != apitypes.AnswerRecorded || got.Cursor != e.Cursor {
			t.Errorf("the answer is %+v, %v; it is about event %d", got, err, e.Cursor)
		}
		if want := "uid:1000: {Window:firefox#1.1 Session:c2 Seen:0 Choice:defer}"; len(r.core.got) != 1 || r.core.got[0] != want {
			t.Errorf("the core got %q, want %q", r.core.got, want)
		}
		if err := end(); err != nil {
			t.Error(err)
		}
		if e := c.next(); e.Kind != apitypes.EventCancel || e.ID != p.ID || e.Reason != apitypes.CancelOver {
			t.Errorf("after the end comes %+v", e)
		}
		if e := c.next(); e.Kind != apitypes.EventNone {
			t.Errorf("then comes %+v", e)
		}
	})
}

// A window of a log that did not keep since when it is asked was the first.
func TestSinceOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.hello(anna)
		w := work("c2", "uid:1000", 7, "firefox")
		w.Window.Installed, w.Window.Since = false, events.Moment{}
		end := r.ask(w)
		p := c.want(apitypes.EventAsk).Prompt
		if p.Members[0].Installed || p.Since != p.Opened || p.Since.IsZero() {
			t.Errorf("installed: %v, asked since %v, opened %v", p.Members[0].Installed, p.Since, p.Opened)
		}
		if err := end(); err != nil {
			t.Error(err)
		}
	})
}

// A changed list of programs is an update of the same window, with no cancel
// between, and the core hears again that it is shown if it may not know.
func TestRestampIsAnUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.hello(anna)
		end := r.ask(work("c2", "uid:1000", 7, "firefox"))
		p := c.want(apitypes.EventAsk).Prompt
		if err := r.Shown(t.Context(), anna, p.ID, apitypes.Shown{Agent: c.name, Nonce: p.Nonce}); err != nil {
			t.Fatal(err)
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
		end = r.ask(work("c2", "uid:1000", 9, "firefox", "thunderbird"))
		e := c.want(apitypes.EventUpdate)
		if e.Prompt.ID != p.ID || e.Prompt.Nonce != p.Nonce || len(e.Prompt.Programs) != 2 {
			t.Errorf("the update is %+v", e.Prompt)
		}
		r.wantTold("shown c2 @7", "shown c2 @9")
		if err := end(); err != nil {
			t.Fatal(err)
		}
		known := work("c2", "uid:1000", 11, "thunderbird")
		known.Ask.Shown = true
		defer r.ask(known)()
		c.want(apitypes.EventUpdate)
		r.wantTold("shown c2 @7", "shown c2 @9")
	})
}

// Programs are added between shown and answer: what was on the screen before is
// neither shown nor agreed to, and the person answers again.
func TestAddedProgramsAreAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.hello(anna)
		added := func(n, added uint64, programs ...string) fsm.AskUsers {
			w := work("c2", "uid:1000", n, programs...)
			w.Ask.Added = added
			return w
		}
		end := r.ask(added(7, 7, "firefox"))
		old := c.want(apitypes.EventAsk).Prompt
		c.shown(old)
		r.wantTold("shown c2 @7")
		if err := end(); err != nil {
			t.Fatal(err)
		}
		c.shown(old) // between two effects it may still be the newest
		end = r.ask(added(9, 9, "firefox", "thunderbird"))
		c.shown(old)
		r.wantTold("shown c2 @7")
		r.core.say(fmt.Errorf("wrapped: %w", fsm.ErrChanged))
		got, err := r.Answer(t.Context(), anna, old.ID, apitypes.Answer{Agent: c.name, Nonce: old.Nonce, Revision: old.Revision, Choice: "kill"})
		if err != nil || got.State != apitypes.AnswerChanged || got.Cursor != 0 {
			t.Errorf("the answer to the old list is %+v, %v", got, err)
		}
		p := c.want(apitypes.EventUpdate).Prompt
		if p.ID != old.ID || p.Nonce != old.Nonce || old.Revision != 7 || p.Revision != 9 || len(p.Programs) != 2 {
			t.Errorf("the update is %+v", p)
		}
		c.shown(p)
		c.shown(old) // overtaken on the way
		r.wantTold("shown c2 @7", "shown c2 @9")
		if err := end(); err != nil {
			t.Fatal(err)
		}
		known := added(11, 9, "thunderbird") // fewer: what is on the screen is still all of it
		known.Ask.Shown = true
		end = r.ask(known)
		if p = c.want(apitypes.EventUpdate).Prompt; p.Revision != 9 {
			t.Errorf("with fewer programs the revision is %d", p.Revision)
		}
		r.core.say(nil)
		if s := c.answer(p, "kill"); s != apitypes.AnswerRecorded {
			t.Errorf("the answer to the new list is %s", s)
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
		r.wantTold("shown c2 @7", "shown c2 @9")
		want := []string{"uid:1000: {Window:firefox#1.1 Session:c2 Seen:7 Choice:kill}", "uid:1000: {Window:firefox#1.1 Session:c2 Seen:9 Choice:kill}"}
		if !slices.Equal(r.core.got, want) {
			t.Errorf("the core got %q, want %q", r.core.got, want)
		}
	})
}

// An agent of before there were revisions shows nothing and closes nothing once
// programs are counted.
func TestAgentWithoutRevisions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.hello(anna)
		w := work("c2", "uid:1000", 7, "firefox")
		w.Ask.Added = 7
		defer r.ask(w)()
		p := *c.want(apitypes.EventAsk).Prompt
		p.Revision = 0
		c.shown(&p)
		r.wantTold()
		c.answer(&p, "kill")
		if want := "uid:1000: {Window:firefox#1.1 Session:c2 Seen:0 Choice:kill}"; len(r.core.got) != 1 || r.core.got[0] != want {
			t.Errorf("the core got %q, want %q", r.core.got, want)
		}
	})
}

// What comes up after an answer is asked; what was answered is not asked again.
func TestAnsweredIsNotAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.hello(anna)
		end := r.ask(work("c2", "uid:1000", 7, "firefox"))
		p := c.want(apitypes.EventAsk).Prompt
		c.answer(p, "kill")
		again := r.hello(anna)
		if e := again.next(); e.Kind != apitypes.EventNone {
			t.Errorf("an answered window comes as %+v", e)
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
		defer r.ask(work("c2", "uid:1000", 9, "firefox", "vim"))()
		if e := again.want(apitypes.EventAsk); len(e.Prompt.Programs) != 2 {
			t.Errorf("the new question is %+v", e.Prompt)
		}
	})
}

func TestVerdicts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.hello(anna)
		defer r.ask(work("c2", "uid:1000", 7, "firefox"))()
		p := c.want(apitypes.EventAsk).Prompt
		for _, v := range []struct {
			says error
			want string
		}{
			{fmt.Errorf("wrapped: %w", fsm.ErrTooLate), apitypes.AnswerTooLate},
			{fsm.ErrRefused, apitypes.AnswerRefused},
			{fsm.ErrChanged, apitypes.AnswerChanged},
			{fsm.ErrAlreadyRecorded, apitypes.AnswerAlready},
			{nil, apitypes.AnswerRecorded},
		} {
			r.core.say(v.says)
			if got := c.answer(p, "kill"); got != v.want {
				t.Errorf("the core says %v, the agent hears %s, want %s", v.says, got, v.want)
			}
		}
		r.core.say(errors.New("disk full"))
		if _, err := r.Answer(t.Context(), anna, p.ID, apitypes.Answer{Agent: c.name, Nonce: p.Nonce, Choice: "kill"}); err == nil {
			t.Error("an answer that could not be recorded has a verdict")
		}
		n := len(r.core.got)
		for _, choice := range []string{"fail", "", "KILL", "none"} {
			if got := c.answer(p, choice); got != apitypes.AnswerRefused {
				t.Errorf("the choice %q is %s", choice, got)
			}
		}
		if len(r.core.got) != n {
			t.Error("the core was asked about what is no choice")
		}
	})
}

// Only the session a prompt was made for gets at it, whatever is said.
func TestOthersAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c, same, other := r.hello(anna), r.hello(anna2), r.hello(bert)
		defer r.ask(work("c2", "uid:1000", 7, "firefox"))()
		p := c.want(apitypes.EventAsk).Prompt
		for name, try := range map[string]struct {
			peer             localsock.Peer
			agent, id, nonce string
			want             string
		}{
			"another user with the agent's name":    {bert, c.name, p.ID, p.Nonce, apitypes.CodeUnknownAgent},
			"another user with the nonce":           {bert, other.name, p.ID, p.Nonce, apitypes.CodeForbidden},
			"another session with the agent's name": {anna2, c.name, p.ID, p.Nonce, apitypes.CodeUnknownAgent},
			"another session of the user":           {anna2, same.name, p.ID, p.Nonce, apitypes.CodeForbidden},
			"no nonce":                              {anna, c.name, p.ID, "", apitypes.CodeForbidden},
			"a nonce of another window":             {anna, c.name, "firefox#1.2@c2", p.Nonce, apitypes.CodeForbidden},
			"a nonce of another session":            {anna2, same.name, "firefox#1.1@c5", p.Nonce, apitypes.CodeForbidden},
			"no agent":                              {anna, "", p.ID, p.Nonce, apitypes.CodeUnknownAgent},
			"an id without a session":               {anna, c.name, "firefox#1.1", p.Nonce, apitypes.CodeForbidden},
			"an id without a window":                {anna, c.name, "@c2", p.Nonce, apitypes.CodeForbidden},
			"a very long id":                        {anna, c.name, strings.Repeat("x", 600) + "@c2", p.Nonce, apitypes.CodeForbidden},
			"a nonce that is longer than it should": {anna, c.name, p.ID, p.Nonce + "0", apitypes.CodeForbidden},
		} {
			if _, err := r.Answer(t.Context(), try.peer, try.id, apitypes.Answer{Agent: try.agent, Nonce: try.nonce, Choice: "kill"}); code(err) != try.want {
				t.Errorf("%s answers: %v, want %s", name, err, try.want)
			}
			if err := r.Shown(t.Context(), try.peer, try.id, apitypes.Shown{Agent: try.agent, Nonce: try.nonce}); code(err) != try.want {
				t.Errorf("%s says shown: %v, want %s", name, err, try.want)
			}
			if err := r.Failed(t.Context(), try.peer, try.id, apitypes.Failed{Agent: try.agent, Nonce: try.nonce, Reason: "error"}); code(err) != try.want {
				t.Errorf("%s says failed: %v, want %s", name, err, try.want)
			}
		}
		if len(r.core.got) != 0 {
			t.Errorf("the core got %q", r.core.got)
		}
		r.wantTold()
		for _, peer := range []localsock.Peer{anna2, bert} {
			o := r.hello(peer)
			if e := o.next(); e.Kind != apitypes.EventNone {
				t.Errorf("%v gets %+v", o.peer, e)
			}
		}
	})
}

// A window of an id that looks like somebody else's session reaches that user only.
func TestOwnerDecides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.hello(anna)
		defer r.ask(work("c2", "uid:1001", 7, "firefox"))() // the core believes c2 is bert's
		if e := c.next(); e.Kind != apitypes.EventNone {
			t.Errorf("anna gets %+v", e)
		}
	})
}

// The core cannot be told: the effect ends with an error and is started again.
func TestCoreCannotBeTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		full := errors.New("disk full")
		err := r.Ask(t.Context(), work("c2", "uid:1000", 7, "firefox"), func() error { return full }, func(string) error { return full })
		if !errors.Is(err, full) {
			t.Errorf("got %v", err)
		}
		stale := make(chan error, 1)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			stale <- r.Ask(ctx, work("c2", "uid:1000", 8, "firefox"), func() error { return nil }, func(string) error { return fsm.ErrStale })
		}()
		time.Sleep(time.Minute)
		cancel()
		if err := <-stale; err != nil {
			t.Errorf("a stale ticket is an error: %v", err)
		}
		for _, w := range []fsm.AskUsers{{}, work("", "uid:1000", 1), work("c2", "", 1)} {
			if err := r.Ask(t.Context(), w, nil, nil); err == nil {
				t.Errorf("%+v is a window", w)
			}
		}
	})
}

// The path of a program is for its owner only, and only if it is at hand.
func TestPathsArePrivate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.hello(anna)
		w := work("c2", "uid:1000", 7, "a", "a", "b", "c")
		w.Ask.Programs[1].Path = events.Plain("/opt/other/a")
		w.Ask.Programs[2].Owner = "uid:1001"
		sealed, _ := events.Seal(events.ChecksObserved{Seen: events.Observation{Programs: []events.Process{{Path: events.Secret("/home/x/c")}}}}, 1, func() string { return "salt" })
		w.Ask.Programs[3].Path = sealed.(events.ChecksObserved).Seen.Programs[0].Path
		defer r.ask(w)()
		want := []apitypes.Program{{Name: "a", Count: 2, OwnerIsYou: true}, {Name: "b", Count: 1}, {Name: "c", Count: 1, OwnerIsYou: true}}
		if got := c.want(apitypes.EventAsk).Prompt.Programs; !slices.Equal(got, want) {
			t.Errorf("the programs are %+v, want %+v", got, want)
		}
	})
}

func TestStopping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.hello(anna)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := r.Next(ctx, anna, c.name, 0); code(err) != apitypes.CodeUnavailable {
			t.Errorf("got %v", err)
		}
	})
}

func TestNewNeedsItsParts(t *testing.T) {
	if _, err := New(Config{Key: make([]byte, keySize)}); err == nil {
		t.Error("a broker without a core")
	}
	if _, err := New(Config{Core: &core{}, Clock: clock{}, Key: []byte("short")}); err == nil {
		t.Error("a broker with a short key")
	}
}
