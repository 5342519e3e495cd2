// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

func TestCloseExactly(t *testing.T) {
	dir, m := room(t), machine()
	app := filepath.Join(dir, "app")
	exe := sleeper(t, app, "busy")
	shown, later := run(t, "", exe, "100"), run(t, "", exe, "100")
	namesake := run(t, "", sleeper(t, dir, "elsewhere", "busy"), "100")
	target := seen(t, m, app, shown)

	begun := time.Now()
	if err := m.Close(context.Background(), []events.Process{target}, time.Minute, true); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("took %v of a minute's grace", took)
	}
	if Alive(target.ProcessID) {
		t.Error("the target goes on")
	}
	shown.Wait()
	if got := shown.ProcessState.Sys().(syscall.WaitStatus).Signal(); got != syscall.SIGTERM {
		t.Errorf("ended by %v, want to be asked first", got)
	}
	for name, cmd := range map[string]*exec.Cmd{"a second one of the same file, not shown": later, "a namesake elsewhere": namesake} {
		if start, err := StartOf(cmd.Process.Pid); err != nil || !Alive(events.ProcessID{PID: cmd.Process.Pid, Start: start}) {
			t.Errorf("%s was closed: %v", name, err)
		}
	}
	// A second time there is nothing left to do.
	if err := m.Close(context.Background(), []events.Process{target}, time.Minute, true); err != nil {
		t.Error(err)
	}
}

// A file name is any bytes: the log holds the path as UTF-8, and it is still the
// program that was shown.
func TestCloseAPathOfAnyBytes(t *testing.T) {
	dir, m := room(t), machine()
	app := filepath.Join(dir, "app")
	cmd := run(t, "", sleeper(t, filepath.Join(app, "\xff\xfe"), "bu\xffsy"), "100")
	target := seen(t, m, app, cmd)
	if err := m.Close(context.Background(), []events.Process{target}, time.Minute, true); err != nil {
		t.Fatal(err)
	}
	if Alive(target.ProcessID) {
		t.Error("the target goes on")
	}
}

func TestCloseSparesWhatChanged(t *testing.T) {
	dir, m := room(t), machine()
	app := filepath.Join(dir, "app")
	cmd := run(t, "", sleeper(t, app, "busy"), "100")
	is := seen(t, m, app, cmd)
	for name, change := range map[string]func(*events.Process){
		"a pid that was given to another process": func(p *events.Process) { p.Start-- },
		"a process that was not started yet":      func(p *events.Process) { p.Start++ },
		"another program":                         func(p *events.Process) { p.Path = events.Plain("/opt/other/busy") },
		"another program, private":                func(p *events.Process) { p.Path = events.Secret("/home/bob/busy") },
	} {
		p := is
		change(&p)
		if err := m.Close(context.Background(), []events.Process{p}, time.Minute, true); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !Alive(is.ProcessID) {
			t.Fatalf("%s was closed", name)
		}
	}
	for _, class := range []events.Class{events.ClassService, events.ClassVital, events.ClassBackground, ""} {
		p := is
		p.Class = class
		if err := m.Close(context.Background(), []events.Process{p}, time.Minute, true); !errors.Is(err, ErrProtected) {
			t.Errorf("class %q: %v, want ErrProtected", class, err)
		}
		if !Alive(is.ProcessID) {
			t.Fatalf("class %q was closed", class)
		}
	}
	// A path that is sealed and not at hand is not compared.
	in, _ := events.Seal(events.ChecksObserved{Seen: events.Observation{Programs: []events.Process{{ProcessID: is.ProcessID, Class: is.Class, Rule: is.Rule, Path: events.Secret("/x")}}}}, 1, func() string { return "salt" })
	if err := m.Close(context.Background(), in.(events.ChecksObserved).Seen.Programs, 10*time.Second, false); err != nil || Alive(is.ProcessID) {
		t.Errorf("with a sealed path it goes on: %v", err)
	}
}

func TestCloseSparesOwn(t *testing.T) {
	m := machine()
	for _, pid := range []int{os.Getpid(), os.Getppid(), 1} {
		start, err := StartOf(pid)
		if err != nil {
			t.Fatal(err)
		}
		p := events.Process{ProcessID: events.ProcessID{PID: pid, Start: start}, Class: events.ClassNamed, Rule: "process x"}
		if err := m.Close(context.Background(), []events.Process{p}, 0, true); !errors.Is(err, ErrProtected) {
			t.Errorf("process %d: %v, want ErrProtected", pid, err)
		}
	}
	for _, pid := range []int{0, -1} {
		if err := m.Close(context.Background(), []events.Process{{ProcessID: events.ProcessID{PID: pid}, Class: events.ClassNamed}}, 0, true); err == nil {
			t.Errorf("process %d: no error", pid)
		}
	}
}

func TestCloseOfSessionLeader(t *testing.T) {
	dir := room(t)
	cmd := run(t, "", sleeper(t, dir, "app", "shell"), "100")
	m := machine()
	p := seen(t, m, filepath.Join(dir, "app"), cmd)
	m.logind = logind{}
	m.utmp = []string{writeUtmp(t, row(utmpUser, cmd.Process.Pid, "pts/0", "root", ""))}
	if err := m.Close(context.Background(), []events.Process{p}, 0, true); !errors.Is(err, ErrProtected) || !Alive(p.ProcessID) {
		t.Errorf("a session leader: %v", err)
	}
}

// stubborn starts a shell that does not end when asked to.
func stubborn(t *testing.T, dir string) *exec.Cmd {
	exe := program(t, "/bin/sh", dir, "stubborn")
	cmd := &exec.Cmd{Path: exe, Args: []string{exe, "-c", "trap '' TERM; echo ready; read line"}}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start(t, cmd)
	if b := make([]byte, 6); true {
		if _, err := io.ReadFull(out, b); err != nil || string(b) != "ready\n" {
			t.Fatalf("%q, %v", b, err)
		}
	}
	return cmd
}

func TestCloseWithForce(t *testing.T) {
	dir, m := room(t), machine()
	cmd := stubborn(t, dir)
	p := seen(t, m, dir, cmd)
	if err := m.Close(context.Background(), []events.Process{p}, 50*time.Millisecond, false); err != nil || !Alive(p.ProcessID) {
		t.Fatalf("without force: %v, alive %v", err, Alive(p.ProcessID))
	}
	if err := m.Close(context.Background(), []events.Process{p}, 50*time.Millisecond, true); err != nil || Alive(p.ProcessID) {
		t.Errorf("with force: %v, alive %v", err, Alive(p.ProcessID))
	}
}

func TestCloseIsCancelled(t *testing.T) {
	dir, m := room(t), machine()
	cmd := stubborn(t, dir)
	p := seen(t, m, dir, cmd)
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := m.Close(ctx, []events.Process{p}, time.Minute, true); !errors.Is(err, context.DeadlineExceeded) || !Alive(p.ProcessID) {
		t.Errorf("cancelled in the grace: %v, alive %v", err, Alive(p.ProcessID))
	}
	before := run(t, "", sleeper(t, dir, "busy"), "100")
	p = seen(t, m, dir, before)
	if err := m.Close(ctx, []events.Process{p}, time.Minute, true); !errors.Is(err, context.DeadlineExceeded) || !Alive(p.ProcessID) {
		t.Errorf("cancelled before: %v, alive %v", err, Alive(p.ProcessID))
	}
}

func TestCloseStopped(t *testing.T) {
	dir, m := room(t), machine()
	cmd := run(t, "", sleeper(t, dir, "busy"), "100")
	p := seen(t, m, dir, cmd)
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(context.Background(), []events.Process{p}, 10*time.Second, false); err != nil || Alive(p.ProcessID) {
		t.Errorf("a stopped program: %v, alive %v", err, Alive(p.ProcessID))
	}
}

// A program that execs another keeps pid and start time, but is not what was shown.
func TestCloseAfterExec(t *testing.T) {
	dir, m := room(t), machine()
	app := filepath.Join(dir, "app")
	exe, next := program(t, "/bin/sh", app, "busy"), sleeper(t, dir, "elsewhere", "next")
	cmd := &exec.Cmd{Path: exe, Args: []string{exe, "-c", "read line; exec " + next + " 100"}}
	r, w := io.Pipe()
	cmd.Stdin = r
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close(); cmd.Process.Kill(); cmd.Wait() })
	p := seen(t, m, app, cmd)
	ask(t, w, "go on")
	eventually(t, func() bool { exe, err := os.Readlink(procFile(int32(p.PID), "exe")); return err == nil && exe == next })
	if err := m.Close(context.Background(), []events.Process{p}, time.Minute, true); err != nil || !Alive(p.ProcessID) {
		t.Errorf("%v, alive %v", err, Alive(p.ProcessID))
	}
}

// What is started again after closing is another process: it is not closed,
// and the next look finds it.
func TestCloseOfWhatRespawns(t *testing.T) {
	dir, m := room(t), machine()
	app := filepath.Join(dir, "app")
	exe := sleeper(t, app, "busy")
	cmd := exec.Command("/bin/sh", "-c", "trap 'kill $!; exit' TERM; while :; do "+exe+" 100 & wait; done")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	start(t, cmd)
	t.Cleanup(func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	only := func() (pid int) {
		eventually(t, func() bool {
			for pid = range find(t, m, []string{app}, nil) {
				return true
			}
			return false
		})
		return pid
	}
	first := only()
	p := events.Process{Class: events.ClassWindow, Rule: "dir " + app, Path: events.Plain(exe)}
	p.PID = first
	var err error
	if p.Start, err = StartOf(first); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(context.Background(), []events.Process{p}, 10*time.Second, true); err != nil || Alive(p.ProcessID) {
		t.Fatalf("%v, alive %v", err, Alive(p.ProcessID))
	}
	if second := only(); second == first {
		t.Errorf("process %d is still found", first)
	}
}

func TestCloseLeaksNoDescriptors(t *testing.T) {
	dir, m := room(t), machine()
	cmd := stubborn(t, dir)
	p := seen(t, m, dir, cmd)
	before := descriptors(t)
	for range 20 {
		if err := m.Close(context.Background(), []events.Process{p, p}, time.Millisecond, false); err != nil {
			t.Fatal(err)
		}
	}
	if after := descriptors(t); after > before {
		t.Errorf("%d open files, %d before", after, before)
	}
}

func TestAlive(t *testing.T) {
	dir := room(t)
	cmd := run(t, "", sleeper(t, dir, "busy"), "100")
	start, err := StartOf(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	id := events.ProcessID{PID: cmd.Process.Pid, Start: start}
	if !Alive(id) || Alive(events.ProcessID{PID: id.PID, Start: start + 1}) || Alive(events.ProcessID{}) || Alive(events.ProcessID{PID: -1}) {
		t.Error("a running process")
	}
	cmd.Process.Kill()
	eventually(t, func() bool { return !Alive(id) }) // a zombie by now
	if _, err := StartOf(id.PID); err == nil {
		t.Error("a zombie has a start")
	}
	cmd.Wait()
	if _, err := StartOf(id.PID); err == nil || !strings.Contains(err.Error(), "cannot read when process") {
		t.Errorf("error %v", err)
	}
}
