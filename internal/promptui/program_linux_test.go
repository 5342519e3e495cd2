// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localapi"
	"github.com/quietsetup/quietsetup/internal/localsock"
	"github.com/quietsetup/quietsetup/internal/prompts"
)

// TestMain is the agent's program when a test starts it as one.
func TestMain(m *testing.M) {
	if os.Getenv("QUIETSETUP_TEST_AGENT") == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	code := Main(ctx, os.Args[1:], Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv})
	stop()
	os.Exit(code)
}

// service is the daemon's side of asking, for real: socket, API and broker.
type service struct {
	*testing.T
	*prompts.Broker
	path string

	mu       sync.Mutex
	heard    []string
	answered context.Context // ends at the first answer
	answer   func()
	stop     func()
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

// Until is a clock on which every deadline is a minute away.
func (s *service) Until(events.Moment) events.Span { return events.Minute }

func (s *service) wait(text string) {
	s.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		s.mu.Lock()
		ok := slices.Contains(s.heard, text)
		heard := strings.Join(s.heard, "; ")
		s.mu.Unlock()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			s.Fatalf("%q was not heard, but %s", text, heard)
		}
	}
}

func serve(t *testing.T, path string) *service {
	t.Helper()
	s := &service{T: t, path: path}
	s.answered, s.answer = context.WithCancel(context.Background())
	b, err := prompts.New(prompts.Config{Core: s, Clock: s, Key: bytes.Repeat([]byte{7}, 32), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	s.Broker = b
	l, err := localsock.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- localapi.Serve(ctx, l, localapi.New(localapi.Config{Desk: b, Reports: b, Owner: localsock.Self()}))
	}()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the service ended with %v", err)
		}
	})
	t.Cleanup(s.stop)
	return s
}

// ask asks in the session of this test's user.
func (s *service) ask() (end func()) { return s.askFor(func(*fsm.AskUsers) {}) }

// askFor asks something else than to update Firefox.
func (s *service) askFor(change func(*fsm.AskUsers)) (end func()) {
	me := localsock.Self()
	a := events.Ask{Session: me, Owner: me, N: 7, Added: 7, Programs: []events.Process{{Name: "firefox", Owner: me}}}
	w := fsm.AskUsers{Ask: a, Window: events.Window{ID: "firefox#1.1", Action: events.ActionSetup, Name: "Firefox", Version: "2.0-1", Installed: true,
		Choices: []events.Choice{"defer", "recheck", "kill"}, Default: "defer", DefersMax: 5, AskAgain: events.Day}}
	change(&w)
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

// agent starts the program in a terminal of its own.
func (p *pty) agent(lang, path string) *exec.Cmd {
	p.Helper()
	c := exec.Command(os.Args[0], "--terminal", "--socket", path)
	c.Env = []string{"QUIETSETUP_TEST_AGENT=1", "GORACE=atexit_sleep_ms=0", "LANG=" + lang, "TERM=xterm", "PATH=" + os.Getenv("PATH")}
	c.Stdin, c.Stdout, c.Stderr = p.slave, p.slave, p.slave
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	if err := c.Start(); err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { _ = c.Process.Kill() }) // if it has not ended as it should
	return c
}

// end waits for the program's end.
func (p *pty) end(c *exec.Cmd, code int) {
	p.Helper()
	if err := c.Wait(); c.ProcessState.ExitCode() != code {
		s, _ := p.text()
		p.Errorf("the agent ended with %v, want code %d:\n%s", err, code, s)
	}
}

func socket(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "qs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "api.sock")
}

func TestProgram(t *testing.T) {
	for lang, c := range map[string]struct{ title, key, verdict, label string }{
		"en_GB.UTF-8": {"Firefox update – please close this program", "c", "Understood. It begins as soon as nobody else has to agree.", "Close and update"},
		"de_AT.UTF-8": {"Firefox aktualisieren – bitte Programm schließen", "c", "Verstanden. Es geht los, sobald", "Schließen und aktualisieren"},
	} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			s := serve(t, socket(t))
			p := newPTY(t, 80, 24)
			before := p.modes()
			agent := p.agent(lang, s.path)
			end := s.ask()
			if screen := p.wait(c.title, true); !strings.Contains(screen, c.label) {
				t.Errorf("the screen is\n%s", screen)
			}
			s.wait("shown")
			p.press(c.key)
			p.wait(c.verdict, false)
			s.wait(localsock.Self() + " {Window:firefox#1.1 Session:" + localsock.Self() + " Seen:7 Choice:kill}")
			end()
			if after := p.modes(); after != before {
				t.Errorf("the terminal's modes are %+v, were %+v", after, before)
			}
			if err := agent.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			p.end(agent, 0)
		})
	}
}

// Whatever ends the program while a window is shown, the terminal is put back
// and the daemon hears that the window is gone.
func TestProgramIsEnded(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, 0} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			s := serve(t, socket(t))
			p := newPTY(t, 80, 24)
			before := p.modes()
			agent := p.agent("en", s.path)
			s.ask()
			p.wait("Time left", true)
			s.wait("shown")
			if sig == 0 {
				p.typed("\x03") // Ctrl-C
			} else if err := agent.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			p.end(agent, 0)
			if after := p.modes(); after != before {
				t.Errorf("the terminal's modes are %+v, were %+v", after, before)
			}
			p.wait("", false)
			s.wait("failed superseded")
		})
	}
}

// An answer given while the daemon is away arrives when it is back.
func TestProgramOverARestart(t *testing.T) {
	t.Parallel()
	s := serve(t, socket(t))
	p := newPTY(t, 80, 24)
	agent := p.agent("en", s.path)
	s.ask()
	p.wait("Time left", true)
	s.wait("shown")
	s.stop()
	p.press("l")
	p.wait("Trying again", false)
	again := serve(t, s.path)
	again.ask()
	again.wait(localsock.Self() + " {Window:firefox#1.1 Session:" + localsock.Self() + " Seen:7 Choice:defer}")
	p.wait("Understood: later.", false)
	if err := agent.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.end(agent, 0)
}

func TestProgramReplaced(t *testing.T) {
	t.Parallel()
	s := serve(t, socket(t))
	p, q := newPTY(t, 80, 24), newPTY(t, 80, 24)
	first := p.agent("en", s.path)
	for len(s.Agents()) == 0 {
		time.Sleep(time.Millisecond)
	}
	second := q.agent("en", s.path)
	p.end(first, 0)
	p.wait("shown in another window now", false)
	s.ask()
	q.wait("Time left", true)
	q.typed("\x03")
	q.end(second, 0)
}

func TestProgramUsage(t *testing.T) {
	t.Parallel()
	open := socket(t)
	if err := os.Chmod(filepath.Dir(open), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		text string
	}{
		{nil, 11, "DISPLAY"},
		{[]string{"--front", "zenity", "--lang", "de"}, 11, "Hier kann keine Frage gezeigt werden."},
		{[]string{"--terminal", "more"}, 2, "--front"},
		{[]string{"--front", "gtk"}, 2, "auto, zenity, kdialog, terminal"},
		{[]string{"--nonsense"}, 2, "nonsense"},
		{[]string{"--help"}, 0, "nothing can be shown here"},
		{[]string{"--terminal", "--lang", "de", "--socket", open}, 9, "nicht vertraut"},
	} {
		cmd := exec.Command(os.Args[0], c.args...)
		cmd.Env = []string{"QUIETSETUP_TEST_AGENT=1", "GORACE=atexit_sleep_ms=0", "LANG=C"}
		out, _ := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != c.code || !strings.Contains(string(out), c.text) {
			t.Errorf("%q ends with %d and says %s; want %d and %q", c.args, cmd.ProcessState.ExitCode(), out, c.code, c.text)
		}
	}
}

// A real answer from the wrong place is refused by the real service.
func TestAnswersFromElsewhere(t *testing.T) {
	t.Parallel()
	s := serve(t, socket(t))
	s.ask()
	p := newPTY(t, 80, 24)
	agent := p.agent("en", s.path)
	p.wait("Time left", true)
	if _, err := s.Answer(t.Context(), localsock.Peer{Owner: "uid:4711"}, "firefox#1.1@"+localsock.Self(), apitypes.Answer{Choice: "kill"}); err == nil {
		t.Error("somebody else answered")
	}
	if err := agent.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.end(agent, 0)
}
