// SPDX-License-Identifier: Apache-2.0

//go:build linux || windows

package installer

import (
	"errors"
	"path/filepath"
	"testing"
)

// TestAlone: the machine is somebody's alone, or shared by supervisors.
func TestAlone(t *testing.T) {
	dir := newWorld(t).state
	a, err := TakeAlone(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := TakeAlone(dir); !errors.Is(err, ErrOccupied) {
		t.Errorf("taken twice: %v", err)
	}
	if err := Occupied(dir); !errors.Is(err, ErrOccupied) {
		t.Errorf("shared while it is taken: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	one, err := share(dir)
	if err != nil {
		t.Fatal(err)
	}
	other, err := share(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := TakeAlone(dir); !errors.Is(err, ErrRuns) {
		t.Errorf("taken beside a supervisor: %v", err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if a, err = TakeAlone(dir); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestAttemptAndAlone: no attempt starts while somebody has the machine alone, and
// nobody gets it while an installer runs, also one whose supervisor was killed.
func TestAttemptAndAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gate := filepath.Join(w.dir, "gate")
	spec := w.gated(t, "id.alone.1.1", gate, 0)
	a, err := TakeAlone(w.state)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), w.options(), spec); !errors.Is(err, ErrOccupied) {
		t.Errorf("started beside it: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	begun, err := Start(t.Context(), w.options(), spec)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := TakeAlone(w.state); !errors.Is(err, ErrRuns) {
		t.Errorf("taken beside an installer: %v", err)
	}
	kill(begun.Supervisor.PID)
	eventually(t, "the supervisor is gone", func() bool { lives, err := alive(begun.Supervisor); return err == nil && !lives })
	if _, err := TakeAlone(w.state); !errors.Is(err, ErrRuns) {
		t.Errorf("taken beside an installer without a supervisor: %v", err)
	}
	write(t, gate, "", 0o600)
	w.wait(t, begun)
	if a, err = TakeAlone(w.state); err != nil {
		t.Fatalf("nothing runs: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
}
