// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/localsock"
	"github.com/quietsetup/quietsetup/internal/needs"
	"github.com/quietsetup/quietsetup/internal/promptui/desktoptest"
)

// seat is a person at a desktop with the real agent.
type seat struct {
	*desktoptest.Desktop
	*service
	agent *exec.Cmd
	said  *os.File
}

// sit starts the agent on a desktop, as the session's start would.
func sit(t *testing.T, d *desktoptest.Desktop, front, lang string) *seat {
	t.Helper()
	s := &seat{Desktop: d, service: serve(t, socket(t))}
	var err error
	if s.said, err = os.Create(filepath.Join(t.TempDir(), "said")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.said.Close() })
	s.agent = exec.Command(os.Args[0], "--front", front, "--socket", s.path)
	s.agent.Env = d.Environ("QUIETSETUP_TEST_AGENT=1", "GORACE=atexit_sleep_ms=0", "LANG="+lang)
	s.agent.Stdout, s.agent.Stderr = s.said, s.said
	if err := s.agent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.agent.Process.Kill() })
	return s
}

// stand ends the agent as the end of a session would; it has said nothing.
func (s *seat) stand() {
	s.service.Helper()
	if err := s.agent.Process.Signal(syscall.SIGTERM); err != nil {
		s.service.Fatal(err)
	}
	s.ends(0)
}

func (s *seat) ends(code int) {
	s.service.Helper()
	err := s.agent.Wait()
	text, _ := os.ReadFile(s.said.Name())
	if s.agent.ProcessState.ExitCode() != code || len(text) > 0 {
		s.service.Errorf("the agent ended with %v, want %d, and said %q", err, code, text)
	}
}

// settled waits until the open window has settled: the daemon heard of it after
// the agent saw it.
func (s *seat) settled() {
	s.service.Helper()
	s.wait("shown")
	time.Sleep(windowSettle + 50*time.Millisecond)
}

// forget forgets what the daemon heard.
func (s *seat) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = nil
}

func last(w *fsm.AskUsers) {
	w.Window.Final, w.Window.Choices, w.Window.Default, w.Window.DefersUsed = true, []events.Choice{"recheck", "kill"}, "kill", 5
}

// All choices by the keyboard, in both languages, from the keys to the core.
func TestWindowByKeyboard(t *testing.T) {
	needs.Tool(t, "zenity")
	titles := map[string][]string{
		"en_GB.UTF-8": {"Firefox update – please close this program", "Firefox update – last notice, please close this program", "Firefox will be removed – please close this program"},
		"de_DE.UTF-8": {"Firefox aktualisieren – bitte Programm schließen", "Firefox aktualisieren – letzte Ankündigung, bitte Programm schließen", "Firefox entfernen – bitte Programm schließen"},
	}
	for lang, title := range titles {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			s := sit(t, desktoptest.Start(t), "auto", lang)
			for i, c := range []struct {
				title  string
				change func(*fsm.AskUsers)
				keys   [][]string // of one window after the other
				choice string
			}{
				{title[0], nil, [][]string{{"Return"}}, "defer"},
				{title[0], nil, [][]string{{"space"}}, "defer"},
				{title[0], nil, [][]string{{"Tab", "Return"}}, "recheck"},
				{title[0], nil, [][]string{{"Tab", "Tab", "Return"}}, "kill"},
				{title[0], nil, [][]string{{"Escape"}}, "defer"},
				{title[1], last, [][]string{{"Tab", "Return"}}, "recheck"},
				{title[1], last, [][]string{{"Return"}, {"Return"}}, "kill"},
				{title[2], func(w *fsm.AskUsers) { w.Window.Action = events.ActionUninstall }, [][]string{{"Right", "Right", "space"}}, "kill"},
				{title[0], func(w *fsm.AskUsers) { w.Window.Choices = []events.Choice{"defer", "kill"} }, [][]string{{"Tab", "Return"}}, "kill"},
			} {
				s.forget()
				id := fmt.Sprintf("firefox#1.%d", i+1)
				end := s.askFor(func(w *fsm.AskUsers) {
					w.Window.ID = id
					if c.change != nil {
						c.change(w)
					}
				})
				var window desktoptest.Window
				for n, keys := range c.keys {
					if n == 0 {
						s.settled()
					}
					window = s.Next(c.title, window)
					if a := s.Area(window); !a.Fits() {
						t.Errorf("%s, %s: the window is at %+v", lang, c.title, a)
					}
					if n > 0 { // one that is shown again is no news for the daemon
						time.Sleep(2 * windowSettle)
					}
					s.Press(keys...)
					s.Desktop.Until("the window is answered", func() bool { return s.Active(c.title) != window })
				}
				s.wait(localsock.Self() + " {Window:" + id + " Session:" + localsock.Self() + " Seen:7 Choice:" + c.choice + "}")
				end()
				s.Gone(c.title)
			}
			s.stand()
		})
	}
}

// kdialog has a button less, and Esc hides.
func TestKDialogByKeyboard(t *testing.T) {
	t.Parallel()
	needs.Tool(t, "kdialog")
	d := desktoptest.Start(t)
	s := sit(t, d, "kdialog", "de_DE.UTF-8")
	title := "Firefox aktualisieren – "
	for i, c := range []struct {
		change func(*fsm.AskUsers)
		keys   []string
		choice string
	}{
		{nil, []string{"Return"}, "defer"},
		{nil, []string{"Tab", "Return"}, "kill"},
		{last, []string{"Tab", "Return"}, "recheck"},
	} {
		s.forget()
		id := fmt.Sprintf("firefox#1.%d", i+1)
		end := s.askFor(func(w *fsm.AskUsers) {
			w.Window.ID = id
			if c.change != nil {
				c.change(w)
			}
		})
		s.settled()
		if a := s.Area(s.Wait(title)); !a.Fits() {
			t.Errorf("the window is at %+v", a)
		}
		s.Press(c.keys...)
		s.wait(localsock.Self() + " {Window:" + id + " Session:" + localsock.Self() + " Seen:7 Choice:" + c.choice + "}")
		end()
		s.Gone(title)
	}
	s.forget()
	s.askFor(func(w *fsm.AskUsers) { w.Window.ID = "firefox#1.9" })
	s.settled()
	s.Wait(title)
	s.Press("Escape")
	s.Gone(title)
	s.mu.Lock()
	if slices.ContainsFunc(s.heard, func(h string) bool { return strings.Contains(h, "Choice") }) {
		t.Errorf("Esc is an answer: %q", s.heard)
	}
	s.mu.Unlock()
	s.stand()
}

// dialogs are the processes of a program that the agent has started.
func (s *seat) dialogs(name string) []int {
	var out []int
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		stat, err := os.ReadFile(filepath.Join(dir, "stat"))
		if err != nil {
			continue
		}
		var pid, parent int
		var state string
		rest := stat[strings.LastIndexByte(string(stat), ')')+1:]
		fmt.Sscan(string(rest), &state, &parent)
		fmt.Sscan(filepath.Base(dir), &pid)
		if parent == s.agent.Process.Pid && strings.Contains(string(stat), "("+name+")") && state != "Z" {
			out = append(out, pid)
		}
	}
	return out
}

// A killed window comes back; programs that end, and others that begin, change
// it; a killed agent leaves none behind.
func TestWindowsLife(t *testing.T) {
	t.Parallel()
	needs.Tool(t, "zenity")
	d := desktoptest.Start(t)
	s := sit(t, d, "zenity", "en_GB.UTF-8")
	two := func(w *fsm.AskUsers) {
		w.Ask.Programs = append(w.Ask.Programs, events.Process{Name: "editor", Owner: localsock.Self()})
	}
	title := "Firefox update – please close these programs"
	end := s.askFor(two)
	s.wait("shown")
	window := s.Wait(title)
	one := s.dialogs("zenity")
	if len(one) != 1 {
		t.Fatalf("the agent's windows are %v", one)
	}
	// The same window, with a program less and then one more.
	end()
	s.forget()
	end = s.askFor(func(w *fsm.AskUsers) { w.Ask.N = 8 })
	s.wait("shown") // as it was before
	end()
	s.forget()
	s.askFor(func(w *fsm.AskUsers) { two(w); w.Ask.N, w.Ask.Added = 9, 9 })
	s.wait("shown") // of the list with what was added
	if s.Wait(title) != window {
		t.Error("a change of the list opens another window")
	}
	if err := syscall.Kill(one[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.Next(title, window)
	_ = s.agent.Process.Kill()
	_ = s.agent.Wait()
	s.Gone(title)
}

// The agent of a display that has gone ends with it.
func TestAgentEndsWithDisplay(t *testing.T) {
	t.Parallel()
	needs.Tool(t, "zenity")
	d := desktoptest.Start(t)
	s := sit(t, d, "auto", "en_GB.UTF-8")
	s.Desktop.Until("the agent is there", func() bool { return len(s.Agents()) == 1 })
	d.End()
	s.ends(0)
}

// The agent that was there first ends when another one is started in its session.
func TestWindowAgentReplaced(t *testing.T) {
	t.Parallel()
	needs.Tool(t, "zenity")
	d := desktoptest.Start(t)
	s := sit(t, d, "auto", "en_GB.UTF-8")
	s.ask()
	s.wait("shown")
	title := "Firefox update – please close this program"
	s.Wait(title)
	p := newPTY(t, 80, 24)
	p.agent("en", s.path)
	s.ends(0)
	s.Gone(title)
	p.wait("Time left", true)
	p.typed("\x03")
}
