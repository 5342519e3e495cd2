// SPDX-License-Identifier: Apache-2.0

package prompts

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localsock"
)

func TestNoAgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		end := r.ask(work("c2", "uid:1000", 7, "firefox"))
		time.Sleep(Grace - time.Millisecond)
		r.wantTold()
		time.Sleep(2 * time.Millisecond)
		r.wantTold("failed c2 @7 no_agent")
		time.Sleep(time.Hour)
		r.wantTold("failed c2 @7 no_agent") // once
		c := r.hello(anna)                  // comes late, is asked all the same
		p := c.want(apitypes.EventAsk).Prompt
		if err := r.Shown(t.Context(), anna, p.ID, apitypes.Shown{Agent: c.name, Nonce: p.Nonce}); err != nil {
			t.Fatal(err)
		}
		r.wantTold("failed c2 @7 no_agent", "shown c2 @7")
		time.Sleep(leave + Grace + time.Millisecond) // and goes without a word
		r.wantTold("failed c2 @7 no_agent", "shown c2 @7", "failed c2 @7 no_agent")
		if got := r.Agents(); len(got) != 0 {
			t.Errorf("agents are %+v", got)
		}
		if err := end(); err != nil {
			t.Error(err)
		}
		lostBefore := work("c2", "uid:1000", 8, "firefox")
		lostBefore.Ask.Lost = "no_agent"
		defer r.ask(lostBefore)()
		time.Sleep(time.Minute)
		r.wantTold("failed c2 @7 no_agent", "shown c2 @7", "failed c2 @7 no_agent")
	})
}

func TestFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.hello(anna)
		defer r.ask(work("c2", "uid:1000", 7, "firefox"))()
		p := c.want(apitypes.EventAsk).Prompt
		if err := r.Failed(t.Context(), anna, p.ID, apitypes.Failed{Agent: c.name, Nonce: p.Nonce, Reason: "no_agent"}); code(err) != apitypes.CodeBadRequest {
			t.Errorf("a reason that is not an agent's: %v", err)
		}
		if err := r.Failed(t.Context(), anna, p.ID, apitypes.Failed{Agent: c.name, Nonce: p.Nonce, Reason: "no_display"}); err != nil {
			t.Error(err)
		}
		r.wantTold("failed c2 @7 no_display")
	})
}

// An agent that comes back within the grace time has lost nothing.
func TestReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.hello(anna)
		defer r.ask(work("c2", "uid:1000", 7, "firefox"))()
		p := c.want(apitypes.EventAsk).Prompt
		if again := c; again.cursor == 0 {
			t.Fatal("no cursor")
		}
		c.cursor = 0 // the answer was lost on the way
		if e := c.want(apitypes.EventAsk); e.Prompt.Nonce != p.Nonce {
			t.Errorf("the repeated event is %+v", e)
		}
		time.Sleep(leave + 100*time.Millisecond) // the connection is down
		if _, err := r.Next(t.Context(), anna, c.name, c.cursor); code(err) != apitypes.CodeUnknownAgent {
			t.Errorf("after a long silence: %v, want unknown_agent", err)
		}
		back := r.hello(anna, p.ID, "vim#1.1@c2", "vim#1.1@c9", "junk", "")
		back.want(apitypes.EventAsk)
		r.wantTold()
		e := back.next() // what it still shows and nobody asks for is over, after a while
		if e.Kind != apitypes.EventCancel || e.ID != "vim#1.1@c2" {
			t.Errorf("the doubtful prompt comes as %+v", e)
		}
		if e := back.next(); e.Kind != apitypes.EventNone {
			t.Errorf("then comes %+v", e)
		}
	})
}

// A daemon that was restarted knows nothing of a prompt but its key.
func TestAnswerAfterRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := newRig(t)
		c := before.hello(anna)
		end := before.ask(work("c2", "uid:1000", 7, "firefox"))
		p := c.want(apitypes.EventAsk).Prompt
		if err := end(); err != nil {
			t.Fatal(err)
		}
		after := newRig(t)
		c = after.hello(anna, p.ID)
		if s := c.answer(p, "defer"); s != apitypes.AnswerRecorded {
			t.Errorf("the answer is %s", s)
		}
		after.core.say(ErrTooLate)
		if s := c.answer(p, "defer"); s != apitypes.AnswerTooLate {
			t.Errorf("the late answer is %s", s)
		}
		if len(after.core.got) != 2 {
			t.Errorf("the core got %q", after.core.got)
		}
	})
}

// The newest agent of a session speaks for it; the older one is told to end.
func TestNewestAgentWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		old := r.hello(anna)
		got := make(chan apitypes.PromptEvent, 1)
		go func() { got <- old.next() }()
		synctest.Wait()
		fresh := r.hello(anna)
		if e := <-got; e.Kind != apitypes.EventCancel || e.ID != "" || e.Reason != apitypes.CancelReplaced {
			t.Errorf("the older one gets %+v", e)
		}
		defer r.ask(work("c2", "uid:1000", 7, "firefox"))()
		fresh.want(apitypes.EventAsk)
		if n := len(r.Agents()); n != 1 {
			t.Errorf("there are %d agents, want 1", n)
		}
	})
}

// A second call of Next ends the first, so that a stuck one holds nothing.
func TestSecondPollEndsTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := r.hello(anna)
		first := make(chan apitypes.PromptEvent, 1)
		go func() {
			e, _ := r.Next(t.Context(), anna, c.name, 0)
			first <- e
		}()
		synctest.Wait()
		began := time.Now()
		if e := c.next(); e.Kind != apitypes.EventNone || time.Since(began) != pollFor {
			t.Errorf("the second gets %+v after %v", e, time.Since(began))
		}
		if e := <-first; e.Kind != apitypes.EventNone {
			t.Errorf("the first gets %+v", e)
		}
	})
}

func TestAgents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		changed := r.Changed()
		r.hello(anna)
		select {
		case <-changed:
		default:
			t.Error("a new agent is no change")
		}
		r.hello(bert)
		r.hello(lost) // of an unknown session
		var got []string
		for _, a := range r.Agents() {
			got = append(got, fmt.Sprintf("%s %s %d %s %s", a.Session, a.Owner, a.PID, a.TTY, a.Kind))
		}
		want := []string{"c2 uid:1000 1 pts/1 terminal", "c3 uid:1001 3 pts/3 terminal", "uid:1000 uid:1000 9  terminal"}
		if !slices.Equal(got, want) {
			t.Errorf("agents are %q, want %q", got, want)
		}
		liar := localsock.Peer{UID: 1002, PID: 1, Owner: "uid:1002"} // the process is another user's
		if w, err := r.Hello(t.Context(), liar, apitypes.Hello{Kind: apitypes.AgentWindow}); err != nil || w.Session != "uid:1002" {
			t.Errorf("a peer whose process is another user's is in %q, %v", w.Session, err)
		}
		for name, h := range map[string]apitypes.Hello{
			"no kind":             {},
			"a language":          {Kind: apitypes.AgentWindow, Languages: []string{"de\n"}},
			"many languages":      {Kind: apitypes.AgentWindow, Languages: make([]string, 99)},
			"many prompts":        {Kind: apitypes.AgentWindow, Holding: make([]string, 99)},
			"an endless language": {Kind: apitypes.AgentWindow, Languages: []string{strings.Repeat("d", 65)}},
		} {
			if _, err := r.Hello(t.Context(), anna, h); code(err) != apitypes.CodeBadRequest {
				t.Errorf("a hello with %s: %v", name, err)
			}
		}
		time.Sleep(leave + time.Millisecond)
		if n := len(r.Agents()); n != 0 {
			t.Errorf("%d silent agents are left", n)
		}
	})
}

// What one user's agents make the broker keep is bounded.
func TestHelloFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		many := sessions{}
		for i := range 100 {
			many[1000+i] = fmt.Sprintf("pts/%d uid:1000", i)
		}
		r.c.Locator = many
		tooMany := 0
		for round := range 100 {
			var holding []string
			for i := range maxHolding {
				holding = append(holding, fmt.Sprintf("p%d#%d.1@pts/%d", round, i, round))
			}
			_, err := r.Hello(t.Context(), localsock.Peer{PID: 1000 + round, Owner: "uid:1000"}, apitypes.Hello{Kind: apitypes.AgentWindow, Holding: holding})
			if code(err) == apitypes.CodeTooMany {
				tooMany++
			}
		}
		r.mu.Lock()
		kept := len(r.prompts)
		r.mu.Unlock()
		if tooMany != 100-maxAgents || kept > maxDoubts {
			t.Errorf("%d hellos were refused, %d prompts kept", tooMany, kept)
		}
		if _, err := r.Hello(t.Context(), bert, apitypes.Hello{Kind: apitypes.AgentWindow}); err != nil {
			t.Errorf("another user is refused: %v", err)
		}
		time.Sleep(Grace + remember + time.Second)
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.prompts)+len(r.byID)+len(r.agents) != 0 {
			t.Errorf("%d prompts and %d agents are kept for ever", len(r.prompts), len(r.byID))
		}
	})
}
