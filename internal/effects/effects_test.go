// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// A wake is never early, and late by a nap at most when the machine slept.
func TestWakeAt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(seen(nil))
		if err := b.do(t.Context(), fsm.WakeAt{At: events.Moment{Clock: 90_000}}); err != nil {
			t.Fatal(err)
		}
		last[events.TimeCame](t, b)
		if now := b.now(); now != 90_000 {
			t.Errorf("woke at %d ms", now)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		b := newBench(seen(nil))
		done := make(chan error, 1)
		go func() {
			done <- b.do(t.Context(), fsm.WakeAt{At: events.Moment{Clock: events.Day.Duration().Milliseconds()}})
		}()
		time.Sleep(30 * time.Second)
		b.mu.Lock()
		b.asleep = 24 * time.Hour
		b.mu.Unlock()
		begun := time.Now()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took > nap {
			t.Errorf("noticed the sleep only after %v", took)
		}
	})
}

func TestWakeAtTooEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(seen(nil))
		n := 0
		b.verdict = func(events.Input) error {
			if n++; n < 3 {
				return fsm.ErrTooEarly
			}
			return nil
		}
		if err := b.do(t.Context(), fsm.WakeAt{}); err != nil || n != 3 {
			t.Errorf("%d tries, %v", n, err)
		}
	})
}

func TestPrepare(t *testing.T) {
	missing := &events.Problem{Code: "package_missing"}
	for name, c := range map[string]struct {
		answer func(int) (*events.Problem, error)
		tries  int
		code   string
	}{
		"at once":           {func(int) (*events.Problem, error) { return nil, nil }, 1, ""},
		"a defect":          {func(int) (*events.Problem, error) { return missing, nil }, 1, "package_missing"},
		"back after a look": {func(n int) (*events.Problem, error) { return nil, map[bool]error{true: errNo}[n < 3] }, 3, ""},
		"gone":              {func(int) (*events.Problem, error) { return nil, errNo }, 3, unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench()
				b.prepare = c.answer
				if err := b.do(t.Context(), fsm.Prepare{Product: "a"}); err != nil {
					t.Fatal(err)
				}
				in, code := last[events.Prepared](t, b), ""
				if in.Problem != nil {
					code = in.Problem.Code
				}
				if b.tries != c.tries || code != c.code || in.For != ticket() {
					t.Errorf("%d tries, problem %q", b.tries, code)
				}
			})
		})
	}
}

func TestRunChecksWaitsFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(seen(nil))
		if err := b.do(t.Context(), fsm.RunChecks{After: 5 * events.Second}); err != nil || b.now() != 5000 {
			t.Errorf("looked at %d ms, %v", b.now(), err)
		}
		last[events.ChecksObserved](t, b)
	})
}

func TestWatch(t *testing.T) {
	p, q := process(1, "uid:1"), process(2, "uid:1")
	background := process(3, "uid:1")
	background.Class = events.ClassBackground
	mia := []events.Session{session("uid:1")}
	unknown, partial := seen(nil), seen(mia, p, q)
	unknown.SessionsKnown = false
	partial.Complete = false
	for name, c := range map[string]struct {
		work  fsm.Watch
		looks []events.Observation
		after int // looks until it is told
	}{
		"a program more":       {fsm.Watch{Programs: true, Known: []events.ProcessID{p.ProcessID}}, []events.Observation{seen(mia, p), seen(mia, p, background), partial, seen(mia, p, q)}, 4},
		"the last one gone":    {fsm.Watch{Programs: true, Known: []events.ProcessID{p.ProcessID}}, []events.Observation{seen(mia, p), seen(mia)}, 2},
		"known before the end": {fsm.Watch{Programs: true, Known: []events.ProcessID{p.ProcessID}}, []events.Observation{seen(mia)}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(c.looks...)
				c.work.Every = 2 * events.Second
				if err := b.do(t.Context(), c.work); err != nil {
					t.Fatal(err)
				}
				last[events.ChecksObserved](t, b)
				if b.looked != c.after || b.now() != int64(c.after-1)*2000 {
					t.Errorf("told after %d looks and %d ms", b.looked, b.now())
				}
			})
		})
	}
	marks := seen(mia).Marks()
	away := seen([]events.Session{session("uid:1", func(s *events.Session) { s.Away = true })})
	for name, c := range map[string]struct {
		work fsm.Watch
		seen events.Observation
		want bool
	}{
		"same people":          {fsm.Watch{Sessions: true, Informed: true, Present: marks}, seen(mia), false},
		"somebody left":        {fsm.Watch{Sessions: true, Informed: true, Present: marks}, seen(nil), true},
		"somebody went away":   {fsm.Watch{Sessions: true, Informed: true, Present: marks}, away, true},
		"source gone":          {fsm.Watch{Sessions: true, Informed: true, Present: marks}, unknown, true},
		"still no source":      {fsm.Watch{Sessions: true}, unknown, false},
		"source there":         {fsm.Watch{Sessions: true}, seen(nil), true},
		"people do not matter": {fsm.Watch{Programs: true}, seen(mia), false},
	} {
		if got := differs(c.work, c.seen); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestClosePrograms(t *testing.T) {
	target := process(1, "uid:1")
	locked := func(s *events.Session) { s.Locked = true }
	opened := func(s *events.Session) { s.UnlockedMS = 60_000 }
	woke := seen([]events.Session{session("uid:1")})
	woke.ResumedMS = 1000
	for name, c := range map[string]struct {
		seen events.Observation
		calm events.Span
		want string
	}{
		"there":               {seen([]events.Session{session("uid:1")}), 15 * events.Minute, ""},
		"locked":              {seen([]events.Session{session("uid:1", locked)}), 0, "locked"},
		"another's is locked": {seen([]events.Session{session("uid:2", locked)}), 0, ""},
		"just opened":         {seen([]events.Session{session("uid:1", opened)}), 15 * events.Minute, "just_opened"},
		"opened long ago":     {seen([]events.Session{session("uid:1", opened)}), events.Minute, ""},
		"opened, and agreed":  {seen([]events.Session{session("uid:1", opened)}), 0, ""},
		"just woken":          {woke, 15 * events.Minute, "just_opened"},
		"nobody":              {seen(nil), 15 * events.Minute, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(c.seen)
			if err := b.do(t.Context(), fsm.ClosePrograms{Targets: []events.Process{target}, Calm: c.calm}); err != nil {
				t.Fatal(err)
			}
			if in := last[events.CloseObserved](t, b); in.NotTried != c.want || len(b.closed) != map[bool]int{true: 1}[c.want == ""] || !in.Seen.Scanned {
				t.Errorf("got %+v, %d closed", in, len(b.closed))
			}
		})
	}
	b := newBench(events.Observation{Reason: "no session manager"})
	if err := b.do(t.Context(), fsm.ClosePrograms{Targets: []events.Process{target}}); err != nil {
		t.Fatal(err)
	}
	if in := last[events.CloseObserved](t, b); in.NotTried != "unknown" || len(b.closed) > 0 {
		t.Errorf("closed although nobody knows whether the session is locked: %+v", in)
	}
}

func TestRunInstaller(t *testing.T) {
	partial := seen(nil)
	partial.Complete = false
	ended := events.InstallerEnded{Token: "t", Exit: -1, Error: "no such file"}
	for name, c := range map[string]struct {
		change  func(*bench)
		look    events.Observation
		started int
		want    events.Input
		err     bool
	}{
		"clear":       {func(*bench) {}, seen(nil), 1, events.InstallerStarted{Token: "t", Installer: events.ProcessID{PID: 2, Start: 2}}, false},
		"blocked":     {func(*bench) {}, seen(nil, process(1, "uid:1")), 0, events.ChecksObserved{For: ticket(), Seen: seen(nil, process(1, "uid:1"))}, false},
		"unknown":     {func(*bench) {}, partial, 0, events.ChecksObserved{For: ticket(), Seen: partial}, false},
		"no fork":     {func(b *bench) { b.startAs = errNo }, seen(nil), 1, nil, true},
		"begun":       {func(b *bench) { b.begun, b.fate.Running = true, &events.InstallerStarted{Token: "t"} }, seen(nil), 0, events.InstallerStarted{Token: "t"}, false},
		"raced":       {func(b *bench) { b.startAs, b.fate.NeverStarted = ErrBegun, true }, seen(nil), 1, events.InstallProbed{For: ticket(), Token: "t", NeverStarted: true}, false},
		"cannot run":  {func(b *bench) { b.ids.Installer, b.fate.Ended = events.ProcessID{}, &ended }, seen(nil), 1, ended, false},
		"impossible":  {func(b *bench) { b.startAs, b.fate.NeverStarted = ErrImpossible, true }, seen(nil), 1, events.InstallerEnded{Token: "t", Exit: -1, Error: ErrImpossible.Error()}, false},
		"not now":     {func(b *bench) { b.startAs, b.fate.NeverStarted = ErrNotNow, true }, seen(nil), 1, events.InstallerEnded{Token: "t", Exit: -1, Meaning: "not_now", Detail: ErrNotNow.Error()}, false},
		"occupied":    {func(b *bench) { b.startAs, b.fate.NeverStarted = ErrOccupied, true }, seen(nil), 1, events.InstallerEnded{Token: "t", Exit: -1, Meaning: "occupied", Detail: ErrOccupied.Error()}, false},
		"or may have": {func(b *bench) { b.startAs, b.fate.Lost = ErrImpossible, true }, seen(nil), 1, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(c.look)
			c.change(b)
			err := b.do(t.Context(), fsm.RunInstaller{Token: "t"})
			if (err != nil) != c.err || b.started != c.started {
				t.Fatalf("%v, %d started", err, b.started)
			}
			if c.want == nil {
				if len(b.got) > 0 {
					t.Errorf("got %+v", b.got)
				}
				return
			}
			got, e1 := events.EncodeInput(last[events.Input](t, b))
			want, e2 := events.EncodeInput(c.want)
			if e1 != nil || e2 != nil || string(got.Data) != string(want.Data) || got.Type != want.Type {
				t.Errorf("got %s %s, want %s %s", got.Type, got.Data, want.Type, want.Data)
			}
		})
	}
}

// TestHalfDoneGoesOn: what stopped in its middle is started whatever runs.
func TestHalfDoneGoesOn(t *testing.T) {
	b := newBench(seen(nil, process(1, "uid:1")))
	if err := b.do(t.Context(), fsm.RunInstaller{Token: "t", Resumes: true}); err != nil || b.started != 1 {
		t.Errorf("%v, %d started", err, b.started)
	}
}

// The outcome's file outlives everything until its record is durable.
func TestOutcomeIsRemovedLast(t *testing.T) {
	for verdict, want := range map[error]int{nil: 1, fsm.ErrNothing: 1, errNo: 0} {
		b := newBench()
		b.end = events.InstallerEnded{Token: "t"}
		b.verdict = func(events.Input) error {
			if len(b.removed) > 0 {
				t.Error("removed before it was recorded")
			}
			return verdict
		}
		err := b.do(t.Context(), fsm.WaitInstaller{Token: "t"})
		if !errors.Is(err, verdict) || len(b.removed) != want {
			t.Errorf("verdict %v: %v, removed %v", verdict, err, b.removed)
		}
	}
}

// TestStalledIsTold: what an installer seems to wait for comes in before its end, and
// that it goes on again, each when it changes: from what the log knows, which may be
// what an earlier daemon saw.
func TestStalledIsTold(t *testing.T) {
	window := events.InstallerStalled{Token: "t", What: "a window of setup.exe"}
	on := events.InstallerWentOn{Token: "t"}
	for _, c := range []struct {
		name  string
		known bool // the log knows that it stalls
		sees  []string
		want  []events.Input
	}{
		{"works", false, []string{""}, nil},
		{"stalls", false, []string{"", window.What}, []events.Input{window}},
		{"goes on", false, []string{window.What, "", window.What}, []events.Input{window, on, window}},
		{"known", true, []string{window.What}, nil},
		{"went on while nobody looked", true, []string{"", ""}, []events.Input{on}},
	} {
		for verdict, want := range map[error]error{nil: nil, fsm.ErrNothing: nil, errNo: errNo} {
			b := newBench()
			b.stalls, b.end = c.sees, events.InstallerEnded{Token: "t"}
			b.verdict = func(in events.Input) error {
				if _, ended := in.(events.InstallerEnded); ended {
					return nil
				}
				return verdict
			}
			if len(c.want) == 0 {
				want = nil
			}
			if err := b.do(t.Context(), fsm.WaitInstaller{Token: "t", Stalled: c.known}); !errors.Is(err, want) {
				t.Fatalf("%s, verdict %v: %v", c.name, verdict, err)
			}
			if got := b.got[:len(b.got)-1]; want == nil && !slices.Equal(got, c.want) {
				t.Errorf("%s, verdict %v: got %+v", c.name, verdict, b.got)
			}
		}
	}
}

func TestLostIsDetected(t *testing.T) {
	b := newBench()
	b.lost, b.found = true, events.Detection{Known: true, Matches: true}
	if err := b.do(t.Context(), fsm.WaitInstaller{Token: "t"}); err != nil {
		t.Fatal(err)
	}
	if in := last[events.InstallProbed](t, b); in.NeverStarted || !in.Found.Matches || in.For != ticket() {
		t.Errorf("got %+v", in)
	}
	b = newBench()
	b.found = events.Detection{Known: true}
	if err := b.do(t.Context(), fsm.VerifyInstall{Token: "t"}); err != nil {
		t.Fatal(err)
	}
	last[events.InstallVerified](t, b)
}

func TestSendReport(t *testing.T) {
	for name, c := range map[string]struct {
		report   error
		verdict  error
		accepted bool
		class    string
		want     error
	}{
		"shown":          {nil, nil, true, "", nil},
		"not recorded":   {nil, errNo, true, "", errNo},
		"failing":        {errNo, nil, false, failing, errNo},
		"failing still":  {errNo, fsm.ErrNothing, false, failing, errNo},
		"no longer ours": {errNo, fsm.ErrStale, false, failing, fsm.ErrStale},
		"refused":        {ErrRefused, nil, false, refused, ErrRefused},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench()
			b.report, b.verdict = c.report, func(events.Input) error { return c.verdict }
			if err := b.do(t.Context(), fsm.SendReport{Report: events.Report{ProductID: "a"}}); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if in := last[events.ReportAnswered](t, b); in.Accepted != c.accepted || in.Class != c.class || in.Report.ProductID != "a" {
				t.Errorf("got %+v", in)
			}
		})
	}
}

// A cancelled worker brings nothing in that it did not see to the end.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, w := range []fsm.Work{fsm.RunChecks{}, fsm.Watch{}, fsm.WakeAt{}, fsm.ClosePrograms{}, fsm.RunInstaller{}, fsm.VerifyInstall{}} {
		b := newBench(seen(nil))
		if err := b.do(ctx, w); !errors.Is(err, context.Canceled) || len(b.got) > 0 || b.started > 0 || len(b.closed) > 0 {
			t.Errorf("%T: %v, %+v", w, err, b.got)
		}
	}
}
