// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// A planted bug is a change of one source file, built into programs of its own
// with go build -overlay. Nothing of it is in the shipped code. The rigs must find
// it: a rig that finds nothing may only be blind.

// change replaces a text that occurs exactly once.
type change struct{ right, wrong string }

// plant builds the programs with a bug and returns their folder.
func plant(t *testing.T, file string, changes ...change) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../..", file))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	wrong := string(text)
	for _, c := range changes {
		if strings.Count(wrong, c.right) != 1 {
			t.Fatalf("%s has changed: %q is not in it once", file, c.right)
		}
		wrong = strings.Replace(wrong, c.right, c.wrong, 1)
	}
	dir := t.TempDir()
	bad, list, bin := filepath.Join(dir, "wrong.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "bin")
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{path: bad}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{bad: []byte(wrong), list: overlay} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := goBuild("-overlay", list, "-o", bin, "../../cmd/..."); err != nil {
		t.Fatal(err)
	}
	return bin
}

// finder is the test of a rig that is meant to fail.
type finder struct {
	testing.TB
	mu       sync.Mutex
	found    []string
	cleanups []func()
}

func (f *finder) Helper()             {}
func (f *finder) Failed() bool        { return false }
func (f *finder) Log(...any)          {}
func (f *finder) Logf(string, ...any) {}
func (f *finder) Error(args ...any)   { f.Errorf("%s", fmt.Sprint(args...)) }
func (f *finder) Fatal(args ...any)   { f.Fatalf("%s", fmt.Sprint(args...)) }
func (f *finder) Cleanup(do func())   { f.cleanups = append(f.cleanups, do) }

func (f *finder) Errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	text, _, _ := strings.Cut(fmt.Sprintf(format, args...), "\n")
	f.found = append(f.found, text)
}

func (f *finder) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

// try runs a rig's experiment and returns what it found to be wrong.
func try(t *testing.T, experiment func(testing.TB) []string) []string {
	f := &finder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, fault := range experiment(f) {
			f.Error(fault)
		}
	}()
	<-done
	for i := len(f.cleanups) - 1; i >= 0; i-- {
		f.cleanups[i]()
	}
	return f.found
}

// mustFind repeats an experiment until it finds the bug, at most so many times.
func mustFind(t *testing.T, most int, experiment func(t testing.TB, n uint64) []string) {
	t.Helper()
	seed := seedOf(t)
	for n := range most {
		if found := try(t, func(t testing.TB) []string { return experiment(t, seed+uint64(n)) }); len(found) > 0 {
			t.Logf("found by experiment %d: %s", n+1, found[0])
			return
		}
	}
	t.Errorf("%d experiments did not find it", most)
}

// planted lets the kill rig look for a bug, with an aim of its own.
func planted(t *testing.T, bin string, a aim, terminal bool) {
	t.Helper()
	mustFind(t, 25, func(t testing.TB, seed uint64) []string {
		l := newLife(t, bin, seed, 10, a, terminal)
		l.keeps = false
		return l.live()
	})
}

// A supervisor that writes no outcome: nobody killed it, and nobody knows how its
// installer ended.
func TestPlantedNoOutcome(t *testing.T) {
	t.Parallel()
	bin := plant(t, "internal/installer/supervise.go", change{"err = s.f.finish(s.o, s.spare)", ""})
	planted(t, bin, aim{victims: []string{"agent"}, moments: []string{""}, kinds: []string{"raw"}}, false)
}

// After a restart a cleared attempt is taken for one that never ran, without a
// probe: its installer runs twice.
func TestPlantedNoProbe(t *testing.T) {
	t.Parallel()
	bin := plant(t, "fsm/restart.go", change{
		"if a.Stage == StageCleared || !alive {",
		`if a.Stage == StageCleared {
				d.emit(events.AttemptVoided{Product: p.ID, Token: a.Token, Reason: "never_started"})
			} else if !alive {`})
	planted(t, bin, aim{victims: []string{"daemon"}, moments: []string{"install_cleared"}, kinds: []string{"app", "raw"}}, false)
}

// The installer is let go before its start is durable: whoever finds only the
// claim of a dead supervisor runs it again.
func TestPlantedRunsBeforeItIsRecorded(t *testing.T) {
	t.Parallel()
	bin := plant(t, "internal/installer/supervise.go",
		change{"if err := s.f.replace(s.o); err != nil {\n\t\tp.abandon()", "if err := error(nil); err != nil {\n\t\tp.abandon()"},
		change{`s.step("released")`, "time.Sleep(20 * time.Millisecond) // a slow disk\n\t_ = s.f.replace(s.o)"})
	planted(t, bin, aim{victims: []string{"supervisor", "supervisor", "tree"}, moments: []string{"install_cleared"}, kinds: []string{"app", "raw"}}, false)
}

// An agent that forgets an answer which the daemon has not acknowledged: the
// person is asked the same again.
func TestPlantedForgottenAnswer(t *testing.T) {
	t.Parallel()
	bin := plant(t, "internal/promptui/answer.go",
		change{"if name == \"\" {\n", "if name == \"\" {\n\t\t\treturn \"\"\n"}, change{"pause.wait(ctx)", "pause.wait(ctx)\n\t\treturn \"\""})
	planted(t, bin, aim{victims: []string{"daemon"}, moments: []string{"window_opened", ""}, kinds: []string{"app"}}, true)
}

// A report is recorded as shown before the source shows it: after a kill the
// source still wants what was done, and it is done again.
func TestPlantedReportedTooEarly(t *testing.T) {
	t.Parallel()
	bin := plant(t, "internal/daemon/local.go", change{
		"if err := f.Source.Report(ctx, r, req); err != nil {\n\t\treturn err\n\t}\n\treturn done()",
		"if err := done(); err != nil {\n\t\treturn err\n\t}\n\treturn f.Source.Report(ctx, r, req)"})
	planted(t, bin, aim{victims: []string{"daemon"}, moments: []string{"report_accepted"}, kinds: []string{"app"}}, false)
}

// The file of an outcome is deleted before the outcome is recorded: a kill in
// between, and nobody knows any more how the installer ended.
func TestPlantedOutcomeDeletedTooEarly(t *testing.T) {
	t.Parallel()
	bin := plant(t, "internal/effects/attempt.go", change{"err := emit(in)", "_ = w.Installer.Remove(in.Token)\n\terr := emit(in)"})
	planted(t, bin, aim{victims: []string{"daemon"}, moments: []string{outcomeRemoved}, kinds: []string{"raw"}}, false)
}

// plantedFull lets the disk rig look for a bug.
func plantedFull(t *testing.T, bin string, cases ...fullCase) {
	t.Helper()
	mustFind(t, 3*len(cases), func(t testing.TB, seed uint64) []string {
		l := newStill(t, bin, seed, 0, everything())
		l.keeps = false
		return cases[seed%uint64(len(cases))].run(l)
	})
}

// A supervisor that gives up when the disk is full.
func TestPlantedNoReserve(t *testing.T) {
	t.Parallel()
	bin := plant(t, "internal/installer/spare.go",
		change{"err := f.fromSpare(o, spare)", "err := f.replace(o)"}, change{"time.Sleep(wait)", "return err"})
	plantedFull(t, bin, fullCase{"tmpfs", "install_begun", 0, "room"})
}

// What could not be recorded is folded and done all the same.
func TestPlantedActsUnrecorded(t *testing.T) {
	t.Parallel()
	bin := plant(t, "internal/engine/step.go", change{"if err != nil {\n\t\tif _, encErr := rec.Encode(); encErr != nil {", "if false {\n\t\tif _, encErr := rec.Encode(); encErr != nil {"})
	plantedFull(t, bin, fullCase{"tmpfs", "window_opened", 0, "room"})
}
