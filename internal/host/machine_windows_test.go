// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
)

// sleepVariable makes this test program one that does nothing until its standard
// input ends. Windows has no program for that which may be copied.
const sleepVariable = "QUIETSETUP_TEST_SLEEP"

func TestMain(m *testing.M) {
	if os.Getenv(sleepVariable) != "" {
		io.Copy(io.Discard, os.Stdin)
		return
	}
	os.Exit(m.Run())
}

func machine() *Machine { return New(Options{}) }

// room returns a directory as processes in it will show it.
func room(t testing.TB, m *Machine) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "quietsetup test ")
	if err != nil {
		t.Fatal(err)
	}
	// Name by name: what testing does, Wine's file system does not know.
	t.Cleanup(func() {
		var names []string
		filepath.WalkDir(dir, func(path string, _ fs.DirEntry, _ error) error {
			names = append(names, path)
			return nil
		})
		for _, name := range slices.Backward(names) {
			if err := os.Remove(name); err != nil {
				t.Error(err)
			}
		}
	})
	real, err := m.Resolve(dir)
	if err != nil {
		t.Fatal(err)
	}
	return real
}

// sleeper puts a program that does nothing for long at a place.
func sleeper(t testing.TB, to ...string) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(to...)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(exe)
	if err == nil {
		err = os.WriteFile(path, b, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// run starts a process that ends with the test.
func run(t testing.TB, exe string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), sleepVariable+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd
}

// eventually waits until ok, at most ten seconds.
func eventually(t testing.TB, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("did not happen in ten seconds")
		}
	}
}

// find looks for programs and demands that all could be seen.
func find(t testing.TB, m *Machine, dirs, names []string) map[int]checks.Program {
	t.Helper()
	match, err := checks.NewMatcher(m.Rules(), dirs, names, m.Resolve)
	if err != nil {
		t.Fatal(err)
	}
	found, err := m.Find(context.Background(), match)
	if err != nil {
		t.Fatal(err)
	}
	out := map[int]checks.Program{}
	for _, p := range found {
		out[p.ID.PID] = p
	}
	return out
}

// seen returns a running process as a look shows it.
func seen(t testing.TB, m *Machine, dir string, cmd *exec.Cmd) events.Process {
	t.Helper()
	o := checks.Look(context.Background(), m, events.Package{Dirs: []string{dir}})
	if !o.Complete {
		t.Fatal(o.Reason)
	}
	for _, p := range o.Programs {
		if p.PID == cmd.Process.Pid {
			return p
		}
	}
	t.Fatalf("process %d is not found below %s", cmd.Process.Pid, dir)
	return events.Process{}
}
