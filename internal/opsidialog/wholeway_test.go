// SPDX-License-Identifier: Apache-2.0

package opsidialog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/effects"
	"github.com/quietsetup/quietsetup/internal/engine"
	"github.com/quietsetup/quietsetup/internal/policy"
	"github.com/quietsetup/quietsetup/internal/prompts"
)

// client is a whole client, with the real engine, core, workers and desk around the
// front; its log and its machine are in memory.
type client struct {
	mu      sync.Mutex
	start   time.Time
	seq     uint64
	sum     string
	policy  events.Policy
	open    bool // the program that blocks
	closed  int
	began   bool
	reports []string
	engine  *engine.Engine
}

func (c *client) Append(r *events.Record) error {
	if _, err := r.Encode(); err != nil {
		return err
	}
	c.seq, c.sum = r.Seq, r.Sum
	return nil
}
func (c *client) Last() (uint64, string) { return c.seq, c.sum }
func (c *client) SinceCheckpoint() iter.Seq2[events.Record, error] {
	return func(func(events.Record, error) bool) {}
}
func (c *client) WantsCheckpoint() bool            { return false }
func (c *client) Recover() ([]events.Input, error) { return nil, nil }

func (c *client) Now() (time.Time, string, int64) {
	return time.Now(), "boot", time.Since(c.start).Milliseconds()
}
func (c *client) AfterFunc(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }

func (c *client) Until(m events.Moment) events.Span { return c.engine.Until(m) }
func (c *client) Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

var app = events.Process{ProcessID: events.ProcessID{PID: 7, Start: 7}, Name: "app", Path: events.Plain("/opt/app/app"), Owner: "uid:1000", Session: "c2", Class: events.ClassWindow}

func (c *client) Look(context.Context, events.Package) events.Observation {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := seen(anna)
	o.Scanned, o.Complete, o.ResumedMS = true, true, -1
	if c.open {
		o.Programs = []events.Process{app}
	}
	return o
}
func (c *client) LookAtPeople(context.Context) events.Observation { return seen(anna) }
func (c *client) Alive(id events.ProcessID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open && id == app.ProcessID
}
func (c *client) Close(_ context.Context, targets []events.Process, _ time.Duration, force bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(targets) == 1 && targets[0].ProcessID == app.ProcessID && !force {
		c.open = false
		c.closed++
	}
	return nil
}
func (c *client) Prepare(context.Context, events.Request) (events.Policy, events.Package, *events.Problem, error) {
	return c.policy, events.Package{Product: "app", ProductVersion: "2.0", PackageVersion: "1", Name: "The App", Metadata: true, Background: true, Dirs: []string{"/opt/app"},
		Command: []string{"./setup"}, Uninstall: []string{"./remove"}, ExitCodes: events.ExitCodes{OK: []int{0}}}, nil, nil
}
func (c *client) Begun(context.Context, string) (bool, error) { return c.began, nil }
func (c *client) Start(_ context.Context, w fsm.RunInstaller) (events.InstallerStarted, error) {
	c.began = true
	return events.InstallerStarted{Token: w.Token, Supervisor: events.ProcessID{PID: 8, Start: 8}, Installer: events.ProcessID{PID: 9, Start: 9}}, nil
}
func (c *client) Wait(_ context.Context, w fsm.WaitInstaller, _ func(string) error) (events.InstallerEnded, bool, error) {
	return events.InstallerEnded{Token: w.Token}, false, nil
}
func (c *client) Probe(context.Context, string) (effects.Fate, error) {
	return effects.Fate{}, errors.New("nothing was lost")
}
func (c *client) Remove(string) error { return nil }
func (c *client) Detect(context.Context, events.Package, events.Action, string) events.Detection {
	return events.Detection{Known: true, Installed: true, Version: "2.0", Matches: true}
}
func (c *client) Report(_ context.Context, r events.Report, _ events.Request, done func() error) error {
	c.mu.Lock()
	c.reports = append(c.reports, fmt.Sprintf("%s %s", r.ActionResult, r.ActionProgress))
	c.mu.Unlock()
	return done()
}

// core brings answers in as the daemon does.
type core struct{ e *engine.Engine }

func (c core) Deliver(ctx context.Context, actor string, in events.Input) error {
	_, err := c.e.Submit(ctx, actor, in)
	return err
}

// state is what the core knows of the product.
func (c *client) state() (phase events.Phase, reason events.Reason, defers, unanswered int) {
	c.engine.View(func(v *fsm.Client) {
		p := v.Product("app")
		phase = p.Phase
		if p.Wait != nil {
			reason = p.Wait.Reason
		}
		defers, unanswered = p.Counter().Defers, p.Counter().Unanswered
	})
	return phase, reason, defers, unanswered
}

// TestWholeWay: nobody of ours is there. A product is asked about by opsiclientd's
// dialog: let pass, which is charged to nobody; taken away by a newer one, likewise;
// put off; and agreed to. Only then its program is closed, and it is installed. The
// policy would close the program of whoever let a window pass.
func TestWholeWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		c := &client{start: time.Now(), open: true}
		c.policy, _ = policy.Resolve()
		c.policy.DefaultAction, c.policy.DialogTimeout, c.policy.PromptInterval = events.ChoiceKill, 5*events.Minute, 0
		table, err := fsm.NewTable()
		if err != nil {
			t.Fatal(err)
		}
		if c.engine, err = engine.New(engine.Options{Log: c, Clock: c, Table: table, Build: "test"}); err != nil {
			t.Fatal(err)
		}
		desk, err := prompts.New(prompts.Config{Core: core{c.engine}, Clock: c, Key: bytes.Repeat([]byte{7}, 32), StandIn: r.front})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		over := make(chan error, 1)
		go func() {
			over <- c.engine.Run(ctx, &effects.Workers{Timer: c, Looker: c, Packages: c, Asker: desk, Closer: c, Installer: c, Detector: c, Reporter: c},
				engine.Opening{StoreID: "00000000000000000000000000000001"})
		}()
		defer func() { stop(); <-over }()
		row := events.Report{ProductID: "app", ProductType: "LocalbootProduct", InstallationStatus: events.StatusInstalled, ActionRequest: events.ActionSetup,
			ActionResult: events.ResultNone, LastAction: events.ActionNone}
		if _, err := c.engine.Submit(ctx, "source", events.RequestsObserved{Trigger: "start", Requests: []events.Request{{Row: row, ProductVersion: "2.0", PackageVersion: "1"}}}); err != nil {
			t.Fatal(err)
		}
		want := func(when string, reason events.Reason, defers, unanswered int) {
			t.Helper()
			time.Sleep(time.Second)
			if phase, why, d, u := c.state(); phase != events.PhaseDeferred || why != reason || d != defers || u != unanswered || c.closed > 0 {
				t.Fatalf("%s: %s, %s, %d defers, %d unanswered, %d programs closed", when, phase, why, d, u, c.closed)
			}
		}
		s := <-r.dialogs
		if s.Timeout > 300 || s.Timeout < 290 {
			t.Errorf("the dialog has %d seconds", s.Timeout)
		}
		time.Sleep(5*time.Minute + time.Second)
		want("let pass", events.ReasonUnanswered, 0, 1)
		s = <-r.dialogs
		time.Sleep(time.Minute)
		close(s.newer)
		r.set(func() { r.current = nil })
		want("taken away", events.ReasonUnanswered, 0, 2)
		s = <-r.dialogs
		time.Sleep(time.Minute)
		s.press(t, "defer")
		want("put off", events.ReasonUser, 1, 2)
		s = <-r.dialogs
		time.Sleep(time.Minute)
		s.press(t, "close")
		time.Sleep(time.Minute)
		if phase, _, _, _ := c.state(); phase != events.PhaseReported || c.closed != 1 || !c.began || !slices.Contains(c.reports, "successful ") {
			t.Errorf("agreed to: %s, %d closed, installed %v, reports %q", phase, c.closed, c.began, c.reports)
		}
	})
}
