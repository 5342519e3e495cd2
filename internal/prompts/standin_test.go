// SPDX-License-Identifier: Apache-2.0

package prompts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// other is a stand-in that does what the test says.
type other struct {
	mu    sync.Mutex
	shows []string // what it was to show
	over  int      // how many were ended by their context
	says  chan verdict
}

type verdict struct {
	choice string
	err    error
}

func (o *other) Show(ctx context.Context, session, owner string, p apitypes.Prompt) (string, error) {
	o.mu.Lock()
	o.shows = append(o.shows, fmt.Sprintf("%s %s %s %d", session, owner, p.ID, p.Revision))
	o.mu.Unlock()
	select {
	case v := <-o.says:
		return v.choice, v.err
	case <-ctx.Done():
		o.mu.Lock()
		defer o.mu.Unlock()
		o.over++
		return "", ctx.Err()
	}
}

func (o *other) want(t *testing.T, over int, shows ...string) {
	t.Helper()
	synctest.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	if strings.Join(o.shows, "\n") != strings.Join(shows, "\n") || o.over != over {
		t.Errorf("it was to show %q, %d were ended; want %q, %d", o.shows, o.over, shows, over)
	}
}

func withStandIn(t *testing.T) (*rig, *other) {
	t.Helper()
	r, o := newRig(t), &other{says: make(chan verdict)}
	r.c.StandIn = o
	return r, o
}

const standsFor = "c2 uid:1000 firefox#1.1@c2 0"

// TestStandIn: after the usual time without an agent it is asked, and its answer is
// the session's. The core never hears that the window is shown.
func TestStandIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, o := withStandIn(t)
		end := r.ask(work("c2", "uid:1000", 7, "firefox"))
		time.Sleep(Grace - time.Millisecond)
		o.want(t, 0)
		time.Sleep(2 * time.Millisecond)
		o.want(t, 0, standsFor)
		o.says <- verdict{"kill", nil}
		o.want(t, 0, standsFor)
		time.Sleep(time.Hour)
		r.wantTold() // waits
		if want := "uid:1000: {Window:firefox#1.1 Session:c2 Seen:0 Choice:kill}"; len(r.core.got) != 1 || r.core.got[0] != want {
			t.Errorf("the core got %q, want %q", r.core.got, want)
		}
		if err := end(); err != nil {
			t.Error(err)
		}
	})
}

// TestStandInWithout: what it does not show is shown by nobody; what went by is left
// to the deadline.
func TestStandInWithout(t *testing.T) {
	for err, want := range map[error][]string{
		errors.New("two sessions"):            {"failed c2 @7 no_agent"},
		fmt.Errorf("so it is: %w", ErrPassed): nil,
	} {
		synctest.Test(t, func(t *testing.T) {
			r, o := withStandIn(t)
			defer r.ask(work("c2", "uid:1000", 7, "firefox"))()
			time.Sleep(Grace + time.Millisecond)
			o.says <- verdict{"", err}
			time.Sleep(time.Hour)
			r.wantTold(want...)
			o.want(t, 0, standsFor)
			if len(r.core.got) > 0 {
				t.Errorf("the core got %q", r.core.got)
			}
		})
	}
}

// TestAgentComes: an agent takes over, and the stand-in is ended.
func TestAgentComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, o := withStandIn(t)
		defer r.ask(work("c2", "uid:1000", 7, "firefox"))()
		time.Sleep(Grace + time.Millisecond)
		c := r.hello(anna)
		p := c.want(apitypes.EventAsk).Prompt
		o.want(t, 1, standsFor)
		if s := c.answer(p, "defer"); s != apitypes.AnswerRecorded {
			t.Errorf("the agent's answer is %s", s)
		}
		time.Sleep(leave + Grace + time.Millisecond) // and goes
		o.want(t, 1, standsFor)
	})
}

// TestStandInChanged: a list that has changed is shown at once, and consent to the
// older one does not count.
func TestStandInChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, o := withStandIn(t)
		end := r.ask(work("c2", "uid:1000", 7, "firefox"))
		time.Sleep(Grace + time.Millisecond)
		r.core.say(ErrChanged)
		o.says <- verdict{"kill", nil}
		o.want(t, 0, standsFor, standsFor)
		r.core.say(nil)
		if err := end(); err != nil {
			t.Fatal(err)
		}
		more := work("c2", "uid:1000", 9, "firefox", "vim")
		more.Ask.Added = 9
		end = r.ask(more)
		newer := strings.TrimSuffix(standsFor, "0") + "9"
		o.want(t, 1, standsFor, standsFor, newer) // without another Grace
		o.says <- verdict{"kill", nil}
		synctest.Wait()
		if n := len(r.core.got); n != 2 || !strings.Contains(r.core.got[1], "Seen:9") {
			t.Errorf("the core got %q", r.core.got)
		}
		if err := end(); err != nil {
			t.Error(err)
		}
		o.want(t, 1, standsFor, standsFor, newer)
	})
}

// TestStandInKeepsTheAnswer: one that could not be recorded is handed in again.
func TestStandInKeepsTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, o := withStandIn(t)
		end := r.ask(work("c2", "uid:1000", 7, "firefox"))
		time.Sleep(Grace + time.Millisecond)
		r.core.say(errors.New("the disk is full"))
		o.says <- verdict{"defer", nil}
		time.Sleep(10*repeat + repeat/2)
		r.core.say(nil)
		time.Sleep(10 * repeat)
		synctest.Wait()
		if n := len(r.core.got); n != 12 {
			t.Errorf("it was handed in %d times", n)
		}
		r.core.say(ErrRefused)
		o.want(t, 0, standsFor)
		r.wantTold()
		if err := end(); err != nil {
			t.Error(err)
		}
	})
}

// TestStandInRefused: a choice that is none leaves the window on no screen.
func TestStandInRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, o := withStandIn(t)
		defer r.ask(work("c2", "uid:1000", 7, "firefox"))()
		time.Sleep(Grace + time.Millisecond)
		o.says <- verdict{"fail", nil}
		r.wantTold("failed c2 @7 error")
		if len(r.core.got) > 0 {
			t.Errorf("the core got %q", r.core.got)
		}
	})
}
