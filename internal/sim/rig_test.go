// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/replay"
	"github.com/quietsetup/quietsetup/internal/rig"
)

// What lives through a world: the core in memory, or the engine with a store in
// memory or on disk.
const (
	withCore = "core"
	withMem  = "engine"
	withDisk = "disk"
)

// one lives through one world.
func one(t *testing.T, tab *fsm.Table, how string, o Options) (r Result) {
	t.Helper()
	switch how {
	case withCore:
		return Run(tab, o)
	case withMem:
		bubble(t, func() { r = runEngine(tab, o, "") })
	case withDisk:
		dir := quickDir(t)
		bubble(t, func() { r = runEngine(tab, o, dir) })
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	default:
		t.Fatalf("nothing is called %q; it is %s, %s or %s", how, withCore, withMem, withDisk)
	}
	return r
}

// quickDir is a folder in memory where there is one: every record is synced.
func quickDir(t *testing.T) string {
	t.Helper()
	for _, parent := range []string{"/dev/shm", ""} {
		if dir, err := os.MkdirTemp(parent, "quietsetup-sim"); err == nil {
			return dir
		}
	}
	t.Fatal("there is no folder to write to")
	return ""
}

// complain says how to repeat a world that is at fault, and leaves its log.
func complain(t *testing.T, tab *fsm.Table, how string, o Options, faults []string) {
	t.Helper()
	o, faults = smaller(t, tab, how, o, faults)
	o.Record = true
	path := filepath.Join(os.TempDir(), fmt.Sprintf("quietsetup-sim-%d.ndjson", o.Seed))
	left := "its log is " + path
	if how == withDisk {
		how = withMem // a folder is gone by now
	}
	if r := one(t, tab, how, o); len(r.Faults) == 0 {
		left = "with its log written it went well"
	} else if err := os.WriteFile(path, r.Log, 0o600); err != nil {
		left = err.Error()
	}
	t.Errorf("%s\nagain: QUIETSETUP_SEED=%s,%s go test ./internal/sim -run TestRigDays\n%s", strings.Join(faults, "\n"), how, o, left)
}

// smaller looks for fewer days and fewer crashes with the same fault.
func smaller(t *testing.T, tab *fsm.Table, how string, o Options, faults []string) (Options, []string) {
	t.Helper()
	for d := 1; d < o.Days; d++ {
		p := o
		p.Days = d
		if r := one(t, tab, how, p); len(r.Faults) > 0 {
			o, faults = p, r.Faults
		}
	}
	for len(o.Crash) > 0 {
		p := o
		p.Crash = o.Crash[:len(o.Crash)-1]
		r := one(t, tab, how, p)
		if len(r.Faults) == 0 {
			break
		}
		o, faults = p, r.Faults
	}
	return o, faults
}

// verified reads a log as support does: every record decided again.
func verified(t *testing.T, log []byte) {
	t.Helper()
	res, err := replay.Verify(func(yield func(replay.Line, error) bool) {
		for i, raw := range bytes.Split(bytes.TrimSpace(log), []byte("\n")) {
			r, err := events.DecodeRecord(raw)
			if !yield(replay.Line{Number: i + 1, Raw: raw, Record: r}, err) {
				return
			}
		}
	})
	if err != nil || res.Verdict != replay.VerdictOK {
		t.Errorf("the log does not verify: %v %+v", err, res.Divergence)
	}
}

// onAllCores calls f with one number after the other, until it says that it is enough.
func onAllCores(t *testing.T, f func(t *testing.T, n int) bool) {
	t.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	t.Run("worlds", func(t *testing.T) {
		for i := range 2 {
			wg.Add(1)
			t.Run(fmt.Sprint("core ", i), func(t *testing.T) {
				t.Parallel()
				defer wg.Done()
				for f(t, int(next.Add(1))) && !t.Failed() {
				}
			})
		}
	})
	wg.Wait()
}

// TestRigDays lives through troubled days: most with the core in memory, a part
// with the engine, some of it on a real disk. QUIETSETUP_SEED repeats one world.
func TestRigDays(t *testing.T) {
	tab := table(t)
	if spec := os.Getenv("QUIETSETUP_SEED"); spec != "" {
		how, rest, _ := strings.Cut(spec, ",")
		o, err := ParseOptions(rest)
		if err != nil {
			t.Fatal(err)
		}
		if r := one(t, tab, how, o); len(r.Faults) > 0 {
			complain(t, tab, how, o, r.Faults)
		}
		return
	}
	want := int64(rig.Count(t, rig.ClientDays, 3000))
	var days, faults, installs, defers, restarts atomic.Int64
	onAllCores(t, func(t *testing.T, n int) bool {
		o, how := Options{Seed: uint64(n), Days: 20}, withCore
		switch {
		case n%100 == 7:
			how, o.Days = withDisk, 5
		case n%5 == 3:
			how = withMem
		}
		o.Record = n%40 == 13
		r := one(t, tab, how, o)
		days.Add(int64(r.Days))
		installs.Add(int64(r.Installs))
		defers.Add(int64(r.Defers))
		restarts.Add(int64(r.Restarts))
		if len(r.Faults) > 0 {
			faults.Add(1)
			complain(t, tab, how, o, r.Faults)
		} else if o.Record {
			verified(t, r.Log)
		}
		return days.Load() < want
	})
	t.Logf("%d installers ran, %d defers were counted, %d starts of the daemon", installs.Load(), defers.Load(), restarts.Load())
	if installs.Load() == 0 || defers.Load() == 0 || restarts.Load() == 0 {
		t.Error("nothing happened in these worlds")
	}
	rig.Report(t, rig.ClientDays, int(days.Load()), int(faults.Load()))
}

// positions are all crashes that a run can have: before, in the midst of and
// after each boundary, of the process and of the machine.
func positions(bs []Boundary) []Crash {
	var out []Crash
	for k, b := range bs {
		for _, power := range []bool{false, true} {
			out = append(out, Crash{k + 1, Before, power}, Crash{k + 1, After, power})
			if b.Torn {
				out = append(out, Crash{k + 1, Torn, power})
			}
		}
	}
	return out
}

// mostOfAWorld is how many positions of one world are tried: each costs the whole world, and
// in a world where a product is looked at each minute they are all alike.
const mostOfAWorld = 2000

// TestRigCrashes crashes at the boundaries of many worlds, and at every third
// position a second time.
func TestRigCrashes(t *testing.T) {
	tab := table(t)
	want := int64(rig.Count(t, rig.CrashPositions, 2000))
	var tried, faults atomic.Int64
	onAllCores(t, func(t *testing.T, n int) bool {
		o, how := Options{Seed: uint64(n), Days: 2, Products: 1 + n%3, Peace: true}, withCore
		switch {
		case n%100 == 7:
			how, o.Days, o.Products = withDisk, 1, 1
		case n%12 == 5:
			how, o.Days = withMem, 1
		}
		r := one(t, tab, how, o)
		all := positions(r.Boundaries)
		if len(r.Faults) > 0 {
			faults.Add(1)
			complain(t, tab, how, o, r.Faults)
			return false
		}
		every := 1 + len(all)/mostOfAWorld
		for i, c := range all {
			if i%every != 0 {
				continue
			}
			p := o
			p.Crash = []Crash{c}
			if i/every%3 == 1 {
				p.Crash = append(p.Crash, Crash{At: c.At + 1 + i%23, Moment: of(newChance(uint64(i)), Before, After), Power: i%2 == 0})
			}
			r := one(t, tab, how, p)
			if tried.Add(1); len(r.Faults) > 0 {
				faults.Add(1)
				complain(t, tab, how, p, r.Faults)
				return false
			}
		}
		return tried.Load() < want
	})
	rig.Report(t, rig.CrashPositions, int(tried.Load()), int(faults.Load()))
}

// TestRigClocks sets the wall clock again and again, by minutes and by years,
// forth and back: nobody is asked too often, nothing is closed too early and no
// defer is used up by it.
func TestRigClocks(t *testing.T) {
	tab := table(t)
	want := int64(rig.Count(t, rig.ClockJumps, 40))
	var plans, faults atomic.Int64
	onAllCores(t, func(t *testing.T, n int) bool {
		o, how := Options{Seed: uint64(1_000_000 + n), Days: 12, Jumps: 12 * (1 + n%20)}, withCore
		if n%10 == 3 {
			how = withMem
		}
		r := one(t, tab, how, o)
		if r.Jumps < o.Days {
			t.Errorf("%s: the clock was set %d times", o, r.Jumps)
		}
		if plans.Add(1); len(r.Faults) > 0 {
			faults.Add(1)
			complain(t, tab, how, o, r.Faults)
		}
		return plans.Load() < want
	})
	rig.Report(t, rig.ClockJumps, int(plans.Load()), int(faults.Load()))
}

// One seed is one history, to the last letter of the log.
func TestOneSeedOneHistory(t *testing.T) {
	tab := table(t)
	for seed := uint64(1); seed <= 6; seed++ {
		for _, how := range []string{withCore, withMem} {
			o := Options{Seed: seed, Days: 12, Record: true}
			a, b := one(t, tab, how, o), one(t, tab, how, o)
			if len(a.Log) == 0 || !bytes.Equal(a.Log, b.Log) {
				t.Errorf("%s %s: two histories", how, o)
			}
			verified(t, a.Log)
		}
		plain, written := Run(tab, Options{Seed: seed, Days: 12}), Run(tab, Options{Seed: seed, Days: 12, Record: true})
		if plain.Records != written.Records || len(plain.Boundaries) != len(written.Boundaries) {
			t.Errorf("seed %d: another history when it is written down", seed)
		}
	}
}

func TestOptionsAreRead(t *testing.T) {
	for _, o := range []Options{
		{Seed: 17, Days: 20, Products: 2},
		{Seed: 1 << 60, Days: 1, Peace: true, Jumps: 5, Crash: []Crash{{12, Torn, true}, {40, After, false}}},
	} {
		got, err := ParseOptions(o.String())
		if err != nil || got.String() != o.String() {
			t.Errorf("%s: %s, %v", o, got, err)
		}
	}
	for _, bad := range []string{"", "x", "1,days", "1,days=x", "1,crash=1", "1,crash=1:early", "1,crash=x:torn", "1,crash=1:torn:fire", "1,other"} {
		if o, err := ParseOptions(bad); err == nil {
			t.Errorf("%q gave %s", bad, o)
		}
	}
}

// What the source shows in the end is held to what the run came to.
func TestReportsAreHeldToTheRun(t *testing.T) {
	good := events.Report{InstallationStatus: events.StatusInstalled, ActionResult: events.ResultSuccessful, LastAction: events.ActionSetup}
	for name, c := range map[string]struct {
		outcome events.Outcome
		spoil   func(*events.Report)
		faults  int
	}{
		"as it was":          {events.OutcomeOK, func(*events.Report) {}, 0},
		"a failure told":     {events.OutcomeFailed, func(r *events.Report) { r.ActionResult = events.ResultFailed }, 0},
		"taken back":         {events.OutcomeWithdrawn, func(r *events.Report) { *r = events.Report{} }, 0},
		"a failure untold":   {events.OutcomeFailed, func(*events.Report) {}, 1},
		"a success untold":   {events.OutcomeOK, func(r *events.Report) { r.ActionResult = events.ResultFailed }, 1},
		"of another action":  {events.OutcomeOK, func(r *events.Report) { r.LastAction = events.ActionUninstall }, 1},
		"still not set up":   {events.OutcomeOK, func(r *events.Report) { r.InstallationStatus = events.StatusNotInstalled }, 1},
		"nothing of the run": {events.OutcomeOK, func(r *events.Report) { *r = events.Report{} }, 1},
	} {
		j, r := newJudge(&world{}), good
		c.spoil(&r)
		j.tells(&file{id: "p", action: events.ActionSetup, outcome: c.outcome}, r)
		if len(j.faults) != c.faults {
			t.Errorf("%s: %q", name, j.faults)
		}
	}
}
