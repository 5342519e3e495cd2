// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
)

// parts are what this test program does when it is started as another process.
func parts() map[string]func() {
	return map[string]func(){
		// look looks for its arguments' directory and says what came of it.
		"look": func() {
			m := New(Options{OwnUserOnly: len(os.Args) > 2})
			o := checks.Look(context.Background(), m, events.Package{Dirs: os.Args[1:2]})
			fmt.Printf("complete=%v programs=%d reason=%s", o.Complete, len(o.Programs), o.Reason)
		},
		// headless ends its first thread and goes on with another.
		"headless": func() {
			started := make(chan bool)
			go func() {
				runtime.LockOSThread()
				started <- true
				var b [1]byte
				syscall.Read(0, b[:]) // until the test ends
				os.Exit(0)
			}()
			<-started
			syscall.RawSyscall(syscall.SYS_EXIT, 0, 0, 0)
		},
	}
}

const partVariable = "QUIETSETUP_TEST_PART"

func init() { runtime.LockOSThread() } // so that a part runs on the first thread

func TestMain(m *testing.M) {
	if part, ok := parts()[os.Getenv(partVariable)]; ok {
		part()
		return
	}
	runtime.UnlockOSThread()
	os.Exit(m.Run())
}

// machine is this machine as far as the test's user may look at it.
func machine() *Machine { return New(Options{OwnUserOnly: os.Geteuid() != 0}) }

// room returns a directory with the path that processes in it will show.
func room(t testing.TB) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// program copies an executable.
func program(t testing.TB, from string, to ...string) string {
	t.Helper()
	path := filepath.Join(to...)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// sleeper copies a program that does nothing for long.
func sleeper(t testing.TB, to ...string) string {
	t.Helper()
	path, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	return program(t, path, to...)
}

// run starts a process that ends with the test. Its standard input is a pipe
// that stays open until then.
func run(t testing.TB, dir string, args ...string) *exec.Cmd {
	t.Helper()
	return start(t, &exec.Cmd{Path: args[0], Args: args, Dir: dir})
}

func start(t testing.TB, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
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
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
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

// ask writes a line to a process that waits for one.
func ask(t testing.TB, w io.Writer, line string) {
	t.Helper()
	if _, err := io.WriteString(w, line+"\n"); err != nil {
		t.Fatal(err)
	}
}
