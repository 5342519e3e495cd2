// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestAlone: the machine is somebody's alone, or shared by supervisors.
func TestAlone(t *testing.T) {
	dir := t.TempDir()
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

// TestAloneOutlived: what the holder started is waited for, whoever holds the lock.
func TestAloneOutlived(t *testing.T) {
	dir := t.TempDir()
	a, err := TakeAlone(dir)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	defer func() {
		if !ended {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}()
	if err := errors.Join(a.Runs(cmd.Process.Pid), a.Close()); err != nil { // as a kill frees it
		t.Fatal(err)
	}
	if err := Occupied(dir); !errors.Is(err, ErrOccupied) {
		t.Errorf("an attempt beside it: %v", err)
	}
	if _, err := TakeAlone(dir); !errors.Is(err, ErrOccupied) {
		t.Errorf("another one beside it: %v", err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	ended = true
	if err := Occupied(dir); err != nil {
		t.Errorf("it is over: %v", err)
	}
}

// TestAloneHostile: what lies in the lock's place is not followed, and nonsense in it
// names nobody.
func TestAloneHostile(t *testing.T) {
	for name, put := range map[string]func(string) error{
		"link":   func(p string) error { return os.Symlink("/etc/passwd", p) },
		"folder": func(p string) error { return os.Mkdir(p, 0o700) },
		"loose":  func(p string) error { return errors.Join(os.WriteFile(p, nil, 0o600), os.Chmod(p, 0o666)) },
	} {
		dir := t.TempDir()
		if err := put(filepath.Join(dir, lockName)); err != nil {
			t.Fatal(err)
		}
		if err := Occupied(dir); err == nil || errors.Is(err, ErrOccupied) {
			t.Errorf("%s: %v", name, err)
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, lockName), []byte(`{"boot":`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Occupied(dir); err != nil {
		t.Errorf("nonsense: %v", err)
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
