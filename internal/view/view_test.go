// SPDX-License-Identifier: Apache-2.0

package view

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) // of the last record

func client(t *testing.T) *fsm.Client {
	t.Helper()
	table, err := fsm.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	c := fsm.New(table)
	c.StoreID, c.Seq = "5f2c", 17
	c.Clock = fsm.Clock{Now: 1000 * int64(events.Day), Wall: noon, Boot: "b1", BootMS: 500}
	return c
}

// ago is a moment before the last record.
func ago(c *fsm.Client, s events.Span) events.Moment {
	return events.Moment{Clock: c.Clock.Now - int64(s), Wall: c.Clock.Wall.Add(-s.Duration())}
}

func put(c *fsm.Client, id string, change func(*fsm.Product)) {
	p := &fsm.Product{ID: id, Phase: events.PhaseDeferred, Run: 1, Prepared: true, Policy: events.DefaultPolicy(), Since: ago(c, events.Hour),
		Request: events.Request{Row: events.Report{ProductID: id, ActionRequest: events.ActionSetup}, ProductVersion: "2", PackageVersion: "1"}}
	change(p)
	c.Products[id] = p
}

// TestOverdue holds each rule at its limit and one step beyond.
func TestOverdue(t *testing.T) {
	wait := func(r events.Reason, age events.Span) func(*fsm.Client) func(*fsm.Product) {
		return func(c *fsm.Client) func(*fsm.Product) {
			return func(p *fsm.Product) { p.Wait = &fsm.Wait{Reason: r, Since: ago(c, age)} }
		}
	}
	unanswered := func(n int) func(*fsm.Client) func(*fsm.Product) {
		return func(*fsm.Client) func(*fsm.Product) {
			return func(p *fsm.Product) {
				p.Counters = map[events.Action]fsm.Counter{events.ActionSetup: {Unanswered: n}}
			}
		}
	}
	runs := func(age events.Span) func(*fsm.Client) func(*fsm.Product) {
		return func(c *fsm.Client) func(*fsm.Product) {
			return func(p *fsm.Product) {
				p.Phase = events.PhaseInstalling
				p.Attempt = &fsm.Attempt{N: 1, Stage: fsm.StageBegun, Since: ago(c, age)}
			}
		}
	}
	atLimit := func(make func(*fsm.Client) func(*fsm.Product)) func(*fsm.Client) func(*fsm.Product) {
		return func(c *fsm.Client) func(*fsm.Product) {
			change := make(c)
			return func(p *fsm.Product) { change(p); p.Policy.MaxDefer = 0 }
		}
	}
	for _, c := range []struct {
		name string
		make func(*fsm.Client) func(*fsm.Product)
		want string
	}{
		{"held 14 days", wait(events.ReasonNoMetadata, 14*events.Day), ""},
		{"held longer", wait(events.ReasonNoMetadata, 14*events.Day+1), "held for more than 14 days"},
		{"not in background", wait(events.ReasonNotBackground, 15*events.Day), "held for more than 14 days"},
		{"a defect", wait(events.ReasonDefect, 15*events.Day), "held for more than 14 days"},
		{"an order", wait(events.ReasonHeld, 15*events.Day), "held for more than 14 days"},
		{"later", wait(events.ReasonUser, 100*events.Day), ""},
		{"alone a day", wait(events.ReasonAlone, events.Day), ""},
		{"alone longer", wait(events.ReasonAlone, events.Day+1), "nobody is there, but a program has kept the installer waiting for more than 24 hours"},
		{"refuses, later is left", wait(events.ReasonRefused, 2*events.Day), ""},
		{"refuses at the limit", atLimit(wait(events.ReasonRefused, 2*events.Day)), "later is used up, but the programs could not be closed for more than 24 hours"},
		{"unanswered 19 times", unanswered(19), ""},
		{"unanswered 20 times", unanswered(20), "nobody saw the question 20 times"},
		{"installer 3 hours", runs(3 * events.Hour), ""},
		{"installer longer", runs(3*events.Hour + 1), "the installer has run for more than 3 hours"},
	} {
		cl := client(t)
		put(cl, "editor", c.make(cl))
		doc, ok := AtLast(cl).Product("editor")
		if !ok || doc.OverdueWhy != c.want || doc.Overdue != (c.want != "") {
			t.Errorf("%s: %q, want %q", c.name, doc.OverdueWhy, c.want)
		}
		if done := cl.Product("editor"); done != nil {
			done.Outcome = events.OutcomeOK
			if doc, _ := AtLast(cl).Product("editor"); doc.Overdue {
				t.Errorf("%s: overdue although it is done", c.name)
			}
		}
	}
}

// TestLiveClock lets time pass without a record: a live view ages, within a boot
// by the machine's time whatever the wall clock says, across boots by the wall.
func TestLiveClock(t *testing.T) {
	c := client(t)
	put(c, "editor", func(p *fsm.Product) { p.Wait = &fsm.Wait{Reason: events.ReasonAlone, Since: ago(c, 0)} })
	for _, x := range []struct {
		now  events.Stamped
		want bool
	}{
		{events.Stamped{Wall: noon, Boot: "b1", BootMS: 500}, false},
		{events.Stamped{Wall: noon.Add(72 * time.Hour), Boot: "b1", BootMS: 600}, false},
		{events.Stamped{Wall: noon.Add(-72 * time.Hour), Boot: "b1", BootMS: 500 + int64(25*events.Hour)}, true},
		{events.Stamped{Wall: noon.Add(25 * time.Hour), Boot: "b2", BootMS: 1}, true},
		{events.Stamped{Wall: noon.Add(-time.Hour), Boot: "b2", BootMS: 1}, false},
	} {
		v := At(c, x.now)
		doc, _ := v.Product("editor")
		if doc.Overdue != x.want || !doc.At.Equal(x.now.Wall) {
			t.Errorf("%+v: overdue %v at %v", x.now, doc.Overdue, doc.At)
		}
	}
}

func TestProduct(t *testing.T) {
	c := client(t)
	c.Slot = "browser"
	put(c, "waiting", func(p *fsm.Product) {})
	put(c, "asked", func(p *fsm.Product) {
		p.Phase = events.PhasePrompting
		p.Window = &events.Window{ID: "asked#1.1", Opened: ago(c, 0), Deadline: ago(c, 0).Add(events.Minute), Choices: []events.Choice{events.ChoiceDefer, events.ChoiceKill},
			Default: events.ChoiceDefer, Asks: []events.Ask{{Session: "c1", Owner: "uid:1", Shown: true, Programs: []events.Process{{}, {}}}}}
	})
	put(c, "ended", func(p *fsm.Product) {
		p.Phase, p.Outcome, p.Why = events.PhaseInstalling, events.OutcomeFailed, "exit code 7"
		p.Attempt = &fsm.Attempt{N: 2, Token: "t", Stage: fsm.StageExited, Exit: 7, Meaning: "failed", Installer: events.ProcessID{PID: 9}}
		p.Row, p.Want = events.Report{ProductID: "ended", ProductVersion: "1"}, events.Report{ProductID: "ended", ProductVersion: "1", ActionResult: "failed"}
		p.ReportClass = "failing"
		p.Hold = &fsm.Hold{Reason: "exam", Actor: "uid:0", Since: ago(c, events.Hour)}
		p.Next = &events.Request{Row: events.Report{ActionRequest: events.ActionUninstall}}
	})
	v := AtLast(c)
	if _, ok := v.Product("nobody"); ok {
		t.Error("knows a product that is not there")
	}
	w, _ := v.Product("waiting")
	if w.Waits == nil || w.Waits.Reason != ReasonSlot || w.Waits.Detail != "browser" || w.Version != "2-1" || w.Defers.Max != 5 || len(w.Policy) != 20 {
		t.Errorf("%+v", w)
	}
	for _, p := range w.Policy {
		if p.Origin != "built-in" || p.Value == nil {
			t.Errorf("%+v", p)
		}
	}
	a, _ := v.Product("asked")
	if a.Waits != nil || a.Window == nil || a.Window.Default != "defer" || a.Window.Asks[0].Programs != 2 || !a.Window.Asks[0].Shown {
		t.Errorf("%+v", a)
	}
	e, _ := v.Product("ended")
	if e.Outcome == nil || e.Attempt == nil || e.Attempt.State != "ended" || *e.Attempt.Exit != 7 || e.Attempt.PID != 9 || e.Report.Accepted ||
		e.Report.Class != "failing" || e.Held == nil || e.Held.Actor != "uid:0" || e.Next.Action != "uninstall" || e.Installed != "1" {
		t.Errorf("%+v", e)
	}
	ps := v.Products()
	if len(ps.Products) != 3 || ps.Products[0].ID != "asked" || ps.Products[0].Policy != nil || ps.Seq != 17 {
		t.Errorf("%+v", ps)
	}
	s := v.Status()
	if s.Store.ID != "5f2c" || s.Slot != "browser" || s.Phases["prompting"] != 1 || s.Sessions == nil || s.Sources == nil {
		t.Errorf("%+v", s)
	}
}

// TestPrivateTexts come out only through an open Reveal whose parts prove nothing but hold the value.
func TestPrivateTexts(t *testing.T) {
	seen := events.Observation{Scanned: true, Complete: true, SessionsKnown: true,
		Programs: []events.Process{{ProcessID: events.ProcessID{PID: 4}, Name: "editor", Path: events.Secret("/home/user/editor"), Class: events.ClassNamed}},
		Sessions: []events.Session{{ID: "c1", User: events.Secret("user")}}}
	sealed, parts := events.Seal(events.ChecksObserved{Seen: seen}, 3, func() string { return "s" })
	for _, c := range []struct {
		name   string
		seen   events.Observation
		reveal Reveal
		want   string
	}{
		{"live, open", seen, Open(nil), "/home/user/editor"},
		{"log, open", sealed.(events.ChecksObserved).Seen, Open(parts), "/home/user/editor"},
		{"export", sealed.(events.ChecksObserved).Seen, Open(nil), ""},
	} {
		doc := Processes("editor", noon, c.seen, c.reveal)
		if got := doc.Processes[0]; got.Path != c.want || !got.Blocks || got.PID != 4 {
			t.Errorf("%s: %+v", c.name, got)
		}
		b, err := json.Marshal(Sessions(c.seen, c.reveal))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), "user") != (c.want != "") {
			t.Errorf("%s: %s", c.name, b)
		}
	}
}
