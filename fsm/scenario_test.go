// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

var rewrite = flag.Bool("rewrite", false, "write what the scenarios print into their files; read the diff before you keep it")

// TestScenarios plays the transcripts of testdata/scenarios: a line of command,
// what it led to indented below it. Lines beginning with # are prose.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			s := &scenario{world: newWorld(t)}
			var out strings.Builder
			for line := range strings.Lines(string(text)) {
				line = strings.TrimRight(line, "\n")
				if strings.HasPrefix(line, "    ") {
					continue
				}
				out.WriteString(line + "\n")
				if line == "" || strings.HasPrefix(line, "#") {
					continue
				}
				for _, l := range s.play(strings.Fields(line)) {
					out.WriteString("    " + l + "\n")
				}
			}
			s.sameAgain()
			if *rewrite {
				if err := os.WriteFile(f, []byte(out.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got := out.String(); got != string(text) {
				t.Errorf("%s plays differently now; run with -rewrite and read the diff.\n%s", f, firstDifference(string(text), got))
			}
		})
	}
}

func firstDifference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return fmt.Sprintf("line %d\n  file: %s\n  now:  %s", i+1, a[i], strings.Join(b[min(i, len(b)):min(i+3, len(b))], " / "))
		}
	}
	return "more lines now"
}

type scenario struct {
	*world
	added uint64 // record as of which the last window was read
}

// play carries out one command and returns what it led to.
func (s *scenario) play(f []string) []string {
	s.t.Helper()
	arg := func(i int) string {
		if i < len(f) {
			return f[i]
		}
		return ""
	}
	has := func(word string) bool { return slices.Contains(f, word) }
	switch f[0] {
	case "policy":
		for _, kv := range f[1:] {
			s.setPolicy(kv)
		}
		return nil
	case "package":
		p := s.pkg(f[1])
		p.Repeatable, p.Background, p.Metadata = has("repeatable"), !has("foreground"), !has("bare")
		if has("detect") {
			p.Detect = &events.Detect{Kind: "file", Name: "/opt/" + f[1] + "/version"}
		}
		p.ExitCodes.Reboot, p.ExitCodes.Retry = []int{3010}, []int{1618}
		s.packages[f[1]] = p
		return nil
	case "session": // session c2 anna [locked|idle|away]
		i := slices.IndexFunc(s.seen.Sessions, func(x events.Session) bool { return x.ID == f[1] })
		x := session(f[1], "uid:"+f[2])
		x.Locked, x.Away = has("locked"), has("away")
		if i := slices.Index(f, "idle"); i > 0 && i+1 < len(f) { // idle for a time
			d, err := time.ParseDuration(f[i+1])
			if err != nil {
				s.t.Fatal(err)
			}
			x.IdleMS = d.Milliseconds()
		}
		if f[len(f)-1] == "idle" {
			x.IdleMS = int64(24 * time.Hour / time.Millisecond)
		}
		if i < 0 {
			s.seen.Sessions = append(s.seen.Sessions, x)
		} else {
			s.seen.Sessions[i] = x
		}
		return nil
	case "logout":
		s.seen.Sessions = slices.DeleteFunc(s.seen.Sessions, func(x events.Session) bool { return x.ID == f[1] })
		return nil
	case "program": // program 4711 firefox anna [of product|shared]
		pid, _ := strconv.Atoi(f[1])
		rule := "dir /opt/" + f[2]
		if has("shared") {
			rule = "shared"
		}
		s.seen.Programs = append(slices.Clone(s.seen.Programs), proc(pid, f[2], "uid:"+f[3], rule))
		return nil
	case "end":
		pid, _ := strconv.Atoi(f[1])
		s.seen.Programs = slices.DeleteFunc(slices.Clone(s.seen.Programs), func(p events.Process) bool { return p.PID == pid })
		return nil
	case "unknown": // nobody can say who is there
		s.seen.SessionsKnown, s.seen.Sessions = false, nil
		return nil
	case "leaving": // a shutdown is announced, or called off
		s.seen.Leaving = !has("off")
		return nil
	case "fork":
		return s.tell("daemon", events.ForkObserved{Common: 1, Products: f[1:]}, "*")
	case "unreported": // the source cannot be reached, or refuses
		e := s.needDue(f[1], events.KindSendReport)
		return s.tell("source", events.ReportAnswered{For: e.Ticket, Report: e.Work.(SendReport).Report, Class: arg(2), Reason: "scenario"}, f[1])
	case "blind":
		s.seen.Complete, s.seen.Reason = false, "permission denied"
		return nil
	case "sighted":
		s.seen.Complete, s.seen.Reason = true, ""
		return nil
	case "wait":
		d, err := time.ParseDuration(f[1])
		if err != nil {
			s.t.Fatal(err)
		}
		s.pass(d)
		return s.wake()
	case "clock": // the wall clock is set, nothing passes
		d, err := time.ParseDuration(f[1])
		if err != nil {
			s.t.Fatal(err)
		}
		s.wall = s.wall.Add(d)
		return nil
	case "request": // request firefox setup 2.0 [requires java]
		r := s.request(f[1], events.Action(f[2]), arg(3))
		if i := slices.Index(f, "requires"); i > 0 {
			r.Requires = f[i+1:]
		}
		return s.tell("operator", events.RequestsObserved{Trigger: "operator", Requests: []events.Request{r}}, f[1])
	case "order": // order java app other requires app=java,lib: what the source wants, in its order
		o := events.Order{Requires: map[string][]events.Requirement{}}
		for i, w := range f[1:] {
			if w == "requires" {
				for _, kv := range f[i+2:] {
					later, all, _ := strings.Cut(kv, "=")
					for _, r := range strings.Split(all, ",") {
						first, status, _ := strings.Cut(r, ":") // java:installed
						o.Requires[later] = append(o.Requires[later], events.Requirement{Product: first, Status: status})
					}
				}
				break
			}
			o.Sequence = append(o.Sequence, w)
		}
		return s.tell("source", events.RequestsObserved{Trigger: "poll", Order: &o}, "")
	case "poll":
		return s.tell("source", events.RequestsObserved{Trigger: "poll", Requests: []events.Request{s.request(f[1], events.Action(f[2]), arg(3))}}, f[1])
	case "prepare":
		return s.tell("daemon", events.Prepared{For: s.needDue(f[1], events.KindPrepare).Ticket, Policy: s.policy, Package: s.pkg(f[1])}, f[1])
	case "defect":
		return s.tell("daemon", events.Prepared{For: s.needDue(f[1], events.KindPrepare).Ticket, Policy: s.policy,
			Problem: &events.Problem{Code: "metadata_unreadable", Message: "line 3: broken"}}, f[1])
	case "occupied":
		return s.tell("daemon", events.Prepared{For: s.needDue(f[1], events.KindPrepare).Ticket, Policy: s.policy,
			Problem: &events.Problem{Code: meansOccupied, Message: "opsi-script runs"}}, f[1])
	case "look":
		return s.tell("daemon", events.ChecksObserved{For: s.needDue(f[1], events.KindRunChecks).Ticket, Seen: s.look(f[1])}, f[1])
	case "check": // prepare and look, as long as it is due
		var out []string
		for range 6 {
			if _, ok := s.due(f[1], events.KindPrepare); ok {
				out = append(out, s.play([]string{"prepare", f[1]})...)
			} else if _, ok := s.due(f[1], events.KindRunChecks); ok {
				out = append(out, s.play([]string{"look", f[1]})...)
			}
		}
		return out
	case "watch":
		if f[1] == "people" {
			return s.tell("daemon", events.ChecksObserved{For: s.needDue("", events.KindWatch).Ticket, Seen: s.people()}, "")
		}
		return s.tell("daemon", events.ChecksObserved{For: s.needDue(f[1], events.KindWatch).Ticket, Seen: s.look(f[1])}, f[1])
	case "shown": // shown firefox c2
		s.added = s.c.Seq
		return s.tell("daemon", events.WindowShown{For: s.askOf(f[1], f[2])}, f[1])
	case "unshown":
		return s.tell("daemon", events.WindowFailed{For: s.askOf(f[1], f[2]), Reason: "no_agent"}, f[1])
	case "answer": // answer firefox c2 later
		word := map[string]events.Choice{"later": events.ChoiceDefer, "again": events.ChoiceRecheck, "close": events.ChoiceKill}[f[3]]
		p := s.c.Product(f[1])
		id := ""
		if p.Window != nil {
			id = p.Window.ID
		} else if p.Last != nil {
			id = p.Last.ID
		}
		owner := ""
		for _, x := range s.seen.Sessions {
			if x.ID == f[2] {
				owner = x.Owner
			}
		}
		// What was on the screen: the newest list, or with "stale" the one before.
		seen := s.c.Seq
		if has("stale") {
			seen = s.added
		}
		return s.tell(owner, events.UserAnswered{Window: id, Session: f[2], Seen: seen, Choice: word}, f[1])
	case "closed": // closed firefox [locked|just_opened]
		return s.tell("daemon", events.CloseObserved{For: s.needDue(f[1], events.KindClosePrograms).Ticket, NotTried: arg(2), Seen: s.look(f[1])}, f[1])
	case "start":
		run := s.needDue(f[1], events.KindRunInstaller)
		if !run.Work.(RunInstaller).Resumes && len(s.look(f[1]).Blocking()) > 0 { // the last look
			return s.tell("daemon", events.ChecksObserved{For: run.Ticket, Seen: s.look(f[1])}, f[1])
		}
		return s.tell("daemon", events.InstallerStarted{Token: run.Work.(RunInstaller).Token,
			Supervisor: events.ProcessID{PID: 900, Start: 1}, Installer: events.ProcessID{PID: 901, Start: 1}}, f[1])
	case "stall":
		return s.tell("daemon", events.InstallerStalled{Token: s.c.Product(f[1]).Attempt.Token, What: "a window of setup.exe"}, f[1])
	case "goes_on": // an installer that stalled works again
		return s.tell("daemon", events.InstallerWentOn{Token: s.c.Product(f[1]).Attempt.Token}, f[1])
	case "exit": // exit firefox 0 [says interrupted] [reboot] [earlier]: ended in an earlier boot
		code, err := strconv.Atoi(f[2])
		in := events.InstallerEnded{Token: s.c.Product(f[1]).Attempt.Token, Exit: code, Restarted: has("earlier")}
		if err != nil {
			in.Exit, in.Signal = -1, f[2]
		}
		if i := slices.Index(f, "says"); i > 0 {
			in.Meaning, in.Detail, in.Reboot = f[i+1], "the script says "+f[i+1], has("reboot")
		}
		return s.tell("daemon", in, f[1])
	case "probe", "verify": // probe firefox [never] unclear|absent|VERSION
		found, word := events.Detection{Known: true}, f[len(f)-1]
		switch word {
		case "never":
			found = events.Detection{}
		case "unclear":
			found = events.Detection{Reason: "no detect rule"}
		case "absent":
		default:
			found.Installed, found.Version = true, word
			found.Matches = word == s.c.Product(f[1]).Request.ProductVersion
		}
		if f[0] == "verify" {
			return s.tell("daemon", events.InstallVerified{For: s.needDue(f[1], events.KindVerifyInstall).Ticket, Found: found}, f[1])
		}
		e := s.needDue(f[1], events.KindProbeInstall)
		return s.tell("daemon", events.InstallProbed{For: e.Ticket, Token: s.c.Product(f[1]).Attempt.Token, NeverStarted: has("never"), Found: found}, f[1])
	case "report":
		e := s.needDue(f[1], events.KindSendReport)
		r := e.Work.(SendReport).Report
		out := []string{fmt.Sprintf("report: status=%s version=%q request=%s result=%s progress=%q", r.InstallationStatus, r.Version(), r.ActionRequest, r.ActionResult, r.ActionProgress)}
		return append(out, s.tell("source", events.ReportAnswered{For: e.Ticket, Report: r, Accepted: true}, f[1])...)
	case "restart": // restart [reboot] [alive]
		in := events.Restarted{Clean: has("clean"), Seen: s.people()}
		if has("reboot") {
			s.boot, s.bootMS = "boot-"+strconv.Itoa(len(s.log)), 20_000
		}
		s.c.each(func(p *Product) {
			if p.Attempt != nil {
				in.Attempts = append(in.Attempts, events.AttemptSeen{Token: p.Attempt.Token, Alive: has("alive")})
			}
		})
		return s.tell("daemon", in, "*")
	case "hold":
		return s.tell("uid:0", events.HoldRequested{Product: arg(1), Reason: "scenario"}, arg(1))
	case "release":
		return s.tell("uid:0", events.ReleaseRequested{Product: arg(1), Reason: "scenario"}, arg(1))
	case "mode": // mode observe|normal
		return s.tell("source", events.ModeChosen{Observe: f[1] == "observe", Reason: "config id quietsetup.mode"}, "*")
	case "defer":
		return s.tell("uid:0", events.DeferRequested{Product: f[1], Reason: "scenario"}, f[1])
	case "resume":
		return s.tell("uid:0", events.ResumeRequested{Product: f[1], Reason: "scenario"}, f[1])
	case "reset":
		return s.tell("uid:0", events.ResetRequested{Product: f[1], Reason: "scenario"}, f[1])
	case "state":
		return []string{s.line(f[1])}
	}
	s.t.Fatalf("no such command: %v", f)
	return nil
}

func (s *scenario) askOf(product, session string) events.Ticket {
	s.t.Helper()
	for _, e := range DueFor(s.c, product) {
		if e.Ticket.Session == session {
			return e.Ticket
		}
	}
	s.t.Fatalf("session %s is not asked about %s", session, product)
	return events.Ticket{}
}

// wake delivers every WakeAt whose moment has come, until none has.
func (s *scenario) wake() []string {
	var out []string
	for range 20 {
		woke := false
		for _, e := range Due(s.c) {
			at, ok := e.Work.(WakeAt)
			if !ok || s.c.Until(at.At, events.Stamped{Wall: s.wall, Boot: s.boot, BootMS: s.bootMS}) > 0 {
				continue
			}
			did, err := s.feed("daemon", events.TimeCame{For: e.Ticket, Seen: s.people()})
			if errors.Is(err, ErrNothing) || errors.Is(err, ErrStale) {
				continue
			}
			if err != nil {
				s.t.Fatal(err)
			}
			out = append(out, s.describe(did)...)
			woke = true
			break
		}
		if !woke {
			break
		}
	}
	if len(out) > 0 {
		out = append(out, s.lines("*")...)
	}
	return out
}

func (s *scenario) tell(actor string, in events.Input, about string) []string {
	did, err := s.feed(actor, in)
	if err != nil {
		if errors.Is(err, ErrInternal) {
			s.t.Fatal(err)
		}
		return []string{"not recorded: " + err.Error()}
	}
	return append(s.describe(did), s.lines(about)...)
}

func (s *scenario) lines(about string) []string {
	if about != "*" && about != "" {
		return []string{s.line(about)}
	}
	var ids, out []string
	s.c.each(func(p *Product) { ids = append(ids, p.ID) })
	slices.Sort(ids)
	for _, id := range ids {
		out = append(out, s.line(id))
	}
	return out
}

// line is a product in one line.
func (s *scenario) line(id string) string {
	p := s.c.Product(id)
	if p == nil {
		return id + ": unknown"
	}
	b := fmt.Sprintf("%s#%d: %s", id, p.Run, p.Phase)
	if p.Outcome != "" {
		b += " (" + string(p.Outcome) + ")"
	}
	if p.Wait != nil {
		b += " [" + string(p.Wait.Reason)
		if p.Wait.Detail != "" {
			b += ": " + p.Wait.Detail
		}
		b += "]"
	}
	if k := p.Counter(); k != (Counter{}) {
		b += fmt.Sprintf(" defers=%d unanswered=%d", k.Defers, k.Unanswered)
	}
	var due []string
	for _, e := range DueFor(s.c, id) {
		w := string(e.Ticket.Kind)
		if e.Ticket.Session != "" {
			w += "(" + e.Ticket.Session + ")"
		}
		due = append(due, w)
	}
	return b + " due=" + strings.Join(due, ",")
}

// describe says each event in a few words.
func (s *scenario) describe(did []events.Event) []string {
	var out []string
	for _, e := range did {
		w := events.EventName(e)
		if id := e.About(); id != "" {
			w += " " + id
		}
		switch e := e.(type) {
		case events.OrderChanged:
			w += " " + strings.Join(e.Order.Sequence, " ")
			for _, id := range slices.Sorted(maps.Keys(e.Order.Requires)) {
				for i, r := range e.Order.Requires[id] {
					w += []string{", " + id + " after ", "+"}[min(i, 1)] + strings.TrimSuffix(r.Product+":"+r.Status, ":")
				}
			}
		case events.Accepted:
			w += fmt.Sprintf(" #%d %s %s", e.Run, e.Request.Row.ActionRequest, e.Request.Target())
		case events.Deferred:
			w += fmt.Sprintf(" %s counted=%v", e.Reason, e.Counted)
			if !e.Until.IsZero() {
				w += " for " + (time.Duration(e.Until.Clock-s.c.Clock.Now) * time.Millisecond).String()
			}
		case events.Held:
			w += " " + string(e.Reason)
		case events.ModeChanged:
			w += fmt.Sprintf(" observe=%v", e.Observe)
		case events.WaitEnded:
			w += " " + e.Why
		case events.WindowOpened:
			w += fmt.Sprintf(" %s choices=%v default=%s final=%v lasts %v asks", e.Window.ID, e.Window.Choices, e.Window.Default, e.Window.Final,
				time.Duration(e.Window.Deadline.Clock-e.Window.Opened.Clock)*time.Millisecond)
			for _, a := range e.Window.Asks {
				w += fmt.Sprintf(" %s%v", a.Session, pids(a.Programs))
			}
		case events.ProgramsChanged:
			w += fmt.Sprint(" ", pids(e.Programs))
		case events.Answered:
			w += " " + e.Session + " " + string(e.Choice)
		case events.WindowClosed:
			w += " " + e.Why
		case events.CloseAgreed:
			w += fmt.Sprintf(" %s %v force=%v", e.Why, pids(e.Targets), e.Force)
		case events.SentBack:
			w += fmt.Sprintf(" %s %d of 2", e.Reason, e.Returns)
		case events.InstallCleared:
			w += fmt.Sprintf(" attempt %d", e.Attempt)
		case events.AttemptVoided:
			w += " " + e.Reason
		case events.AttemptRepeated:
			w += " " + e.Reason
		case events.InstallerExited:
			w += " " + e.Meaning
		case events.Finished:
			w += fmt.Sprintf(" %s: %s", e.Outcome, e.Reason)
		case events.Queued:
			w += " " + string(e.Request.Row.ActionRequest)
		case events.Retargeted:
			w += " " + e.Request.Target()
		case events.ClockStepped:
			w += " " + e.By.Duration().String()
		case events.ClientRestarted:
			w += fmt.Sprintf(" new_boot=%v", e.NewBoot)
		case events.PresenceChanged:
			w += fmt.Sprintf(" %d sessions", len(e.Sessions))
		}
		out = append(out, w)
	}
	return out
}

func pids(ps []events.Process) []int {
	var out []int
	for _, p := range ps {
		out = append(out, p.PID)
	}
	return out
}

func (s *scenario) setPolicy(kv string) {
	s.t.Helper()
	k, v, _ := strings.Cut(kv, "=")
	n, _ := strconv.Atoi(v)
	d, _ := time.ParseDuration(v)
	switch p := &s.policy; k {
	case "max_defer":
		p.MaxDefer = n
	case "max_recheck":
		p.MaxRecheck = n
	case "max_defer_action":
		p.DeferAction = events.Choice(v)
	case "max_recheck_action":
		p.RecheckAction = events.Choice(v)
	case "default_action":
		p.DefaultAction = events.Choice(v)
	case "dialog_timeout":
		p.DialogTimeout = events.SpanOf(d)
	case "defer_interval":
		p.DeferInterval = events.SpanOf(d)
	case "prompt_interval":
		p.PromptInterval = events.SpanOf(d)
	case "max_unanswered":
		p.MaxUnanswered = n
	case "unanswered_action":
		p.Unanswered = events.Choice(v)
	case "alone_action":
		p.AloneAction = v
	case "without_metadata":
		p.WithoutMeta = v
	case "max_attempts":
		p.MaxAttempts = n
	case "urgent":
		p.Urgent = v == "true"
	case "deadline":
		p.Deadline = v
	case "reboot_gate":
		p.RebootGate = v
	default:
		s.t.Fatalf("no such policy key: %s", k)
	}
}
