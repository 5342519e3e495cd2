// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

// The explorer walks every state the core can reach with small limits, offering
// each state whatever its own due work could bring back, at the time it was
// begun, at its deadline and after it, and the restarts, requests and orders
// that can come at any time. Two states are the same when everything a decision
// can depend on is the same but the absolute time.

// place is one reached state and how the walk got there.
type place struct {
	c      *Client
	wall   time.Time
	boot   string
	bootMS int64
	from   string // key of the state before
	by     string // input that led here
	edges  []edge
}

type edge struct {
	to     string
	by     string
	passed events.Span // time the input waited for
	world  bool        // a person, an operator or the machine changed something of their own accord
}

// offer is one input the outside may bring in a state.
type offer struct {
	name   string
	in     events.Input
	passed events.Span
	world  bool
	reboot bool
	ticket bool // answers live work: Decide must take it
}

type explorer struct {
	t        *testing.T
	policy   events.Policy
	products []string
	pkg      func(id string) events.Package
	people   bool // somebody may come, go and lock
	operator bool // holds, defers, requests at any time
	limit    int

	places map[string]*place
	queue  []string
}

func TestExplore(t *testing.T) {
	base := events.DefaultPolicy()
	base.MaxDefer, base.MaxRecheck, base.MaxAttempts, base.MaxUnanswered = 1, 1, 2, 2
	kill, fail, alone, never := base, base, base, base
	kill.DefaultAction, kill.RecheckAction = events.ChoiceKill, events.ChoiceKill
	fail.DefaultAction, fail.RecheckAction, fail.DeferAction, fail.Unanswered = events.ChoiceFail, events.ChoiceFail, events.ChoiceFail, events.ChoiceFail
	alone.AloneAction, alone.MaxDefer, alone.DeferAction, alone.MaxRecheck = events.Kill, 2, events.ChoiceDefer, 2
	never.DialogTimeout, never.MaxAttempts = 0, 1
	unasked := base
	unasked.DialogTimeout = 0
	urgent, dated := base, base
	urgent.Urgent, urgent.DeferInterval = true, 0
	dated.Deadline, dated.MaxDefer = "2026-03-03T12:00:00Z", 2 // the walk begins a day and three hours before
	plain := func(id string) events.Package { return testPackage(id, false, false) }
	rich := func(id string) events.Package { return testPackage(id, true, true) }
	for _, e := range []explorer{
		{policy: base, products: []string{"a"}, pkg: plain, people: true, operator: true, limit: 6_000},
		{policy: base, products: []string{"a"}, pkg: rich, people: true, operator: true, limit: 6_000},
		{policy: kill, products: []string{"a"}, pkg: rich, people: true, limit: 6_000},
		{policy: fail, products: []string{"a"}, pkg: plain, people: true, limit: 6_000},
		{policy: alone, products: []string{"a"}, pkg: plain, people: true, limit: 6_000},
		{policy: never, products: []string{"a"}, pkg: rich, people: true, operator: true, limit: 6_000},
		{policy: urgent, products: []string{"a"}, pkg: plain, people: true, limit: 6_000},
		{policy: dated, products: []string{"a"}, pkg: plain, people: true, operator: true, limit: 6_000},
		{policy: base, products: []string{"a", "b"}, pkg: plain, limit: 8_000},
		{policy: kill, products: []string{"a", "b"}, pkg: rich, limit: 8_000, people: true},
		{policy: unasked, products: []string{"a", "b"}, pkg: rich, limit: 8_000}, // few states of people, so more of attempts beside each other
	} {
		name := fmt.Sprintf("%v-%s-%s-%v", e.products, e.policy.DefaultAction, e.policy.DeferAction, e.pkg("a").Repeatable)
		t.Run(name, func(t *testing.T) {
			e.t = t
			if n, err := strconv.Atoi(os.Getenv("QUIETSETUP_EXPLORE")); err == nil {
				e.limit = n // 0 = every state there is: minutes, and gigabytes for two products
			} else if testing.Short() {
				e.limit = 1_000
			}
			e.walk()
			e.judge()
			t.Logf("%d states, %d steps", len(e.places), e.steps())
		})
	}
}

func testPackage(id string, repeatable, detect bool) events.Package {
	p := events.Package{Product: id, ProductVersion: "2", PackageVersion: "1", Name: id, Metadata: true, Background: true,
		Dirs: []string{"/opt/" + id}, Command: []string{"x"}, Uninstall: []string{"y"}, Repeatable: repeatable,
		ExitCodes: events.ExitCodes{OK: []int{0}, Retry: []int{1618}, Reboot: []int{3010}}}
	if detect {
		p.Detect = &events.Detect{Kind: "file", Name: "/x"}
	}
	return p
}

func (e *explorer) steps() int {
	n := 0
	for _, p := range e.places {
		n += len(p.edges)
	}
	return n
}

func (e *explorer) walk() {
	table, err := NewTable()
	if err != nil {
		e.t.Fatal(err)
	}
	e.places = map[string]*place{}
	first := &place{c: New(table), wall: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), boot: "b0", bootMS: 1000}
	first = e.step(first, offer{name: "birth", in: events.StoreOpened{StoreID: "s"}})
	for _, id := range e.products {
		first = e.step(first, offer{name: "request " + id, in: e.request(id, events.ActionSetup, "operator")})
	}
	e.add(first)
	for len(e.queue) > 0 && (e.limit == 0 || len(e.places) < e.limit) {
		key := e.queue[0]
		e.queue = e.queue[1:]
		p := e.places[key]
		for _, o := range e.offers(p) {
			if n := e.step(p, o); n != nil {
				n.from, n.by = key, o.name
				p.edges = append(p.edges, edge{to: e.add(n), by: o.name, passed: o.passed, world: o.world})
			}
		}
	}
}

func (e *explorer) add(p *place) string {
	k := key(p)
	if _, ok := e.places[k]; !ok {
		e.places[k] = p
		e.queue = append(e.queue, k)
	}
	return k
}

// step plays one input on a copy. nil = nothing was recorded.
func (e *explorer) step(p *place, o offer) *place {
	c := *p.c
	c.Products = maps.Clone(c.Products)
	n := &place{c: &c, wall: p.wall.Add(o.passed.Duration()), boot: p.boot, bootMS: p.bootMS + int64(o.passed)}
	if o.reboot {
		n.boot, n.bootMS = fmt.Sprint("b", c.Seq), 500
	}
	s := events.Stamped{Input: o.in, Actor: "x", Wall: n.wall, Boot: n.boot, BootMS: n.bootMS}
	did, err := Decide(p.c, s)
	if err != nil {
		if errors.Is(err, ErrInternal) || o.ticket && !errors.Is(err, ErrNothing) {
			e.t.Fatalf("%s: %v\n%s", o.name, err, e.trail(p))
		}
		return nil
	}
	e.checkStep(p, o, did)
	r := events.Record{Seq: c.Seq + 1, At: n.wall, Boot: n.boot, BootMS: n.bootMS, Actor: "x"}
	Apply(&c, events.Step{Record: r, In: o.in, Did: did})
	return n
}

// checkStep holds each single decision to what must never happen.
func (e *explorer) checkStep(p *place, o offer, did []events.Event) {
	for _, ev := range did {
		if p.c.Observe != nil {
			switch ev := ev.(type) {
			case events.WindowOpened, events.CloseAgreed, events.InstallCleared:
				e.t.Fatalf("%s in observe mode\n%s", events.EventName(ev), e.trail(p))
			case events.Deferred:
				if ev.Counted || ev.Reason == events.ReasonUnanswered {
					e.t.Fatalf("counted in observe mode\n%s", e.trail(p))
				}
			}
		}
		switch ev := ev.(type) {
		case events.InstallCleared:
			// What is half done goes on after its restart, whatever runs.
			if seen := observed(o.in); seen != nil && len(seen.Blocking()) > 0 && !p.c.Product(ev.Product).Resumes {
				e.t.Fatalf("installer cleared over a living program\n%s", e.trail(p))
			}
			for _, id := range e.products {
				if q := p.c.Product(id); id == ev.Product && q.Resumes && slices.Contains(p.c.Reboot, id) {
					e.t.Fatalf("a script goes on before the restart\n%s", e.trail(p))
				}
				if q := p.c.Product(id); id != ev.Product && q != nil && q.runs() && q.Attempt.Stalled == "" {
					e.t.Fatalf("installer cleared beside one that works\n%s", e.trail(p))
				}
			}
			if old := p.c.Product(ev.Product); old != nil && old.Attempt != nil && old.Attempt.Stage != StageExited {
				e.t.Fatalf("installer cleared beside an open attempt\n%s", e.trail(p))
			}
		case events.WindowOpened:
			q := p.c.Product(ev.Product)
			if last := q.Counter().Defers >= q.Policy.MaxDefer || q.Policy.Urgent || toDeadline(q, p.wall.Add(o.passed.Duration())) <= 0; ev.Window.Final != last {
				e.t.Fatalf("later is offered at the last time, or not before\n%s", e.trail(p))
			}
		case events.AttemptRepeated:
			if !p.c.Product(ev.Product).Package.Repeatable {
				e.t.Fatalf("installer repeated that must not be\n%s", e.trail(p))
			}
		case events.CloseAgreed:
			if seen := observed(o.in); seen != nil && slices.ContainsFunc(seen.Sessions, func(s events.Session) bool { return s.Locked }) && ev.Why == closeAnnounced {
				e.t.Fatalf("closing agreed in a locked session\n%s", e.trail(p))
			}
		}
	}
}

func observed(in events.Input) *events.Observation {
	switch in := in.(type) {
	case events.ChecksObserved:
		return &in.Seen
	case events.CloseObserved:
		return &in.Seen
	case events.TimeCame:
		return &in.Seen
	}
	return nil
}

// offers lists what the outside may bring in a state.
func (e *explorer) offers(p *place) []offer {
	var out []offer
	add := func(o offer) { out = append(out, o) }
	for _, d := range Due(p.c) {
		for _, o := range e.answers(p, d) {
			o.ticket = true
			o.name = d.Ticket.Product + " " + o.name
			add(o)
		}
	}
	for _, alive := range []bool{false, true} {
		in := events.Restarted{Seen: e.sessions("")}
		for _, id := range e.products {
			if a := p.c.Product(id).Attempt; a != nil {
				in.Attempts = append(in.Attempts, events.AttemptSeen{Token: a.Token, Alive: alive})
			}
		}
		add(offer{name: fmt.Sprint("restart alive=", alive), in: in, world: true})
		if !alive {
			add(offer{name: "reboot", in: in, world: true, reboot: true})
			add(offer{name: "reboot after a day", in: in, world: true, reboot: true, passed: events.Day})
		}
	}
	if !e.operator {
		return out
	}
	for _, id := range e.products {
		add(offer{name: "withdraw", in: e.request(id, events.ActionNone, "poll"), world: true})
		add(offer{name: "uninstall", in: e.request(id, events.ActionUninstall, "poll"), world: true})
		add(offer{name: "setup", in: e.request(id, events.ActionSetup, "poll"), world: true})
		add(offer{name: "defer", in: events.DeferRequested{Product: id}, world: true})
		add(offer{name: "resume", in: events.ResumeRequested{Product: id}, world: true})
		add(offer{name: "reset", in: events.ResetRequested{Product: id}, world: true})
		add(offer{name: "hold it", in: events.HoldRequested{Product: id}, world: true})
		add(offer{name: "release it", in: events.ReleaseRequested{Product: id}, world: true})
	}
	add(offer{name: "hold", in: events.HoldRequested{}, world: true})
	add(offer{name: "observe", in: events.ModeChosen{Observe: true}, world: true})
	add(offer{name: "observe no more", in: events.ModeChosen{}, world: true})
	add(offer{name: "release", in: events.ReleaseRequested{}, world: true})
	return out
}

// answers lists what one piece of due work may bring back, its failures too.
func (e *explorer) answers(p *place, d Effect) []offer {
	one := events.Process{ProcessID: events.ProcessID{PID: 1, Start: 1}, Name: "p", Owner: "uid:1", Class: events.ClassWindow}
	two := events.Process{ProcessID: events.ProcessID{PID: 2, Start: 2}, Name: "p", Owner: "uid:1", Class: events.ClassNamed}
	t := d.Ticket
	look := func(who string, ps ...events.Process) events.Observation {
		o := e.sessions(who)
		o.Scanned, o.Complete, o.Programs = true, true, ps
		return o
	}
	whos := []string{""}
	if e.people {
		whos = []string{"", "nobody", "locked", "unknown", "leaving"}
	}
	var out []offer
	switch w := d.Work.(type) {
	case Prepare:
		out = append(out, offer{name: "prepared", in: events.Prepared{For: t, Policy: e.policy, Package: e.pkg(t.Product)}})
		out = append(out, offer{name: "defect", in: events.Prepared{For: t, Problem: &events.Problem{Code: "nothing_fits"}}, world: true})
	case RunChecks:
		for _, who := range whos {
			out = append(out, offer{name: "look none " + who, in: events.ChecksObserved{For: t, Seen: look(who)}})
			out = append(out, offer{name: "look one " + who, in: events.ChecksObserved{For: t, Seen: look(who, one)}})
		}
		out = append(out, offer{name: "look blind", in: events.ChecksObserved{For: t, Seen: events.Observation{Scanned: true, Reason: "x"}}})
	case Watch:
		if !w.Programs {
			for _, who := range append(whos, "locked") {
				out = append(out, offer{name: "people " + who, in: events.ChecksObserved{For: t, Seen: e.sessions(who)}, world: true})
			}
			break
		}
		out = append(out, offer{name: "watch gone", in: events.ChecksObserved{For: t, Seen: look("")}, world: true})
		out = append(out, offer{name: "watch more", in: events.ChecksObserved{For: t, Seen: look("", one, two)}, world: true})
	case AskUsers:
		out = append(out, offer{name: "shown", in: events.WindowShown{For: t}}, offer{name: "unshown", in: events.WindowFailed{For: t, Reason: "no_agent"}})
		for _, c := range w.Window.Choices {
			out = append(out, offer{name: "answer " + string(c), in: events.UserAnswered{Window: t.Window, Session: t.Session, Seen: p.c.Seq, Choice: c}})
		}
	case WakeAt:
		wait := p.c.Until(w.At, events.Stamped{Wall: p.wall, Boot: p.boot, BootMS: p.bootMS})
		if wait > 0 {
			if n := e.step(p, offer{in: events.TimeCame{For: t, Seen: e.sessions("")}, passed: wait - 1}); n != nil {
				e.t.Fatalf("a moment came too early\n%s", e.trail(p))
			}
		}
		for _, who := range append(whos, "idle") {
			out = append(out, offer{name: "time " + who, in: events.TimeCame{For: t, Seen: e.sessions(who)}, passed: wait})
		}
		out = append(out, offer{name: "time late", in: events.TimeCame{For: t, Seen: e.sessions("")}, passed: wait + events.Hour})
	case ClosePrograms:
		out = append(out, offer{name: "closed", in: events.CloseObserved{For: t, Seen: look("")}},
			offer{name: "refused", in: events.CloseObserved{For: t, Seen: look("", w.Targets...)}},
			offer{name: "another", in: events.CloseObserved{For: t, Seen: look("", two)}},
			offer{name: "close locked", in: events.CloseObserved{For: t, NotTried: "locked", Seen: look("locked", w.Targets...)}, world: true},
			offer{name: "close just opened", in: events.CloseObserved{For: t, NotTried: "just_opened", Seen: look("", w.Targets...)}, world: true})
	case RunInstaller:
		out = append(out, offer{name: "started", in: events.InstallerStarted{Token: w.Token, Supervisor: events.ProcessID{PID: 9}}},
			offer{name: "last look", in: events.ChecksObserved{For: t, Seen: look("", one)}})
	case WaitInstaller:
		for _, exit := range []int{0, 1, 1618, 3010} {
			out = append(out, offer{name: fmt.Sprint("exit ", exit), in: events.InstallerEnded{Token: w.Token, Exit: exit}})
		}
		for _, says := range []string{meansDeferred, meansInterrupted, meansUntouched} {
			out = append(out, offer{name: "says " + says, in: events.InstallerEnded{Token: w.Token, Meaning: says}})
		}
		out = append(out, offer{name: "stalled", in: events.InstallerStalled{Token: w.Token, What: "a window"}, world: true},
			offer{name: "goes on", in: events.InstallerWentOn{Token: w.Token}, world: true})
		out = append(out, offer{name: "vanished", in: events.InstallProbed{For: t, Token: w.Token}})
	case ProbeInstall:
		out = append(out, offer{name: "probe never", in: events.InstallProbed{For: t, Token: w.Token, NeverStarted: true}, world: true},
			offer{name: "probe unclear", in: events.InstallProbed{For: t, Token: w.Token}},
			offer{name: "probe found", in: events.InstallProbed{For: t, Token: w.Token, Found: events.Detection{Known: true, Installed: true, Matches: true}}},
			offer{name: "probe absent", in: events.InstallProbed{For: t, Token: w.Token, Found: events.Detection{Known: true}}},
			offer{name: "probe alive", in: events.InstallerStarted{Token: w.Token}},
			offer{name: "probe ended", in: events.InstallerEnded{Token: w.Token}},
			offer{name: "probe ended, restart to come", in: events.InstallerEnded{Token: w.Token, Exit: 3010}},
			offer{name: "probe ended before the restart", in: events.InstallerEnded{Token: w.Token, Exit: 3010, Restarted: true}})
	case VerifyInstall:
		out = append(out, offer{name: "verified", in: events.InstallVerified{For: t, Found: events.Detection{Known: true, Installed: true, Matches: true}}},
			offer{name: "not there", in: events.InstallVerified{For: t, Found: events.Detection{Known: true}}})
	case SendReport:
		out = append(out, offer{name: "report ok", in: events.ReportAnswered{For: t, Report: w.Report, Accepted: true}},
			offer{name: "report failing", in: events.ReportAnswered{For: t, Report: w.Report, Class: "failing"}})
		if e.operator {
			out = append(out, offer{name: "report refused", in: events.ReportAnswered{For: t, Report: w.Report, Class: "refused"}})
		}
	}
	return out
}

func (e *explorer) sessions(who string) events.Observation {
	o := events.Observation{SessionsKnown: true, ResumedMS: -1}
	s := events.Session{ID: "c1", Owner: "uid:1", Kind: "graphical", UnlockedMS: -1}
	switch who {
	case "nobody":
		return o
	case "leaving":
		o.Leaving = true
		return o
	case "unknown":
		o.SessionsKnown = false
		return o
	case "locked":
		s.Locked = true
	case "idle":
		s.IdleMS = int64(events.Day)
	}
	o.Sessions = []events.Session{s}
	return o
}

func (e *explorer) request(id string, a events.Action, trigger string) events.Input {
	return events.RequestsObserved{Trigger: trigger, Requests: []events.Request{{
		Row:            events.Report{ProductID: id, ActionRequest: a, InstallationStatus: events.StatusNotInstalled, ActionResult: events.ResultNone},
		ProductVersion: "2", PackageVersion: "1"}}}
}

// toDeadline is how long it is to a product's deadline by the wall clock; none never comes.
func toDeadline(p *Product, wall time.Time) time.Duration {
	t, err := time.Parse(time.RFC3339, p.Policy.Deadline)
	if err != nil {
		return 1 << 62
	}
	return t.Sub(wall)
}

// key is what of a state decisions depend on, without absolute times and numbers.
func key(p *place) string {
	var b strings.Builder
	c := p.c
	pr := c.Presence
	absent := pr.empty() && c.Clock.Now-pr.Since.Clock >= int64(absence)
	fmt.Fprint(&b, c.Slot, c.Hold != nil, c.Observe != nil, pr.Known, pr.Sessions, pr.Leaving, absent, len(c.Reboot))
	for _, id := range slices.Sorted(maps.Keys(c.Products)) {
		q := c.Products[id]
		k := q.Counter()
		fmt.Fprint(&b, "|", id, q.Phase, min(q.Run, 2), q.Action(), q.Prepared, q.Scans, q.Rechecks, q.Returns, k.Defers, min(k.Unanswered, 2),
			q.Put, q.Outcome, q.Ran, q.Attempts, q.Starts > 0, q.Hold != nil, q.ReportClass, q.Want == q.Row, q.Unsure, len(q.Owed), q.Suspect, q.Touched, q.Resumes, q.Alone, slices.Contains(c.Reboot, id), ids(q.Blockers))
		if left := toDeadline(q, p.wall); q.Policy.Deadline != "" {
			fmt.Fprint(&b, "D", left <= 0, left <= time.Minute, left < q.Policy.DeferInterval.Duration())
		}
		if q.Wait != nil {
			_, other := c.Products[q.Wait.Detail]
			fmt.Fprint(&b, "w", q.Wait.Reason, other, q.Wait.Until.IsZero(), c.Clock.Now >= q.Wait.Until.Clock)
		}
		if w := q.Window; w != nil {
			fmt.Fprint(&b, "W", w.Final, w.Choices, w.Deadline.Clock-c.Clock.Now <= 0)
			for _, a := range w.Asks {
				fmt.Fprint(&b, a.Session, a.Shown, a.Lost, a.Answer, len(a.Programs))
			}
		}
		if q.Last != nil {
			fmt.Fprint(&b, "L", len(q.Last.Asks) > 0 && q.Last.Asks[0].Answer == events.ChoiceRecheck)
		}
		if a := q.Attempt; a != nil {
			fmt.Fprint(&b, "A", a.Stage, a.Meaning, a.Stalled != "", a.Beside, a.Awaits != "", a.Awaits == c.Clock.Boot)
		}
		if q.Closing != nil {
			fmt.Fprint(&b, "C", q.Closing.Why, len(q.Closing.Targets))
		}
		if q.Next != nil {
			fmt.Fprint(&b, "N", q.Next.Row.ActionRequest)
		}
		if last, ok := c.Prompted["c1"]; ok {
			fmt.Fprint(&b, "P", last.Product == id, last.Run == q.Run && last.Round == q.Round, c.Clock.Now-last.At.Clock >= int64(events.Hour))
		}
	}
	return b.String()
}

// judge holds the whole graph to what must be true of it.
func (e *explorer) judge() {
	for _, p := range e.places {
		e.judgeState(p)
	}
	e.reportedStaysReachable()
	e.noFreeCycle()
}

func (e *explorer) judgeState(p *place) {
	due := Due(p.c)
	tickets := map[events.Ticket]bool{}
	for _, d := range due {
		if tickets[d.Ticket] {
			e.t.Fatalf("two works under one ticket %v\n%s", d.Ticket, e.trail(p))
		}
		tickets[d.Ticket] = true
	}
	active := 0
	for _, id := range e.products {
		q := p.c.Product(id)
		k := q.Counter()
		if k.Defers > e.policy.MaxDefer || q.Rechecks > e.policy.MaxRecheck || q.Returns > maxReturns || q.Attempts > max(e.policy.MaxAttempts, 1) {
			e.t.Fatalf("a limit was passed: %+v\n%s", q, e.trail(p))
		}
		switch q.Phase {
		case events.PhaseChecking, events.PhasePrompting, events.PhaseKilling, events.PhaseInstalling:
			if q.Outcome == "" && !q.Attempt.Yields() {
				active++
				if p.c.Slot != id {
					e.t.Fatalf("%s works without the slot\n%s", id, e.trail(p))
				}
			}
		}
		if held := p.c.Hold != nil || q.Hold != nil; held && q.Open() {
			for _, d := range DueFor(p.c, id) {
				switch d.Ticket.Kind {
				case events.KindAskUsers, events.KindClosePrograms, events.KindRunInstaller, events.KindRunChecks, events.KindPrepare:
					e.t.Fatalf("%s is due under a hold\n%s", d.Ticket.Kind, e.trail(p))
				}
			}
		}
		if p.c.Observe != nil && q.Open() {
			for _, d := range DueFor(p.c, id) {
				switch d.Ticket.Kind {
				case events.KindAskUsers, events.KindClosePrograms, events.KindRunInstaller:
					e.t.Fatalf("%s is due in observe mode\n%s", d.Ticket.Kind, e.trail(p))
				case events.KindSendReport:
					if q.Starts == 0 && len(q.Owed) == 0 {
						e.t.Fatalf("a row is written in observe mode\n%s", e.trail(p))
					}
				}
			}
		}
		if (q.Phase == events.PhasePrompting && q.Outcome == "") != (q.Window != nil) {
			e.t.Fatalf("window and phase differ\n%s", e.trail(p))
		}
		if a := q.Attempt; a != nil && a.Beside && (p.c.Slot == "" || p.c.Slot == id) && a.Stalled == "" && a.Awaits == "" && q.Outcome == "" {
			e.t.Fatalf("%s could have the slot\n%s", id, e.trail(p))
		}
		if q.Attempt.Yields() && p.c.Slot == id {
			e.t.Fatalf("%s keeps the slot from others\n%s", id, e.trail(p))
		}
		if a := q.Attempt; a != nil && a.Awaits == p.boot || q.Waiting() && q.Wait != nil && q.Wait.Reason == events.ReasonReboot {
			continue // the machine has to restart
		}
		if q.Open() && len(due) == 0 && p.c.Hold == nil && q.Hold == nil {
			e.t.Fatalf("%s is open and nothing is due\n%s", id, e.trail(p))
		}
	}
	if active > 1 {
		e.t.Fatalf("two products work at once\n%s", e.trail(p))
	}
	if p.by == "restart alive=false" || strings.HasPrefix(p.by, "reboot") {
		for _, d := range due {
			if d.Ticket.Kind == events.KindWaitInstaller || d.Ticket.Kind == events.KindRunInstaller {
				e.t.Fatalf("%s is due after a restart without a living installer\n%s", d.Ticket.Kind, e.trail(p))
			}
		}
	}
}

func (e *explorer) reportedStaysReachable() {
	back := map[string][]string{}
	for k, p := range e.places {
		for _, g := range p.edges {
			back[g.to] = append(back[g.to], k)
		}
	}
	for _, id := range e.products {
		good := map[string]bool{}
		var queue []string
		for k, p := range e.places {
			if p.c.Product(id).Phase == events.PhaseReported || len(p.edges) == 0 { // the walk's own edge
				good[k] = true
				queue = append(queue, k)
			}
		}
		for len(queue) > 0 {
			k := queue[0]
			queue = queue[1:]
			for _, from := range back[k] {
				if !good[from] {
					good[from] = true
					queue = append(queue, from)
				}
			}
		}
		for k, p := range e.places {
			if !good[k] {
				e.t.Fatalf("%s can never be reported\n%s", id, e.trail(p))
			}
		}
	}
}

// noFreeCycle: without time passing and without a change of the world, no path
// comes back to where it was.
func (e *explorer) noFreeCycle() {
	const white, grey, black = 0, 1, 2
	color := map[string]int{}
	var path []string
	var visit func(k string)
	visit = func(k string) {
		color[k] = grey
		path = append(path, k)
		for _, g := range e.places[k].edges {
			if g.world || g.passed >= events.Minute || g.to == k {
				continue
			}
			if color[g.to] == grey {
				i := slices.Index(path, g.to)
				var how []string
				for _, at := range path[i:] {
					how = append(how, string(at))
				}
				e.t.Fatalf("free cycle by %q\n%s\n%s", g.by, strings.Join(how, "\n"), e.trail(e.places[k]))
			}
			if color[g.to] == white {
				visit(g.to)
			}
		}
		path = path[:len(path)-1]
		color[k] = black
	}
	for k := range e.places {
		if color[k] == white {
			visit(k)
		}
	}
}

// trail is how the walk got to a state.
func (e *explorer) trail(p *place) string {
	var out []string
	for q := p; q != nil && q.from != ""; q = e.places[q.from] {
		out = append(out, q.by)
	}
	slices.Reverse(out)
	return "after: " + strings.Join(out, "; ")
}
