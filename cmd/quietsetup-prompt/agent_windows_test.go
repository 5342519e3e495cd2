// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localapi"
	"github.com/quietsetup/quietsetup/internal/localsock"
	"github.com/quietsetup/quietsetup/internal/prompts"
)

// These tests are here because the program for tests is linked with this
// folder's manifest, and so has the task dialogs that the agent has.

// TestMain is the agent when a test starts it as one.
func TestMain(m *testing.M) {
	if os.Getenv("QUIETSETUP_TEST_AGENT") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// service is the daemon's side of asking, for real: pipe, API and broker.
type service struct {
	*testing.T
	*prompts.Broker
	pipe  string
	agent *exec.Cmd

	mu       sync.Mutex
	heard    []string
	answered context.Context // ends at the first answer
	answer   func()
	left     events.Span
}

func (s *service) hear(format string, a ...any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = append(s.heard, fmt.Sprintf(format, a...))
	return nil
}

// Deliver is a core for which every answer ends the window.
func (s *service) Deliver(_ context.Context, actor string, in events.Input) error {
	s.mu.Lock()
	answer := s.answer
	s.mu.Unlock()
	answer()
	return s.hear("%s %+v", actor, in)
}

// Until is a clock on which every deadline is as far as the test says.
func (s *service) Until(events.Moment) events.Span {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.left
}

// until waits until something is so.
func (s *service) until(what string, ok func() bool) {
	s.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.Fatalf("in vain it was waited until %s; heard was %q", what, s.heard)
		}
	}
}

func (s *service) hears(text string) {
	s.Helper()
	s.until(text+" is heard", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return slices.ContainsFunc(s.heard, func(h string) bool { return strings.Contains(h, text) })
	})
}

func (s *service) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = nil
}

// serve starts a service and an agent in this session.
func serve(t *testing.T, args ...string) *service {
	t.Helper()
	s := &service{T: t, pipe: fmt.Sprintf(`\\.\pipe\quietsetup-test-%d-%d`, os.Getpid(), time.Now().UnixNano()), left: events.Minute}
	s.answered, s.answer = context.WithCancel(context.Background())
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if s.Broker, err = prompts.New(prompts.Config{Core: s, Clock: s, Key: bytes.Repeat([]byte{7}, 32), Version: "test"}); err != nil {
		t.Fatal(err)
	}
	l, err := localsock.Listen(s.pipe)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- localapi.Serve(ctx, l, localapi.New(localapi.Config{Desk: s.Broker, Reports: s.Broker, Owner: localsock.Self()}))
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the service ended with %v", err)
		}
	})
	s.agent = exec.Command(exe, append(args, "--socket", s.pipe)...)
	s.agent.Env = append(os.Environ(), "QUIETSETUP_TEST_AGENT=1")
	var said bytes.Buffer
	s.agent.Stderr = &said
	if err := s.agent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.agent.Process.Kill()
		_ = s.agent.Wait()
		if said.Len() > 0 {
			t.Errorf("the agent said %s", said.String())
		}
	})
	s.until("the agent is there", func() bool { return len(s.Agents()) == 1 })
	return s
}

// ask asks something in the session of this test's user.
func (s *service) ask(id string, change func(*fsm.AskUsers)) (end func()) {
	me := localsock.Self()
	a := events.Ask{Session: me, Owner: me, N: 7, Added: 7, Programs: []events.Process{{Name: "firefox.exe", Owner: me}}}
	w := fsm.AskUsers{Ask: a, Window: events.Window{ID: id, Action: events.ActionSetup, Name: "Firefox", Version: "128.0.3-1", Installed: true,
		Choices: []events.Choice{"defer", "recheck", "kill"}, Default: "defer", DefersMax: 5, AskAgain: events.Day}}
	if change != nil {
		change(&w)
	}
	s.mu.Lock()
	s.answered, s.answer = context.WithCancel(context.Background())
	s.mu.Unlock()
	ctx, cancel := context.WithCancel(s.answered)
	done := make(chan error, 1)
	go func() {
		done <- s.Ask(ctx, w, func() error { return s.hear("shown") }, func(reason string) error { return s.hear("failed %s", reason) })
	}()
	end = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			s.Errorf("asking ended with %v", err)
		}
	})
	s.Cleanup(end)
	return end
}

// settled waits until the open window has settled.
func (s *service) settled(title string, was windows.HWND) (window windows.HWND) {
	s.Helper()
	s.until("the window "+title+" is there", func() bool {
		window = find(title)
		return window != 0 && window != was && windows.IsWindowVisible(window)
	})
	time.Sleep(1800 * time.Millisecond) // the timer's period, and the second in which nothing counts
	focus(window)
	s.until("it has the keyboard", func() bool { return windows.GetForegroundWindow() == window })
	return window
}

func last(w *fsm.AskUsers) {
	w.Window.Final, w.Window.Choices, w.Window.Default, w.Window.DefersUsed = true, []events.Choice{"recheck", "kill"}, "kill", 5
}

// All choices by the keyboard, in both languages, from the keys to the core. Esc
// is not among them: Wine takes it for a click on a box that is not there.
func TestTaskDialogByKeyboard(t *testing.T) {
	const enter, alt = 0x0d, 0x12
	for lang, title := range map[string][2]string{
		"en": {"Firefox update – please close this program", "Firefox update – last notice, please close this program"},
		"de": {"Firefox aktualisieren – bitte Programm schließen", "Firefox aktualisieren – letzte Ankündigung, bitte Programm schließen"},
	} {
		t.Run(lang, func(t *testing.T) {
			s := serve(t, "--lang", lang)
			recheck := map[string]uint16{"en": 'I', "de": 'G'}[lang]
			for i, c := range []struct {
				title  string
				change func(*fsm.AskUsers)
				keys   [][]uint16 // of one window after the other
				choice string
			}{
				{title[0], nil, [][]uint16{{enter}}, "defer"},
				{title[0], nil, [][]uint16{nil}, "defer"}, // the button of its frame
				{title[0], nil, [][]uint16{{alt, recheck}}, "recheck"},
				{title[0], nil, [][]uint16{{alt, 'C'}}, "kill"},
				{title[1], last, [][]uint16{{enter}, {enter}}, "kill"},
			} {
				s.forget()
				id := fmt.Sprintf("firefox#1.%d", i+1)
				end := s.ask(id, c.change)
				s.hears("shown")
				var window windows.HWND
				for _, keys := range c.keys {
					window = s.settled(c.title, window)
					if press(keys...); keys == nil {
						closeByFrame(window)
					}
					s.until(fmt.Sprintf("window %d is answered", i), func() bool { return find(c.title) != window })
				}
				s.hears("{Window:" + id + " Session:" + localsock.Self() + " Seen:7 Choice:" + c.choice + "}")
				end()
				s.until("it has gone", func() bool { return find(c.title) == 0 })
			}
		})
	}
}

// A letter without Alt is no answer. The list changes in the open window. When
// the question is over the window goes; when the agent is killed it goes with it.
func TestTaskDialogsLife(t *testing.T) {
	s := serve(t, "--lang", "en")
	me := localsock.Self()
	const two, one = "Firefox update – please close these programs", "Firefox update – please close this program"
	end := s.ask("firefox#1.1", func(w *fsm.AskUsers) {
		w.Ask.Programs = append(w.Ask.Programs, events.Process{Name: "editor.exe", Owner: me})
	})
	s.hears("shown")
	window := s.settled(two, 0)
	press('C')
	press('L')
	end()
	s.ask("firefox#1.1", func(w *fsm.AskUsers) { w.Ask.N = 8 }) // a program less
	time.Sleep(1500 * time.Millisecond)
	if find(two) != window {
		t.Error("a shorter list, or a letter, opens another window")
	}
	s.mu.Lock()
	if slices.ContainsFunc(s.heard, func(h string) bool { return strings.Contains(h, "Choice") }) {
		t.Errorf("a letter is an answer: %q", s.heard)
	}
	s.answer() // the question is over
	s.mu.Unlock()
	s.until("it has gone", func() bool { return find(two) == 0 })
	s.forget()
	s.ask("firefox#1.2", nil)
	s.hears("shown")
	s.until("the window is there", func() bool { return find(one) != 0 })
	_ = s.agent.Process.Kill()
	s.until("it has gone with the agent", func() bool { return find(one) == 0 })
}

// The plain box, by the keyboard: Esc hides it, and its text says what each
// button means.
func TestMessageBoxByKeyboard(t *testing.T) {
	const enter, esc = 0x0d, 0x1b
	s := serve(t, "--lang", "de", "--front", "messagebox")
	const title = "Firefox aktualisieren – bitte Programm schließen"
	s.ask("firefox#1.1", nil)
	s.hears("shown")
	s.settled(title, 0)
	press(esc)
	s.until("it is hidden", func() bool { return find(title) == 0 })
	s.mu.Lock()
	if slices.ContainsFunc(s.heard, func(h string) bool { return strings.Contains(h, "Choice") }) {
		t.Errorf("Esc is an answer: %q", s.heard)
	}
	s.answer()
	s.mu.Unlock()
	s.forget()
	s.ask("firefox#1.2", nil)
	s.hears("shown")
	s.settled(title, 0)
	press(enter)
	s.hears("Choice:defer}")
}

// A program closes when its windows are asked; one of another start is not
// touched; what has no window is no error.
func TestAgentCloses(t *testing.T) {
	s := serve(t, "--lang", "en")
	notepad := exec.Command(`C:\windows\system32\notepad.exe`)
	if err := notepad.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = notepad.Wait() }()
	t.Cleanup(func() { _ = notepad.Process.Kill() })
	pid := notepad.Process.Pid
	s.until("its window is there", func() bool { return windowOf(pid) != 0 })
	at := startOf(t, pid)
	if err := s.CloseWindows(t.Context(), localsock.Self(), []events.ProcessID{{PID: pid, Start: at + 1}}); err != nil {
		t.Errorf("one of another start: %v", err)
	}
	select {
	case <-ended:
		t.Fatal("a program of another start was closed")
	case <-time.After(500 * time.Millisecond):
	}
	// Its window waits, as it does for "Save changes?": closing it would lose what is in it.
	enable := windows.NewLazySystemDLL("user32.dll").NewProc("EnableWindow")
	_, _, _ = enable.Call(uintptr(windowOf(pid)), 0)
	if err := s.CloseWindows(t.Context(), localsock.Self(), []events.ProcessID{{PID: pid, Start: at}}); err != nil {
		t.Errorf("a window that waits: %v", err)
	}
	select {
	case <-ended:
		t.Fatal("a program was closed while it asked something")
	case <-time.After(500 * time.Millisecond):
	}
	_, _, _ = enable.Call(uintptr(windowOf(pid)), 1)
	err := s.CloseWindows(t.Context(), localsock.Self(), []events.ProcessID{{PID: pid, Start: at}, {PID: os.Getpid(), Start: startOf(t, os.Getpid())}})
	if err != nil {
		t.Errorf("closing: %v", err)
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("it does not close")
	}
	if err := s.CloseWindows(t.Context(), localsock.Self(), []events.ProcessID{{PID: s.agent.Process.Pid, Start: startOf(t, s.agent.Process.Pid)}}); err == nil {
		t.Error("the agent closes itself")
	}
}

// The service learns whether the person is there.
func TestAgentTellsPresence(t *testing.T) {
	s := serve(t, "--lang", "en")
	s.until("the agent has told", func() bool { return s.Agents()[0].Presence.Known })
	if p := s.Agents()[0].Presence; p.Locked || p.Idle() < 0 {
		t.Errorf("the person is %+v, idle for %v", p, p.Idle())
	}
	if a := s.Agents()[0]; a.Kind != apitypes.AgentWindow {
		t.Errorf("the agent is %+v", a)
	}
}
