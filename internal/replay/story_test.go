// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// machine is a computer of one office, told line by line. It records what the
// real engine would record: seal, decide, encode, fold.
type machine struct {
	t      testing.TB
	c      *fsm.Client
	codec  *events.Codec
	lines  [][]byte
	sum    string
	wall   time.Time
	boot   int
	bootMS int64
	salts  int

	people   []events.Session
	programs []events.Process
	pid      int
}

func newMachine(t testing.TB) *machine {
	t.Helper()
	table, err := fsm.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	return &machine{t: t, c: fsm.New(table), codec: events.NewCodec(), boot: 1, bootMS: 60_000, pid: 4000,
		wall: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)}
}

// comesIn records an input; one that the core refuses fails the test.
func (m *machine) comesIn(actor string, in events.Input) {
	m.t.Helper()
	m.passes(time.Second)
	seq := m.c.Seq + 1
	in, private := events.Seal(in, seq, func() string { m.salts++; return fmt.Sprintf("salt%d", m.salts) })
	s := events.Stamped{Input: in, Actor: actor, Wall: m.wall, Boot: fmt.Sprintf("boot-%d", m.boot), BootMS: m.bootMS}
	did, err := fsm.Decide(m.c, s)
	if err != nil {
		m.t.Fatalf("record %d, %s by %s: %v", seq, events.InputName(in), actor, err)
	}
	m.record(s, did, private)
}

func (m *machine) record(s events.Stamped, did []events.Event, private map[string]events.Part) {
	m.t.Helper()
	r := events.Record{V: events.Format, Seq: m.c.Seq + 1, Products: []string{}, At: s.Wall, Boot: s.Boot, BootMS: s.BootMS,
		Actor: s.Actor, Build: "test", Rules: m.c.Rules, Prev: m.sum, Private: private, Events: []events.Message{}}
	var err error
	if r.Input, err = events.EncodeInput(s.Input); err != nil {
		m.t.Fatal(err)
	}
	for _, e := range did {
		msg, err := events.EncodeEvent(e)
		if err != nil {
			m.t.Fatal(err)
		}
		r.Events = append(r.Events, msg)
		if id := e.About(); id != "" && !slices.Contains(r.Products, id) {
			r.Products = append(r.Products, id)
		}
	}
	slices.Sort(r.Products)
	line, err := r.Encode()
	if err != nil {
		m.t.Fatal(err)
	}
	step, err := m.codec.Open(r)
	if err != nil {
		m.t.Fatal(err)
	}
	fsm.Apply(m.c, step)
	m.lines, m.sum = append(m.lines, line), r.Sum
}

// passes lets time go by.
func (m *machine) passes(d time.Duration) {
	m.wall, m.bootMS = m.wall.Add(d), m.bootMS+d.Milliseconds()
}

// ticket is that of the work due for a product.
func (m *machine) ticket(k events.Kind, product string) events.Ticket {
	m.t.Helper()
	for _, e := range fsm.Due(m.c) {
		if e.Ticket.Kind == k && e.Ticket.Product == product {
			return e.Ticket
		}
	}
	m.t.Fatalf("after record %d no %s is due for %q, only %v", m.c.Seq, k, product, fsm.Due(m.c))
	return events.Ticket{}
}

func (m *machine) seen(programs bool) events.Observation {
	o := events.Observation{SessionsKnown: true, Sessions: slices.Clone(m.people), ResumedMS: -1}
	if programs {
		o.Scanned, o.Complete, o.Programs = true, true, slices.Clone(m.programs)
	}
	return o
}

func (m *machine) isSetUp() {
	m.comesIn("daemon", events.StoreOpened{StoreID: "5f2c"})
	m.restarts(true)
}

func (m *machine) restarts(clean bool) {
	m.comesIn("daemon", events.Restarted{Clean: clean, Seen: m.seen(false)})
}

func (m *machine) reboots() {
	m.boot++
	m.wall = m.wall.Add(90 * time.Second)
	m.bootMS = 30_000
	m.programs = nil
	m.restarts(false)
}

func (m *machine) logsIn(user string) {
	m.people = append(m.people, events.Session{ID: "c-" + user, Owner: "uid:" + user, User: events.Secret(user), Kind: "graphical",
		Agent: true, UnlockedMS: -1})
}

func (m *machine) starts(user, program, path string) {
	m.pid++
	m.programs = append(m.programs, events.Process{ProcessID: events.ProcessID{PID: m.pid, Start: int64(m.pid) * 100}, Name: program,
		Path: events.Secret(path), Owner: "uid:" + user, Session: "c-" + user, Class: events.ClassWindow, Rule: "dir /opt/" + program})
}

func (m *machine) programsEnd() { m.programs = nil }

func row(product string, a events.Action) events.Report {
	return events.Report{ProductID: product, ProductType: "LocalbootProduct", InstallationStatus: events.StatusInstalled,
		ActionRequest: a, ActionResult: events.ResultSuccessful, LastAction: events.ActionSetup, ProductVersion: "1.0", PackageVersion: "1"}
}

func (m *machine) adminWants(a events.Action, product string, requires ...string) {
	m.comesIn("source", events.RequestsObserved{Trigger: "poll", Requests: []events.Request{
		{Row: row(product, a), ProductVersion: "2.0", PackageVersion: "1", Requires: requires}}})
}

func (m *machine) adminWithdraws(product string) {
	m.comesIn("source", events.RequestsObserved{Trigger: "poll", Requests: []events.Request{{Row: row(product, events.ActionNone)}}})
}

func pack(product string) events.Package {
	return events.Package{Product: product, ProductVersion: "2.0", PackageVersion: "1", Name: "Example " + product, Metadata: true,
		Background: true, Dirs: []string{"/opt/" + product}, Folder: "/depot/" + product + "/CLIENT_DATA",
		Command: []string{"/bin/sh", "setup.sh"}, Uninstall: []string{"/bin/sh", "remove.sh"}, Repeatable: true,
		ExitCodes: events.ExitCodes{OK: []int{0}, Reboot: []int{3010}, Retry: []int{1618}},
		Detect:    &events.Detect{Kind: "file", Name: "/opt/" + product + "/VERSION"}, Digest: "00"}
}

func (m *machine) isPrepared(product string, change ...func(*events.Policy)) {
	p := events.DefaultPolicy()
	p.PromptInterval = 0
	p.Origin = map[string]string{"prompt_interval": "config"}
	for _, f := range change {
		f(&p)
	}
	m.comesIn("daemon", events.Prepared{For: m.ticket(events.KindPrepare, product), Policy: p, Package: pack(product)})
}

func (m *machine) isLookedAt(product string) {
	m.comesIn("daemon", events.ChecksObserved{For: m.ticket(events.KindRunChecks, product), Seen: m.seen(true)})
}

func (m *machine) windowIsShown(product string) {
	m.comesIn("uid:user", events.WindowShown{For: m.ticket(events.KindAskUsers, product)})
}

func (m *machine) answers(user, product string, c events.Choice) {
	m.t.Helper()
	m.passes(10 * time.Second)
	m.comesIn("uid:"+user, events.UserAnswered{Window: m.c.Product(product).Window.ID, Session: "c-" + user, Seen: m.c.Seq, Choice: c})
}

// waitEnds lets the time until the next wake-up pass.
func (m *machine) waitEnds(product string) {
	m.t.Helper()
	t := m.ticket(events.KindWakeAt, product)
	for _, e := range fsm.Due(m.c) {
		if w, ok := e.Work.(fsm.WakeAt); ok && e.Ticket == t {
			m.passes(time.Duration(max(w.At.Clock-m.c.Clock.Now, 0)) * time.Millisecond)
		}
	}
	m.comesIn("daemon", events.TimeCame{For: t, Seen: m.seen(false)})
}

func (m *machine) programsAreClosed(product string) {
	m.programsEnd()
	m.passes(3 * time.Second)
	m.comesIn("daemon", events.CloseObserved{For: m.ticket(events.KindClosePrograms, product), Seen: m.seen(true)})
}

func (m *machine) installerStarts(product string) {
	m.comesIn("daemon", events.InstallerStarted{Token: m.c.Product(product).Attempt.Token,
		Supervisor: events.ProcessID{PID: 900, Start: 90000}, Installer: events.ProcessID{PID: 901, Start: 90100}})
}

func (m *machine) installerEnds(product string, exit int) {
	m.passes(20 * time.Second)
	m.comesIn("daemon", events.InstallerEnded{Token: m.c.Product(product).Attempt.Token, Exit: exit, TookMS: 20_000})
}

func (m *machine) isFound(product, version string) {
	m.comesIn("daemon", events.InstallVerified{For: m.ticket(events.KindVerifyInstall, product),
		Found: events.Detection{Known: true, Installed: true, Version: version, Matches: version == "2.0"}})
}

func (m *machine) reportIsAccepted(product string) {
	m.comesIn("source", events.ReportAnswered{For: m.ticket(events.KindSendReport, product), Report: m.c.Product(product).Want, Accepted: true})
}

// installs is an installation without trouble, from the start to the report.
func (m *machine) installs(product string) {
	m.installerStarts(product)
	m.reportIsAccepted(product)
	m.installerEnds(product, 0)
	m.isFound(product, "2.0")
	m.reportIsAccepted(product)
}

func (m *machine) checkpoint() { m.comesIn("daemon", events.CheckpointWanted{}) }
