// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"errors"
	"fmt"
	"testing"

	"github.com/quietsetup/quietsetup/events"
)

// TestLateOutcomes: an outcome is never dropped, but only that of the running
// attempt decides anything.
func TestLateOutcomes(t *testing.T) {
	begin := []string{"package a repeatable", "request a setup 1", "check a", "start a"}
	for _, c := range []struct {
		name  string
		lines []string
		token string
		did   string // events, "" = refused
		err   error
	}{
		{"of the running attempt", begin, "s1.a.1.1", "[installer_exited finished]", nil},
		{"of no attempt at all", begin, "", "", ErrStale},
		{"of another log", begin, "s1.a", "", ErrStale},
		{"of a product nobody knows", begin, "s1.b.1.1", "", ErrStale},
		{"told twice", append(begin[:4:4], "exit a 0"), "s1.a.1.1", "", ErrNothing},
		{"of a run that is over", append(begin[:4:4], "exit a 0", "report a"), "s1.a.1.1", "[installer_exited]", nil},
		{"of an attempt that was repeated", append(begin[:4:4], "restart", "probe a absent", "check a", "start a"), "s1.a.1.1", "[installer_exited]", nil},
		{"of an attempt that was found done", append(begin[:4:4], "restart", "probe a 1"), "s1.a.1.1", "[installer_exited]", nil},
	} {
		s := &scenario{world: newWorld(t)}
		s.playAll(c.lines...)
		phase, outcome := s.c.Product("a").Phase, s.c.Product("a").Outcome
		did, err := s.feed("daemon", events.InstallerEnded{Token: c.token, Exit: 0})
		var got []string
		for _, e := range did {
			got = append(got, events.EventName(e))
		}
		if c.did == "" && (!errors.Is(err, c.err) || len(did) > 0) || c.did != "" && fmt.Sprint(got) != c.did {
			t.Errorf("%s: %v, %v; want %s %v", c.name, got, err, c.did, c.err)
		}
		if p := s.c.Product("a"); c.did == "[installer_exited]" && (p.Phase != phase || p.Outcome != outcome) {
			t.Errorf("%s: it was %s %s and is %s %s", c.name, phase, outcome, p.Phase, p.Outcome)
		}
		if s.c.Product("b") != nil || s.c.Product("") != nil {
			t.Errorf("%s: an outcome made a product", c.name)
		}
	}
}

// TestStartedAfterAll: an installer that a restart had lost turns out to run.
func TestStartedAfterAll(t *testing.T) {
	started := events.InstallerStarted{Token: "s1.a.1.1", Supervisor: events.ProcessID{PID: 900, Start: 1}, Installer: events.ProcessID{PID: 901, Start: 1}}
	for _, c := range []struct {
		name  string
		lines []string
		want  error
	}{
		{"cleared", nil, nil},
		{"lost", []string{"restart"}, nil},
		{"begun", []string{"start a"}, ErrNothing},
		{"exited", []string{"start a", "exit a 0"}, ErrNothing},
		{"reported", []string{"start a", "exit a 0", "verify a 1", "report a"}, ErrStale},
	} {
		s := &scenario{world: newWorld(t)}
		s.playAll("package a detect", "request a setup 1", "check a")
		s.playAll(c.lines...)
		if _, err := s.feed("daemon", started); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		} else if _, due := s.due("a", events.KindWaitInstaller); err == nil && !due {
			t.Errorf("%s: nobody waits for its end", c.name)
		}
	}
}

// TestMeaning: a code counts only of an installer that ran to its end.
func TestMeaning(t *testing.T) {
	codes := events.ExitCodes{OK: []int{0}, Reboot: []int{3010}, Retry: []int{1618}}
	for _, c := range []struct {
		in   events.InstallerEnded
		want string
	}{
		{events.InstallerEnded{}, meansOK},
		{events.InstallerEnded{Exit: 3010}, meansReboot},
		{events.InstallerEnded{Exit: 1618}, meansRetry},
		{events.InstallerEnded{Exit: 1}, meansFailed},
		{events.InstallerEnded{Error: "no such file"}, meansFailed},
		{events.InstallerEnded{Signal: "SIGKILL"}, meansFailed},
	} {
		if got := meaning(codes, c.in); got != c.want {
			t.Errorf("%+v means %s, want %s", c.in, got, c.want)
		}
	}
}

// TestProbed: what an interrupted attempt comes to, by what is known of it.
func TestProbed(t *testing.T) {
	none, there, other := events.Detection{}, events.Detection{Known: true, Installed: true, Matches: true}, events.Detection{Known: true}
	for _, c := range []struct {
		suspect, never, repeatable bool
		found                      events.Detection
		want                       string
	}{
		{false, true, false, none, "voided"},
		{true, true, false, other, "voided"},
		{true, true, true, none, "voided"},
		{true, true, false, none, "unknown"}, // it may have run in the lost part of the log
		{true, true, false, there, "ok"},
		{true, true, true, other, "voided"},
		{false, false, false, none, "unknown"},
		{false, false, false, there, "ok"},
		{false, false, false, other, "failed"},
		{false, false, true, other, "repeated"},
	} {
		s := &scenario{world: newWorld(t)}
		pkg := "package a"
		if c.repeatable {
			pkg += " repeatable"
		}
		if c.suspect {
			s.playAll("fork a")
		}
		s.playAll(pkg, "request a setup 1", "check a")
		if !c.suspect {
			s.playAll("restart")
		}
		did := s.must(events.InstallProbed{For: s.needDue("a", events.KindProbeInstall).Ticket, Token: "s1.a.1.1", NeverStarted: c.never, Found: c.found})
		got := string(s.c.Product("a").Outcome)
		for _, e := range did {
			switch e.(type) {
			case events.AttemptVoided:
				got = "voided"
			case events.AttemptRepeated:
				got = "repeated"
			}
		}
		if got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// TestOfWhatIsOverNothingIsLost: an attempt whose run has its outcome is not
// probed again, neither after a restart nor after a fork of the log.
func TestOfWhatIsOverNothingIsLost(t *testing.T) {
	for _, in := range []events.Input{events.Restarted{}, events.ForkObserved{Common: 1, Products: []string{"a", "b"}}} {
		s := &scenario{world: newWorld(t)}
		s.playAll("request a setup 1", "check a", "start a")
		s.must(events.InstallProbed{For: s.needDue("a", events.KindWaitInstaller).Ticket, Token: "s1.a.1.1",
			Found: events.Detection{Known: true, Installed: true, Matches: true}})
		if p := s.c.Product("a"); p.Outcome != events.OutcomeOK || p.Attempt.Stage != StageBegun {
			t.Fatalf("%s in stage %s", p.Outcome, p.Attempt.Stage)
		}
		s.playAll("session c2 1000", "program 1 b 1000", "request b setup 1")
		for _, e := range s.must(in) {
			if _, lost := e.(events.AttemptLost); lost {
				t.Errorf("%s: %v", events.InputName(in), e)
			}
		}
	}
}

// TestStaleReports: that the source accepted a report of this run is a fact, also
// when another is wanted by now. A refusal of it, and what belongs to another run,
// says nothing.
func TestStaleReports(t *testing.T) {
	s := &scenario{world: newWorld(t)}
	s.playAll("session c2 1000", "program 1 a 1000", "request a setup 1", "check a", "answer a c2 later")
	old := s.needDue("a", events.KindSendReport)
	report := old.Work.(SendReport).Report
	s.playAll("wait 24h", "check a", "answer a c2 later")
	otherRun, unknown := old.Ticket, old.Ticket
	otherRun.Run, unknown.Product = 7, "z"
	for name, in := range map[string]events.ReportAnswered{
		"a refusal":              {For: old.Ticket, Report: report, Class: "failing"},
		"another run's":          {For: otherRun, Report: report, Accepted: true},
		"an unknown product's":   {For: unknown, Report: report, Accepted: true},
		"what is shown anyway":   {For: old.Ticket, Report: s.c.Product("a").Row, Accepted: true},
		"an empty ticket's yes":  {Accepted: true},
		"an empty ticket's noes": {},
	} {
		if did, err := s.feed("source", in); !errors.Is(err, ErrStale) {
			t.Errorf("%s: %v, %v", name, did, err)
		}
	}
	if _, err := s.feed("source", events.ReportAnswered{For: old.Ticket, Report: report, Accepted: true}); err != nil {
		t.Fatal(err)
	}
	if p := s.c.Product("a"); p.Row != report || p.Want == p.Row {
		t.Errorf("the source shows %+v", p.Row)
	}
	s.playAll("end 1", "wait 24h", "check a", "start a", "exit a 0")
	done := s.needDue("a", events.KindSendReport).Ticket
	s.playAll("report a")
	if did, err := s.feed("source", events.ReportAnswered{For: done, Report: report, Accepted: true}); !errors.Is(err, ErrStale) {
		t.Errorf("after the last report: %v, %v", did, err)
	}
}
