// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
)

// desk stands for the agents that ask windows to close.
type desk struct {
	mu    sync.Mutex
	asked map[string][]events.ProcessID
	close func(id events.ProcessID) // what an asked program does
	err   error
}

func (d *desk) ask(_ context.Context, session string, ids []events.ProcessID) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.asked == nil {
		d.asked = map[string][]events.ProcessID{}
	}
	d.asked[session] = append(d.asked[session], ids...)
	for _, id := range ids {
		if d.close != nil {
			d.close(id)
		}
	}
	return d.err
}

// obey ends a program as one does that is asked to close.
func obey(id events.ProcessID) {
	h, err := windows.OpenProcess(windows.PROCESS_TERMINATE, false, uint32(id.PID))
	if err != nil {
		return
	}
	windows.TerminateProcess(h, 7)
	windows.CloseHandle(h)
}

// desked is a machine whose agents do as d does.
func desked(d *desk) *Machine {
	m := machine()
	m.options.AskToClose = d.ask
	return m
}

func TestCloseExactly(t *testing.T) {
	d := &desk{close: obey}
	m := desked(d)
	dir := room(t, m)
	app := filepath.Join(dir, "app")
	exe := sleeper(t, app, "busy.exe")
	shown, later := run(t, exe), run(t, exe)
	namesake := run(t, sleeper(t, dir, "elsewhere", "busy.exe"))
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
	if shown.Wait(); shown.ProcessState.ExitCode() != 7 {
		t.Errorf("ended with %d, want to be asked first", shown.ProcessState.ExitCode())
	}
	session := sessionOf(int32(os.Getpid()))
	if want := map[string][]events.ProcessID{session: {target.ProcessID}}; !maps.EqualFunc(d.asked, want, slices.Equal) {
		t.Errorf("asked %v, want %v", d.asked, want)
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

func TestCloseSparesWhatChanged(t *testing.T) {
	d := &desk{close: obey}
	m := desked(d)
	dir := room(t, m)
	app := filepath.Join(dir, "app")
	is := seen(t, m, app, run(t, sleeper(t, app, "busy.exe")))
	for name, change := range map[string]func(*events.Process){
		"a pid that was given to another process": func(p *events.Process) { p.Start-- },
		"a process that was not started yet":      func(p *events.Process) { p.Start++ },
		"another program":                         func(p *events.Process) { p.Path = events.Plain(`C:\Program Files\Other\busy.exe`) },
		"another program, private":                func(p *events.Process) { p.Path = events.Secret(`C:\Users\bob\busy.exe`) },
	} {
		p := is
		change(&p)
		if err := m.Close(context.Background(), []events.Process{p}, time.Minute, true); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !Alive(is.ProcessID) || len(d.asked) != 0 {
			t.Fatalf("%s was closed, asked %v", name, d.asked)
		}
	}
	for _, class := range []events.Class{events.ClassService, events.ClassVital, events.ClassBackground, ""} {
		p := is
		p.Class = class
		if err := m.Close(context.Background(), []events.Process{p}, time.Minute, true); !errors.Is(err, ErrProtected) {
			t.Errorf("class %q: %v, want ErrProtected", class, err)
		}
	}
	m.platform.services = func() (map[int32]bool, error) { return map[int32]bool{int32(is.PID): true}, nil }
	if err := m.Close(context.Background(), []events.Process{is}, time.Minute, true); !errors.Is(err, ErrProtected) {
		t.Errorf("what became a service: %v, want ErrProtected", err)
	}
	m.platform.services = func() (map[int32]bool, error) { return nil, errors.New("the service manager sleeps") }
	if err := m.Close(context.Background(), []events.Process{is}, time.Minute, true); err == nil {
		t.Error("closed what may be a service")
	}
	m.platform.services = serviceProcesses
	if !Alive(is.ProcessID) || len(d.asked) != 0 {
		t.Fatalf("it was closed, asked %v", d.asked)
	}
	// A path that is sealed and not at hand is not compared.
	in, _ := events.Seal(events.ChecksObserved{Seen: events.Observation{Programs: []events.Process{{ProcessID: is.ProcessID, Class: is.Class, Rule: is.Rule, Path: events.Secret("/x")}}}}, 1, func() string { return "salt" })
	if err := m.Close(context.Background(), in.(events.ChecksObserved).Seen.Programs, 10*time.Second, false); err != nil || Alive(is.ProcessID) {
		t.Errorf("with a sealed path it goes on: %v", err)
	}
}

func TestCloseSparesOwnAndKernel(t *testing.T) {
	m := desked(&desk{close: obey})
	start, err := StartOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []events.ProcessID{{PID: os.Getpid(), Start: start}, {PID: 4, Start: 1}, {PID: 0}, {PID: -1}} {
		p := events.Process{ProcessID: id, Class: events.ClassNamed, Rule: "process x"}
		if err := m.Close(context.Background(), []events.Process{p}, 0, true); !errors.Is(err, ErrProtected) {
			t.Errorf("process %d: %v, want ErrProtected", id.PID, err)
		}
	}
}

func TestCloseWithForce(t *testing.T) {
	d := &desk{} // its programs do not close
	m := desked(d)
	dir := room(t, m)
	cmd := run(t, sleeper(t, dir, "app", "stubborn.exe"))
	p := seen(t, m, filepath.Join(dir, "app"), cmd)
	if err := m.Close(context.Background(), []events.Process{p}, 50*time.Millisecond, false); err != nil || !Alive(p.ProcessID) {
		t.Fatalf("without force: %v, alive %v", err, Alive(p.ProcessID))
	}
	if err := m.Close(context.Background(), []events.Process{p}, 50*time.Millisecond, true); err != nil || Alive(p.ProcessID) {
		t.Errorf("with force: %v, alive %v", err, Alive(p.ProcessID))
	}
	if cmd.Wait(); cmd.ProcessState.ExitCode() != terminated {
		t.Errorf("ended with %d", cmd.ProcessState.ExitCode())
	}
	if n := len(d.asked[p.Session]); n != 2 {
		t.Errorf("asked %d times, want once each", n)
	}
}

func TestCloseWithoutAgent(t *testing.T) {
	dir := ""
	for name, ask := range map[string]*desk{"nobody asks": nil, "the agent has gone": {err: errors.New("no agent")}} {
		m := machine()
		if ask != nil {
			m.options.AskToClose = ask.ask
		}
		dir = room(t, m)
		p := seen(t, m, filepath.Join(dir, "app"), run(t, sleeper(t, dir, "app", "busy.exe")))
		err := m.Close(context.Background(), []events.Process{p}, 50*time.Millisecond, false)
		if err == nil || !Alive(p.ProcessID) || ask == nil && !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s, without force: %v, alive %v", name, err, Alive(p.ProcessID))
		}
		// The end that was announced comes all the same.
		if err := m.Close(context.Background(), []events.Process{p}, 50*time.Millisecond, true); err != nil || Alive(p.ProcessID) {
			t.Errorf("%s, with force: %v, alive %v", name, err, Alive(p.ProcessID))
		}
	}
}

func TestCloseIsCancelled(t *testing.T) {
	m := desked(&desk{})
	dir := room(t, m)
	p := seen(t, m, filepath.Join(dir, "app"), run(t, sleeper(t, dir, "app", "busy.exe")))
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := m.Close(ctx, []events.Process{p}, time.Minute, true); !errors.Is(err, context.DeadlineExceeded) || !Alive(p.ProcessID) {
		t.Errorf("cancelled in the grace: %v, alive %v", err, Alive(p.ProcessID))
	}
	if err := m.Close(ctx, []events.Process{p}, time.Minute, true); !errors.Is(err, context.DeadlineExceeded) || !Alive(p.ProcessID) {
		t.Errorf("cancelled before: %v, alive %v", err, Alive(p.ProcessID))
	}
}

// An agent that does not answer keeps nothing from its end.
func TestCloseWithSilentAgent(t *testing.T) {
	m := machine()
	m.options.AskToClose = func(ctx context.Context, _ string, ids []events.ProcessID) error {
		obey(ids[0])
		<-ctx.Done()
		return ctx.Err()
	}
	dir := room(t, m)
	p := seen(t, m, filepath.Join(dir, "app"), run(t, sleeper(t, dir, "app", "busy.exe")))
	begun := time.Now()
	if err := m.Close(context.Background(), []events.Process{p}, time.Minute, false); err != nil || Alive(p.ProcessID) {
		t.Errorf("%v, alive %v", err, Alive(p.ProcessID))
	}
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("took %v though nothing was left to wait for", took)
	}
}

func TestCloseLeaksNoHandles(t *testing.T) {
	m := desked(&desk{})
	dir := room(t, m)
	app := filepath.Join(dir, "app")
	p := seen(t, m, app, run(t, sleeper(t, app, "busy.exe")))
	look := func() {
		if err := m.Close(context.Background(), []events.Process{p, p}, time.Millisecond, false); err != nil {
			t.Fatal(err)
		}
		checks.Look(context.Background(), m, events.Package{Dirs: []string{app}})
	}
	look() // what is opened once for good
	before := handles(t)
	for range 10 {
		look()
	}
	if after := handles(t); after > before+3 { // Go's own threads come and go
		t.Errorf("%d open handles, %d before", after, before)
	}
}

func handles(t testing.TB) uint32 {
	t.Helper()
	var n uint32
	if ok, _, err := windows.NewLazySystemDLL("kernel32.dll").NewProc("GetProcessHandleCount").Call(uintptr(windows.CurrentProcess()), uintptr(unsafe.Pointer(&n))); ok == 0 {
		t.Fatal(err)
	}
	return n
}

func TestAlive(t *testing.T) {
	m := machine()
	cmd := run(t, sleeper(t, room(t, m), "busy.exe"))
	start, err := StartOf(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	id := events.ProcessID{PID: cmd.Process.Pid, Start: start}
	if !Alive(id) || Alive(events.ProcessID{PID: id.PID, Start: start + 1}) || Alive(events.ProcessID{}) || Alive(events.ProcessID{PID: -1}) {
		t.Error("a running process")
	}
	h, err := openToLook(int32(id.PID)) // as somebody who holds it
	if err != nil {
		t.Fatal(err)
	}
	defer windows.CloseHandle(h)
	cmd.Process.Kill()
	eventually(t, func() bool { return !Alive(id) })
	if _, err := StartOf(id.PID); !errors.Is(err, errEnded) {
		t.Errorf("an ended process that is held: %v", err)
	}
	// A process may end with the code that stands for one that has not.
	if again := run(t, cmd.Path); true {
		p, err := windows.OpenProcess(windows.PROCESS_TERMINATE|lookInto, false, uint32(again.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		defer windows.CloseHandle(p)
		windows.TerminateProcess(p, stillActive)
		eventually(t, func() bool { return ended(p) })
	}
}
