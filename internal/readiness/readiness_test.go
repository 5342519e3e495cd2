// SPDX-License-Identifier: Apache-2.0

package readiness

import (
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

func wanted() events.Request {
	return events.Request{ProductVersion: "2.0", PackageVersion: "1", Requires: []string{"java"}, Row: events.Report{ProductID: "firefox",
		ProductType: "LocalbootProduct", InstallationStatus: events.StatusInstalled, ActionRequest: events.ActionSetup, ActionResult: events.ResultNone,
		LastAction: events.ActionNone, ProductVersion: "1.0", PackageVersion: "1"}}
}

func pack() events.Package {
	return events.Package{Name: "Firefox", Metadata: true, Background: true, Command: []string{"setup"}, ExitCodes: events.ExitCodes{OK: []int{0}}}
}

// machine is one with sessions, each with one program of its own that runs.
func machine(owners ...string) events.Observation {
	o := events.Observation{Scanned: true, Complete: true, SessionsKnown: true, ResumedMS: -1}
	for i, owner := range owners {
		s := string(rune('1' + i))
		o.Sessions = append(o.Sessions, events.Session{ID: s, Owner: owner, User: events.Secret("x"), Kind: "graphical", Agent: true, IdleMS: -1, UnlockedMS: -1})
		o.Programs = append(o.Programs, events.Process{ProcessID: events.ProcessID{PID: 100 + i, Start: 1}, Name: "firefox", Path: events.Plain("/opt/firefox/firefox"),
			Owner: owner, Session: s, Class: events.ClassNamed, Rule: "processes: firefox"})
	}
	return o
}

// TestRound: each answer is the core's own.
func TestRound(t *testing.T) {
	quiet := machine("uid:1000")
	quiet.Programs = nil
	strangers := machine("uid:1000")
	strangers.Programs[0].Owner, strangers.Programs[0].Session = "uid:33", ""
	nobody := machine()
	alone := machine("uid:1000")
	alone.Sessions = nil
	blind := machine("uid:1000")
	blind.Complete, blind.Reason = false, "permission denied"
	for _, c := range []struct {
		name   string
		policy func(*events.Policy)
		pkg    func(*events.Package)
		seen   events.Observation
		would  Would
		reason events.Reason
		asks   int
	}{
		{"nothing runs", nil, nil, quiet, Installs, "", 0},
		{"nobody there", nil, nil, nobody, Installs, "", 0},
		{"one person", nil, nil, machine("uid:1000"), Asks, "", 1},
		{"two people", nil, nil, machine("uid:1000", "uid:1001"), Asks, "", 2},
		{"never ask", func(p *events.Policy) { p.DialogTimeout = 0 }, nil, machine("uid:1000"), Waits, events.ReasonNotAsked, 0},
		{"switched off", func(p *events.Policy) { p.Active = false }, nil, machine("uid:1000"), Waits, events.ReasonInactive, 0},
		{"a program of somebody who is not there", nil, nil, strangers, Waits, events.ReasonOwnerAway, 0},
		{"a program and nobody there", nil, nil, alone, Waits, events.ReasonAlone, 0},
		{"a program, nobody there, and it may be closed", func(p *events.Policy) { p.AloneAction = events.Kill }, nil, alone, Closes, "", 0},
		{"no metadata and people", nil, func(p *events.Package) { p.Metadata = false }, quiet, Waits, events.ReasonNoMetadata, 0},
		{"no metadata and nobody", nil, func(p *events.Package) { p.Metadata = false }, nobody, Installs, "", 0},
		{"no metadata, installed all the same", func(p *events.Policy) { p.WithoutMeta = events.Install }, func(p *events.Package) { p.Metadata = false }, quiet, Installs, "", 0},
		{"not in the background and people", nil, func(p *events.Package) { p.Background = false }, quiet, Waits, events.ReasonNotBackground, 0},
		{"no command", nil, func(p *events.Package) { p.Command = nil }, quiet, Waits, events.ReasonDefect, 0},
		{"not all can be seen", nil, nil, blind, Waits, events.ReasonUnknown, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			policy, pkg := events.DefaultPolicy(), pack()
			if c.policy != nil {
				c.policy(&policy)
			}
			if c.pkg != nil {
				c.pkg(&pkg)
			}
			a, err := Round(wanted(), policy, pkg, nil, c.seen)
			if err != nil || a.Would != c.would || a.Reason != c.reason || len(a.Asks) != c.asks {
				t.Errorf("%+v, %v", a, err)
			}
			for _, ask := range a.Asks {
				if len(ask.Programs) != 1 || ask.Programs[0].Owner != ask.Owner {
					t.Errorf("%s is asked for %v", ask.Owner, ask.Programs)
				}
			}
		})
	}
	a, err := Round(wanted(), events.DefaultPolicy(), events.Package{}, &events.Problem{Code: "metadata_invalid", Message: "line 7"}, machine("uid:1000"))
	if err != nil || a.Would != Waits || a.Reason != events.ReasonDefect || a.Detail != "line 7" {
		t.Errorf("%+v, %v", a, err)
	}
}

// TestStateOf judges how a package was read.
func TestStateOf(t *testing.T) {
	defect := &events.Problem{Code: "metadata_invalid"}
	for _, c := range []struct {
		pkg      func(*events.Package)
		problem  *events.Problem
		mistakes []tomlfile.Mistake
		action   events.Action
		want     State
	}{
		{nil, nil, nil, events.ActionSetup, Capable},
		{nil, nil, nil, events.ActionUninstall, NoCommand},
		{func(p *events.Package) { p.Metadata = false }, nil, nil, events.ActionSetup, NoMetadata},
		{func(p *events.Package) { p.Background = false }, nil, nil, events.ActionSetup, NotBackground},
		{nil, &events.Problem{Code: metadata.CodeMissing}, nil, events.ActionSetup, NoPackage},
		{nil, defect, []tomlfile.Mistake{{Code: "other"}}, events.ActionSetup, Defect},
		{nil, defect, []tomlfile.Mistake{{Code: "other"}, {Code: metadata.CodeUnsafe}}, events.ActionSetup, Unsafe},
	} {
		p := pack()
		if c.pkg != nil {
			c.pkg(&p)
		}
		if got := StateOf(p, c.problem, c.mistakes, c.action); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}
