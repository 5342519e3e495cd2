// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

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
