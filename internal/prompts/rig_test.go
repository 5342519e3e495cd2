// SPDX-License-Identifier: Apache-2.0

package prompts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localsock"
)

// core is a Core that records and says what it is told to say.
type core struct {
	mu   sync.Mutex
	got  []string
	says error
}

func (c *core) Deliver(_ context.Context, actor string, in events.Input) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, fmt.Sprintf("%s: %+v", actor, in))
	return c.says
}

func (c *core) say(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.says = err
}

// clock counts from the Unix epoch of the test.
type clock struct{ start time.Time }

func (c clock) Until(m events.Moment) events.Span {
	return events.Span(m.Clock) - events.SpanOf(time.Since(c.start))
}

// sessions knows sessions by pid.
type sessions map[int]string

func (s sessions) SessionOf(pid int) (session, owner, tty string, err error) {
	if s[pid] == "" {
		return "", "", "", errors.New("no such process")
	}
	session, owner, _ = strings.Cut(s[pid], " ")
	return session, owner, "pts/" + fmt.Sprint(pid), nil
}

var (
	anna  = localsock.Peer{UID: 1000, PID: 1, Owner: "uid:1000"}
	anna2 = localsock.Peer{UID: 1000, PID: 2, Owner: "uid:1000"}
	bert  = localsock.Peer{UID: 1001, PID: 3, Owner: "uid:1001"}
	lost  = localsock.Peer{UID: 1000, PID: 9, Owner: "uid:1000"}
)

// rig is a broker with a world around it.
type rig struct {
	*testing.T
	*Broker
	core   *core
	toldMu sync.Mutex
	told   []string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	c := &core{}
	b, err := New(Config{Core: c, Clock: clock{time.Now()}, Key: bytes.Repeat([]byte{7}, keySize), Version: "test",
		Locator: sessions{1: "c2 uid:1000", 2: "c5 uid:1000", 3: "c3 uid:1001"}, Asker: "The IT service", Contact: "phone 1"})
	if err != nil {
		t.Fatal(err)
	}
	return &rig{T: t, Broker: b, core: c}
}

// asked is when the first window of the row opened, not in UTC.
var asked = time.Date(2026, 11, 16, 15, 4, 5, 678, time.FixedZone("", 3600))

func work(session, owner string, n uint64, programs ...string) fsm.AskUsers {
	a := events.Ask{Session: session, Owner: owner, N: n}
	for i, name := range programs {
		a.Programs = append(a.Programs, events.Process{ProcessID: events.ProcessID{PID: i + 1, Start: 1}, Name: name,
			Path: events.Plain("/opt/" + name), Owner: owner, Class: events.ClassWindow})
	}
	return fsm.AskUsers{Ask: a, Window: events.Window{
		ID: "firefox#1.1", Members: []string{"firefox"}, Action: events.ActionSetup, Name: "Firefox", Version: "2.0-1",
		Installed: true, Since: events.Moment{Clock: -1000, Wall: asked}, Opened: events.Moment{Wall: asked.Add(time.Hour)},
		Deadline: events.Moment{Clock: 60_000}, Choices: []events.Choice{"defer", "recheck", "kill"}, Default: "defer",
		DefersMax: 5, AskAgain: events.Day, Asks: []events.Ask{a},
	}}
}

// ask starts an effect and returns how to end it; it returns when it is waiting.
func (r *rig) ask(w fsm.AskUsers) (end func() error) {
	r.Helper()
	ctx, cancel := context.WithCancel(r.Context())
	done := make(chan error, 1)
	note := func(s string) {
		r.toldMu.Lock()
		defer r.toldMu.Unlock()
		r.told = append(r.told, s)
	}
	go func() {
		done <- r.Ask(ctx, w,
			func() error { note(fmt.Sprintf("shown %s @%d", w.Ask.Session, w.Ask.N)); return nil },
			func(reason string) error {
				note(fmt.Sprintf("failed %s @%d %s", w.Ask.Session, w.Ask.N, reason))
				return nil
			})
	}()
	synctest.Wait()
	return func() error { cancel(); err := <-done; synctest.Wait(); return err }
}

func (r *rig) wantTold(want ...string) {
	r.Helper()
	synctest.Wait()
	r.toldMu.Lock()
	defer r.toldMu.Unlock()
	if !slices.Equal(r.told, want) {
		r.Errorf("the core was told %q, want %q", r.told, want)
	}
}

// client is an agent that follows its cursor.
type client struct {
	*rig
	peer   localsock.Peer
	name   string
	cursor uint64
}

func (r *rig) hello(p localsock.Peer, holding ...string) *client {
	r.Helper()
	w, err := r.Hello(r.Context(), p, apitypes.Hello{Kind: apitypes.AgentTerminal, Languages: []string{"de"}, Holding: holding})
	if err != nil {
		r.Fatal(err)
	}
	return &client{rig: r, peer: p, name: w.Agent}
}

func (c *client) next() apitypes.PromptEvent {
	c.Helper()
	e, err := c.Next(c.Context(), c.peer, c.name, c.cursor)
	if err != nil {
		c.Fatal(err)
	}
	c.cursor = e.Cursor
	return e
}

// want takes the next event, which must come at once.
func (c *client) want(kind string) apitypes.PromptEvent {
	c.Helper()
	began := time.Now()
	e := c.next()
	if e.Kind != kind || time.Since(began) > linger {
		c.Fatalf("got %s after %v, want %s", e.Kind, time.Since(began), kind)
	}
	return e
}

func (c *client) shown(p *apitypes.Prompt) {
	c.Helper()
	if err := c.Shown(c.Context(), c.peer, p.ID, apitypes.Shown{Agent: c.name, Nonce: p.Nonce, Revision: p.Revision}); err != nil {
		c.Fatal(err)
	}
}

func (c *client) answer(p *apitypes.Prompt, choice string) string {
	c.Helper()
	r, err := c.Answer(c.Context(), c.peer, p.ID, apitypes.Answer{Agent: c.name, Nonce: p.Nonce, Revision: p.Revision, Choice: choice})
	if err != nil {
		c.Fatal(err)
	}
	return r.State
}

func code(err error) string {
	var e *apitypes.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return fmt.Sprint(err)
}
