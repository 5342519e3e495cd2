// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/source/opsi/opsitest"
)

// desktop is a machine with the real core on it: what the core wants done is done
// at once, reports go to the double of the server.
type desktop struct {
	*machine
	t       testing.TB
	core    *fsm.Client
	clock   time.Time
	up      time.Duration
	exit    int               // of the next installers
	running bool              // the program that is in the way
	found   *events.Detection // what a detection would find; nil = there is no rule
}

func newDesktop(t testing.TB, m *machine) *desktop {
	t.Helper()
	table, err := fsm.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	d := &desktop{machine: m, t: t, core: fsm.New(table), clock: time.Date(2030, 1, 1, 9, 0, 0, 0, time.UTC), up: time.Hour}
	d.feed(events.StoreOpened{StoreID: "s1"})
	return d
}

// feed decides and applies one input.
func (d *desktop) feed(in events.Input) {
	d.t.Helper()
	s := events.Stamped{Input: in, Actor: "daemon", Wall: d.clock, Boot: "boot", BootMS: d.up.Milliseconds()}
	did, err := fsm.Decide(d.core, s)
	if errors.Is(err, fsm.ErrNothing) || errors.Is(err, fsm.ErrStale) {
		return
	}
	if err != nil {
		d.t.Fatalf("%s: %v", events.InputName(in), err)
	}
	fsm.Apply(d.core, events.Step{Record: events.Record{V: events.Format, Seq: d.core.Seq + 1, At: d.clock, Boot: "boot", BootMS: s.BootMS, Actor: "daemon", Rules: d.core.Rules},
		In: in, Did: did})
}

// look is what the machine shows: somebody is there, and perhaps a program runs.
func (d *desktop) look() events.Observation {
	o := events.Observation{Scanned: true, Complete: true, SessionsKnown: true, ResumedMS: -1,
		Sessions: []events.Session{{ID: "c2", Owner: "uid:1000", User: events.Plain(""), Kind: "graphical", Agent: true, UnlockedMS: -1}}}
	if d.running {
		o.Programs = []events.Process{{ProcessID: events.ProcessID{PID: 7, Start: 70}, Name: "app", Path: events.Plain("/opt/p/app"), Owner: "uid:1000", Session: "c2", Class: events.ClassNamed, Rule: "process app"}}
	}
	return o
}

// poll brings in what the server wants.
func (d *desktop) poll(trigger string) {
	d.t.Helper()
	err := d.Poll(d.t.Context(), func(w Wanted) error {
		d.feed(events.RequestsObserved{Trigger: trigger, Requests: w.Requests, Order: w.Order})
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// work does what is due until only waiting is left.
func (d *desktop) work() {
	d.t.Helper()
	for range 200 {
		if !d.step() {
			return
		}
	}
	d.t.Fatal("there is no end to it")
}

func (d *desktop) step() bool {
	d.t.Helper()
	for _, e := range fsm.Due(d.core) {
		was := d.core.Seq
		switch w := e.Work.(type) {
		case fsm.Prepare:
			pkg := events.Package{Product: w.Product, Name: w.Product, Metadata: true, Background: true, Processes: []string{"app"}, Folder: "/depot/p",
				ProductVersion: w.Request.ProductVersion, PackageVersion: w.Request.PackageVersion,
				Command: []string{"./setup"}, Uninstall: []string{"./remove"}, ExitCodes: events.ExitCodes{OK: []int{0}}}
			if d.found != nil {
				pkg.Detect = &events.Detect{Kind: "file", Name: "/opt/p"}
			}
			d.feed(events.Prepared{For: e.Ticket, Policy: events.DefaultPolicy(), Package: pkg})
		case fsm.RunChecks:
			d.feed(events.ChecksObserved{For: e.Ticket, Seen: d.look()})
		case fsm.RunInstaller:
			d.feed(events.InstallerStarted{Token: w.Token, Supervisor: events.ProcessID{PID: 8, Start: 80}, Installer: events.ProcessID{PID: 9, Start: 90}})
		case fsm.WaitInstaller:
			d.feed(events.InstallerEnded{Token: w.Token, Exit: d.exit})
		case fsm.VerifyInstall:
			d.feed(events.InstallVerified{For: e.Ticket, Found: *d.found})
		case fsm.SendReport:
			err := d.Report(d.t.Context(), w.Report, w.Request, func() error {
				d.feed(events.ReportAnswered{For: e.Ticket, Report: w.Report, Accepted: true})
				return nil
			})
			if err != nil {
				d.t.Fatal(err)
			}
		}
		if d.core.Seq != was {
			return true
		}
	}
	return false
}

// later answers the open window with later.
func (d *desktop) later() {
	d.t.Helper()
	for _, e := range fsm.Due(d.core) {
		if _, asks := e.Work.(fsm.AskUsers); asks {
			d.feed(events.WindowShown{For: e.Ticket})
			d.feed(events.UserAnswered{Window: e.Ticket.Window, Session: e.Ticket.Session, Seen: d.core.Seq, Choice: events.ChoiceDefer})
			return
		}
	}
	d.t.Fatal("nobody is asked")
}

// pass lets time pass and tells everybody who waits for it.
func (d *desktop) pass(by time.Duration) {
	d.t.Helper()
	d.clock, d.up = d.clock.Add(by), d.up+by
	for _, e := range fsm.Due(d.core) {
		at, ok := e.Work.(fsm.WakeAt)
		if ok && d.core.Until(at.At, events.Stamped{Wall: d.clock, Boot: "boot", BootMS: d.up.Milliseconds()}) <= 0 {
			people := d.look()
			people.Scanned, people.Programs = false, nil
			d.feed(events.TimeCame{For: e.Ticket, Seen: people})
		}
	}
}

// TestCoreAndServer: the real core, each action, deferred twice and then done;
// after each step the row at the server is that of the life cycle.
func TestCoreAndServer(t *testing.T) {
	const untouched = "installed 1.0-1"
	m := start(t)
	m.server.AddProduct(opsitest.Product{ID: "p", Version: "2.0", Scripts: every()})
	for _, c := range []struct {
		action events.Action
		exit   int
		found  *events.Detection
		want   string
	}{
		{"setup", 0, nil, `successful none setup installed 2.0-1 ""`},
		{"setup", 1, nil, `failed none setup unknown 1.0-1 "exit code 1"`},
		{"update", 0, nil, `successful none update installed 2.0-1 ""`},
		{"update", 1, nil, `failed none update unknown 1.0-1 "exit code 1"`},
		{"uninstall", 0, nil, `successful none uninstall not_installed 2.0-1 ""`},
		{"uninstall", 1, nil, `failed none uninstall unknown 1.0-1 "exit code 1"`},
		{"always", 0, nil, `successful always always installed 2.0-1 ""`},
		{"always", 1, nil, `failed always always unknown 1.0-1 "exit code 1"`},
		{"once", 0, nil, `successful none once not_installed 2.0-1 ""`},
		{"once", 1, nil, `failed none once unknown 1.0-1 "exit code 1"`},
		{"custom", 0, nil, `successful none custom installed 1.0-1 ""`},
		{"custom", 1, nil, `failed none custom installed 1.0-1 "exit code 1"`},
		{"setup", 0, &events.Detection{Known: true, Installed: true, Matches: true, Version: "2.0"}, `successful none setup installed 2.0-1 ""`},
		{"setup", 0, &events.Detection{Known: true}, `failed none setup not_installed 1.0-1 "the installer reported success, but the product was not found"`},
	} {
		t.Run(fmt.Sprintf("%s-%d-%t", c.action, c.exit, c.found != nil), func(t *testing.T) {
			m.restart(t)
			m.server.Remove("productOnClient", opsitest.Object{"productId": "p"})
			m.server.Put(opsitest.Object{"type": "ProductOnClient", "productId": "p", "productType": localboot, "clientId": me, "installationStatus": "installed",
				"productVersion": "1.0", "packageVersion": "1", "lastAction": "none", "actionProgress": ""})
			m.server.Request(me, "p", string(c.action))
			d := newDesktop(t, m)
			d.exit, d.found, d.running = c.exit, c.found, true
			d.poll("start")
			d.work()
			for n := range 2 {
				d.later()
				d.work()
				m.shows(t, "p", fmt.Sprintf("none %s none %s %q", c.action, untouched, fmt.Sprintf("Deferred (user, %d of 5)", n+1)))
				m.server.Request(me, "p", string(c.action)) // set anew: the same run, and the progress was taken away
				d.pass(25 * time.Hour)
				d.poll("poll")
				d.running = n == 0
				d.work()
			}
			m.shows(t, "p", c.want)
			if p := d.core.Product("p"); p.Run != 1 || p.Phase != events.PhaseReported {
				t.Errorf("run %d is %s", p.Run, p.Phase)
			}
			d.poll("poll")
			d.work()
			if p := d.core.Product("p"); p.Run != 1 {
				t.Errorf("it began again: run %d", p.Run)
			}
		})
	}
}

// TestAskedAnew: an administrator sets the request again, or bumps the version, while
// the installer runs or its run is still to be reported: what is new is done, too, and once.
func TestAskedAnew(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(m *machine)
		runs int
		want string
	}{
		{"nothing", func(*machine) {}, 1, `successful none setup installed 2.0-1 ""`},
		{"another action", func(m *machine) { m.server.Request(me, "p", "uninstall") }, 2, `successful none uninstall not_installed 2.0-1 ""`},
		{"a new version", func(m *machine) { m.server.AddProduct(opsitest.Product{ID: "p", Version: "3.0"}) }, 2, `successful none setup installed 3.0-1 ""`},
		{"withdrawn", func(m *machine) { m.server.Request(me, "p", "none") }, 1, `successful none setup installed 2.0-1 ""`},
		{"the row is deleted", func(m *machine) { m.server.Remove("productOnClient", opsitest.Object{"productId": "p"}) }, 1, `successful none setup installed 2.0-1 ""`},
		{"the product is dropped", func(m *machine) { m.server.DropProduct("p") }, 1, `successful none setup installed 2.0-1 ""`},
	} {
		for name, reached := range map[string]func(*fsm.Product) bool{
			"while it runs":     func(p *fsm.Product) bool { return p.Attempt != nil && p.Attempt.Stage == fsm.StageBegun },
			"before it is told": func(p *fsm.Product) bool { return p.Outcome == events.OutcomeOK },
		} {
			t.Run(c.name+" "+name, func(t *testing.T) {
				m := start(t)
				m.server.AddProduct(opsitest.Product{ID: "p", Version: "2.0"})
				m.server.Request(me, "p", "setup")
				d := newDesktop(t, m)
				d.poll("start")
				for !reached(d.core.Product("p")) && d.step() {
				}
				if p := d.core.Product("p"); !reached(p) || p.Phase == events.PhaseReported {
					t.Fatalf("%+v", p)
				}
				c.do(m)
				d.poll("poll")
				for range 3 {
					d.work()
					d.pass(time.Hour)
					d.poll("poll")
				}
				d.work()
				m.shows(t, "p", c.want)
				if p := d.core.Product("p"); p.Run != c.runs {
					t.Errorf("%d runs, want %d", p.Run, c.runs)
				}
			})
		}
	}
}
