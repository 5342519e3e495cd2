// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localclient"
)

// daemon is a Daemon of which the test says what it does.
type daemon struct {
	mu     sync.Mutex
	down   error // what every call fails with; nil = up
	agents int
	events []apitypes.PromptEvent
	wake   chan struct{}
	heard  []string
	slow   chan struct{} // answers wait for it; nil = they do not
	states []string      // of answers, one after the other; "" = the answer is lost
}

func newDaemon() *daemon { return &daemon{wake: make(chan struct{})} }

func (d *daemon) hear(format string, a ...any) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.down == nil {
		d.heard = append(d.heard, fmt.Sprintf(format, a...))
	}
	return d.down
}

func (d *daemon) stop(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.down = err
	d.events = nil
	close(d.wake)
	d.wake = make(chan struct{})
}

func (d *daemon) send(kind string, p apitypes.Prompt) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := apitypes.PromptEvent{Kind: kind, ID: p.ID, Cursor: uint64(len(d.events) + 1)}
	if kind != apitypes.EventCancel {
		e.Prompt = &p
	}
	d.events = append(d.events, e)
	close(d.wake)
	d.wake = make(chan struct{})
}

func (d *daemon) Hello(_ context.Context, h apitypes.Hello) (apitypes.Welcome, error) {
	err := d.hear("hello %s holding %v", h.Kind, h.Holding)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.agents++
	return apitypes.Welcome{Agent: fmt.Sprintf("A%d", d.agents), Session: "c2"}, err
}

func (d *daemon) Next(ctx context.Context, agent string, after uint64) (apitypes.PromptEvent, error) {
	for {
		d.mu.Lock()
		wake, down := d.wake, d.down
		for _, e := range d.events {
			if e.Cursor > after && down == nil {
				d.mu.Unlock()
				return e, nil
			}
		}
		d.mu.Unlock()
		if down != nil {
			return apitypes.PromptEvent{}, down
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return apitypes.PromptEvent{}, ctx.Err()
		}
	}
}

func (d *daemon) Shown(_ context.Context, id string, s apitypes.Shown) error {
	return d.hear("%s shown %s%s", s.Agent, id, revision(s.Revision))
}

// revision is how one is written in these tests: those of most are 0.
func revision(n uint64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" r%d", n)
}

func (d *daemon) Failed(_ context.Context, id string, f apitypes.Failed) error {
	return d.hear("%s failed %s %s", f.Agent, id, f.Reason)
}

func (d *daemon) Answer(_ context.Context, id string, a apitypes.Answer) (apitypes.AnswerResult, error) {
	err := d.hear("%s answers %s %s %s%s", a.Agent, id, a.Nonce, a.Choice, revision(a.Revision))
	d.mu.Lock()
	slow := d.slow
	d.mu.Unlock()
	if slow != nil {
		<-slow
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil || len(d.states) == 0 {
		return apitypes.AnswerResult{State: apitypes.AnswerRecorded}, err
	}
	state := d.states[0]
	d.states = d.states[1:]
	if state == "" {
		return apitypes.AnswerResult{}, localclient.ErrBroken
	}
	return apitypes.AnswerResult{State: state}, nil
}

// front is a Front whose person is the test.
type front struct {
	mu      sync.Mutex
	said    []string
	answers chan string
	on      []string // what is and was on the screen
	err     error
	blind   bool // does not come to put changes on the screen
}

func (f *front) Kind() string { return apitypes.AgentWindow }

func (f *front) Say(text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.said = append(f.said, text)
}

func (f *front) Report(text string) { f.Say(text) }

func (f *front) show(s string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.on = append(f.on, s)
}

func (f *front) Show(ctx context.Context, w *Window) (string, error) {
	if f.err != nil {
		return "", f.err
	}
	p, _ := w.Prompt()
	sign := "+"
	if w.Again {
		sign = "!"
	}
	f.show(sign + p.ID + revision(p.Revision))
	w.Shown(p)
	f.mu.Lock()
	changed := w.Changed()
	if f.blind {
		changed = nil
	}
	f.mu.Unlock()
	defer f.show("-" + p.ID)
	for {
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-changed:
			if now, _ := w.Prompt(); len(now.Programs) != len(p.Programs) {
				p = now
				f.show("~" + p.ID + revision(p.Revision))
				w.Shown(p)
			}
		case a := <-f.answers:
			if a == "end" {
				return "", ErrEnded
			}
			return a, nil
		}
	}
}

type life struct {
	*testing.T
	d     *daemon
	f     *front
	stop  context.CancelFunc
	ended chan error
}

func start(t *testing.T) *life {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := &life{T: t, d: newDaemon(), f: &front{answers: make(chan string)}, stop: cancel, ended: make(chan error, 1)}
	go func() {
		l.ended <- Run(ctx, Config{Daemon: l.d, Front: l.f, Texts: texts(t, "en"), Languages: []string{"en"}, Socket: "/s"})
	}()
	synctest.Wait()
	return l
}

func (l *life) end() {
	l.Helper()
	l.stop()
	if err := <-l.ended; err != nil {
		l.Errorf("the agent ended with %v", err)
	}
}

func (l *life) want(name string, got *[]string, mu *sync.Mutex, want ...string) {
	l.Helper()
	synctest.Wait()
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(*got, want) {
		l.Errorf("%s is\n %q, want\n %q", name, *got, want)
	}
	*got = nil
}

func (l *life) heard(want ...string) {
	l.Helper()
	l.want("what the daemon heard", &l.d.heard, &l.d.mu, want...)
}
func (l *life) said(want ...string) {
	l.Helper()
	l.want("what was said", &l.f.said, &l.f.mu, want...)
}
func (l *life) screen(want ...string) {
	l.Helper()
	l.want("the screen", &l.f.on, &l.f.mu, want...)
}

func named(id string) apitypes.Prompt {
	p := firefox()
	p.ID = id
	return p
}

func TestAgentShowsOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t)
		l.d.send(apitypes.EventAsk, named("a@c2"))
		l.d.send(apitypes.EventAsk, named("b@c2"))
		l.d.send(apitypes.EventAsk, named("c@c2"))
		l.screen("+a@c2")
		changed := named("a@c2")
		changed.Programs = nil
		l.d.send(apitypes.EventUpdate, changed)
		l.d.send(apitypes.EventCancel, named("b@c2")) // never seen
		l.screen("~a@c2")
		l.f.answers <- "defer"
		l.screen("-a@c2", "+c@c2")
		l.said("Understood: later.")
		l.d.send(apitypes.EventCancel, named("c@c2"))
		l.screen("-c@c2")
		l.said("Firefox: the question is closed. You need not do anything.")
		l.heard("hello window holding []", "A1 shown a@c2", "A1 answers a@c2 N defer", "A1 shown c@c2")
		l.d.send(apitypes.EventUpdate, named("d@c2")) // an update of what is not known is a question
		l.screen("+d@c2")
		l.end()
		l.heard("A1 shown d@c2", "A1 failed d@c2 superseded")
	})
}

// An answer is sent until it is acknowledged, under the name of the day, over a
// lost acknowledgement and a restart of the daemon.
func TestAgentKeepsItsAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t)
		l.d.send(apitypes.EventAsk, named("a@c2"))
		l.screen("+a@c2")
		l.d.states = []string{"", apitypes.AnswerAlready}
		l.f.answers <- "kill"
		l.screen("-a@c2")
		time.Sleep(time.Second)
		l.heard("hello window holding []", "A1 shown a@c2", "A1 answers a@c2 N kill", "A1 answers a@c2 N kill")
		l.said("Your earlier answer counts.")

		l.d.send(apitypes.EventAsk, named("b@c2"))
		l.screen("+b@c2")
		l.d.stop(localclient.ErrNotRunning)
		l.f.answers <- "recheck"
		synctest.Wait()
		time.Sleep(time.Millisecond)
		l.said("The service is not running at /s. Trying again.")
		time.Sleep(time.Minute)
		l.said("Waiting for the service to take your answer …")
		l.heard("A1 shown b@c2")
		l.d.stop(nil)
		l.d.send(apitypes.EventAsk, named("b@c2")) // it asks again, and gets the answer, not the person
		time.Sleep(time.Minute)
		l.screen("-b@c2")
		synctest.Wait()
		l.d.mu.Lock()
		heard := strings.Join(l.d.heard, "; ")
		l.d.heard = nil
		l.d.mu.Unlock()
		if !strings.Contains(heard, "answers b@c2 N recheck") || strings.Contains(heard, "A1 answers b") || strings.Count(heard, "answers") != 1 {
			t.Errorf("after the restart the daemon heard %s", heard)
		}
		l.said("Connected to the service.", "Thank you. It is being checked.")
		l.end()
	})
}

// After a reconnection the agent says what it shows; what is asked again stays
// on the screen, and the daemon hears that it is there.
func TestAgentReconnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t)
		l.d.send(apitypes.EventAsk, named("a@c2"))
		l.d.send(apitypes.EventAsk, named("b@c2"))
		l.screen("+a@c2")
		l.d.stop(&apitypes.Error{Code: apitypes.CodeUnknownAgent})
		time.Sleep(time.Millisecond)
		l.d.stop(nil)
		l.heard("hello window holding []", "A1 shown a@c2")
		time.Sleep(10 * time.Second)
		l.d.send(apitypes.EventAsk, named("a@c2"))
		l.screen()
		l.heard("hello window holding [a@c2 b@c2]", "A2 shown a@c2")
		l.said() // a connection that comes back at once is no news
		l.d.send(apitypes.EventCancel, named("b@c2"))
		synctest.Wait()
		l.f.answers <- "defer"
		time.Sleep(time.Second)
		l.screen("-a@c2")
		l.end()
	})
}

func TestAgentVerdicts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t)
		for state, text := range map[string]string{
			apitypes.AnswerTooLate: "Too late: the question was already closed.", apitypes.AnswerRefused: "This answer does not fit the question any more.",
			apitypes.AnswerAlready: "Your earlier answer counts.", apitypes.AnswerRecorded: "Understood. It begins as soon as nobody else has to agree.", "news of a newer daemon": "",
		} {
			l.d.mu.Lock()
			l.d.states = []string{state}
			l.d.mu.Unlock()
			l.d.send(apitypes.EventAsk, named(state+"@c2"))
			synctest.Wait()
			l.f.answers <- "kill"
			if text == "" {
				l.said()
			} else {
				l.said(text)
			}
		}
		l.end()
	})
}

func TestAgentEnds(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(l *life)
		want error
	}{
		"by the person": {func(l *life) {
			l.d.send(apitypes.EventAsk, named("a@c2"))
			l.f.answers <- "end"
		}, nil},
		"replaced":    {func(l *life) { l.d.send(apitypes.EventCancel, apitypes.Prompt{}) }, ErrReplaced},
		"not trusted": {func(l *life) { l.d.stop(fmt.Errorf("wrapped: %w", localclient.ErrNotTrusted)) }, localclient.ErrNotTrusted},
		"by a signal": {func(l *life) { l.stop() }, nil},
		"by a signal with an answer on its way": {func(l *life) {
			l.d.send(apitypes.EventAsk, named("a@c2"))
			synctest.Wait()
			l.d.stop(localclient.ErrNotRunning)
			l.f.answers <- "defer"
			l.stop()
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := start(t)
				c.do(l)
				if err := <-l.ended; !errors.Is(err, c.want) || err == nil != (c.want == nil) {
					t.Errorf("it ended with %v, want %v", err, c.want)
				}
			})
		})
	}
}

// A front that cannot show says so once for each window, and the next is tried.
func TestAgentWithoutScreen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t)
		l.f.err = errors.New("no display")
		l.d.send(apitypes.EventAsk, named("a@c2"))
		l.d.send(apitypes.EventAsk, named("b@c2"))
		l.heard("hello window holding []", "A1 failed a@c2 error", "A1 failed b@c2 error")
		l.end()
	})
}

// An event that was on its way when its answer was recorded asks for nothing; a
// later one does.
func TestOvertakenEvent(t *testing.T) {
	a := &agent{filled: make(chan struct{}, 1), held: map[string]*held{}, done: map[string]uint64{"a@c2": 5}}
	for cursor, want := range map[uint64]int{4: 0, 5: 0, 6: 1} {
		a.queue = nil
		p := named("a@c2")
		a.ask(t.Context(), apitypes.PromptEvent{Kind: apitypes.EventAsk, ID: p.ID, Cursor: cursor, Prompt: &p})
		if len(a.queue) != want {
			t.Errorf("event %d, answered up to 5: %d windows, want %d", cursor, len(a.queue), want)
		}
	}
}
