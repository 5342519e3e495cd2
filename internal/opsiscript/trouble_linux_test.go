// SPDX-License-Identifier: Apache-2.0

package opsiscript

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

// TestTrouble is what goes wrong around a run.
func TestTrouble(t *testing.T) {
	program := build(t)
	w := newWorld(t, program)

	w.product(t, "hangs", "setup", "run SIDE\nhang")
	begun, err := w.start(t, "hangs", "setup")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return strings.HasPrefix(w.shown("hangs"), "none setup none unknown") && w.ran("hangs") })
	if got := w.keys(t); len(got) != 1 {
		t.Fatalf("keys: %q", got)
	} else if info, err := os.Stat(got[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key can be read: %v, %v", info.Mode(), err)
	}
	line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(begun.Installer.PID), "cmdline"))
	if err != nil || strings.Contains(string(line), w.runner.Key()) || !strings.Contains(string(line), "-processproducts\x00hangs") {
		t.Errorf("command line %q, %v", line, err)
	}
	if err := w.runner.Sweep(func(token string) bool { return token == begun.Token }); err != nil || len(w.keys(t)) != 1 {
		t.Errorf("the key of a living run was swept away, %v", err)
	}
	if err := syscall.Kill(begun.Installer.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if o, _ := w.settle(t, begun); o.Kind != Unknown || !strings.Contains(o.Detail, "SIGKILL") {
		t.Errorf("killed: %+v", o)
	}

	// A wrong command line and a wrong key: exit code 0 or 1, and nothing was done.
	w.product(t, "stranger", "setup", "run SIDE")
	right := w.runner.Key
	w.runner.Key = func() string { return strings.Repeat("0", 32) }
	begun, err = w.start(t, "stranger", "setup")
	if err != nil {
		t.Fatal(err)
	}
	if o, _ := w.settle(t, begun); o.Kind != Untouched || w.ran("stranger") {
		t.Errorf("a wrong key: %+v", o)
	}
	w.runner.Key = right

	// The program is not there any more.
	w.product(t, "gone", "setup", "run SIDE")
	w.runner.Program = filepath.Join(w.depot, "none")
	begun, err = w.start(t, "gone", "setup")
	if err != nil {
		t.Fatal(err)
	}
	if o, _ := w.settle(t, begun); o.Kind != Untouched || !strings.Contains(o.Detail, "could not be started") {
		t.Errorf("no program: %+v", o)
	}
	w.runner.Program = program

	// A wish that was there before is kept, and is not this script's.
	if err := os.WriteFile(filepath.Join(w.handOver, "reboot"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.product(t, "after", "setup", "run SIDE\ncrash")
	if begun, err = w.start(t, "after", "setup"); err != nil {
		t.Fatal(err)
	}
	if o, _ := w.settle(t, begun); o.Kind != Unknown || o.Wish != Reboot {
		t.Errorf("a wish of before: %+v", o)
	}
	if err := w.runner.Forget(begun.Token); err != nil { // its record is durable
		t.Fatal(err)
	}

	// One before a run that could not be started is told by the next one that is.
	if err := os.WriteFile(filepath.Join(w.handOver, "shutdown"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.product(t, "never", "setup", "run SIDE")
	mark := w.runner.Rows
	w.runner.Rows = noMark{mark}
	if _, err := w.start(t, "never", "setup"); !errors.Is(err, ErrChanged) {
		t.Errorf("%v", err)
	}
	w.runner.Rows = mark
	if err := w.runner.Forget(w.token + ".never.1.1"); err != nil {
		t.Fatal(err)
	}
	for i, want := range []Wish{Shutdown, NoWish} {
		id := "next" + strconv.Itoa(i)
		w.product(t, id, "setup", "run SIDE")
		if begun, err = w.start(t, id, "setup"); err != nil {
			t.Fatal(err)
		}
		if o, _ := w.settle(t, begun); o.Kind != Done || o.Wish != want {
			t.Errorf("%s: %+v, want %s", id, o, want)
		}
		if want == NoWish {
			break
		}
		if err := w.runner.Forget(begun.Token); err != nil {
			t.Fatal(err)
		}
	}

	// The server asks for something else by now, or is away.
	w.product(t, "changed", "setup", "run SIDE")
	w.server.Request(me, "changed", "uninstall")
	if _, err := w.start(t, "changed", "setup"); !errors.Is(err, ErrChanged) || w.shown("changed") != "none uninstall none installed 1.0-1 " {
		t.Errorf("changed: %v, %s", err, w.shown("changed"))
	}
	w.product(t, "away", "setup", "run SIDE")
	w.server.Stop()
	if _, err := w.start(t, "away", "setup"); err == nil || len(w.keys(t)) != 0 {
		t.Errorf("without a server: %v, keys %q", err, w.keys(t))
	}
	if _, err := w.runner.Settle(t.Context(), begun.Token, End{}); err == nil {
		t.Error("without a server an outcome is known")
	}

	// Whoever was killed between the key and the end of the run left it behind.
	half := filepath.Join(w.runner.Folder, ".x.y.1.2"+endKey+unfinished)
	for _, name := range []string{filepath.Join(w.runner.Folder, "x.y.1.1"+endKey), half} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.runner.Sweep(func(string) bool { return false }); err != nil || len(w.keys(t)) != 0 {
		t.Errorf("swept: %v, %q", err, w.keys(t))
	}
	if _, err := os.Stat(half); err == nil {
		t.Error("a key that was being written stays")
	}
}

// noMark is a server whose rows have changed just before they are marked.
type noMark struct{ Rows }

func (noMark) Mark(context.Context, string, events.Action, string) error { return ErrChanged }

func TestVersion(t *testing.T) {
	if got := Version(t.Context(), build(t)); got != "4.12.21.0" {
		t.Errorf("%q", got)
	}
	if got := Version(t.Context(), "/bin/false"); got != "" {
		t.Errorf("%q", got)
	}
}

// ran reports whether a product's script did something.
func (w *world) ran(id string) bool {
	text, _ := os.ReadFile(w.side)
	return strings.Contains(string(text), id+"\n")
}

func eventually(t testing.TB, f func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !f(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come about")
		}
	}
}
