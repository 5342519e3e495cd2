// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// terminal is a real terminal with the real agent in it.
type terminal struct {
	pty *os.File
	cmd *exec.Cmd
	mu  sync.Mutex
	buf bytes.Buffer
}

// sitDown opens a terminal and runs the agent in it.
func (m *machine) sitDown() *terminal {
	m.t.Helper()
	pty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		m.t.Fatal(err)
	}
	fd := int(pty.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		m.t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		m.t.Fatal(err)
	}
	unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 30, Col: 100})
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		m.t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(m.bin, "quietsetup-prompt"), "--terminal", "--socket", m.socket(), "--lang", "en")
	cmd.Env = append(m.env, "TERM=xterm", "NO_COLOR=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	tty.Close()
	term := &terminal{pty: pty, cmd: cmd}
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := pty.Read(b)
			term.mu.Lock()
			term.buf.Write(b[:n])
			term.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	m.t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		pty.Close()
		if m.t.Failed() {
			m.t.Logf("terminal:\n%q", term.text())
		}
	})
	return term
}

func (t *terminal) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}

// kill ends the agent the hard way.
func (t *terminal) kill() {
	t.cmd.Process.Kill()
	t.cmd.Wait()
}

// open reports whether a window is on the screen: the agent has changed to the
// second one and not back.
func (t *terminal) open() bool {
	text := t.text()
	return strings.LastIndex(text, "\x1b[?1049h") > strings.LastIndex(text, "\x1b[?1049l")
}

func (t *terminal) press(keys string) { t.pty.Write([]byte(keys)) }

// TestLastWindow: after the counted defers the announced last window has no
// later, lasts final_notice, and its end closes and installs. Everything is
// real: the terminal, the agent, the clock.
func TestLastWindow(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "max_defer = 5\ndefer_interval = \"200ms\"\nprompt_interval = 0\nfinal_notice = \"20s\"\nclose_grace = \"5s\"\n")
	m.offer("app", "2.0", "")
	busy := m.program(filepath.Join(m.root, "app/app"))
	m.start()
	term := m.sitDown()
	m.must("request", "app", "setup")
	for n := range 5 {
		var p apitypes.Product
		m.until(fmt.Sprintf("window %d", n+1), 30*time.Second, func() bool {
			p = m.product("app")
			return p.Phase == "prompting" && p.Defers.Used == n && p.Window.Asks[0].Shown
		})
		if p.Window.Final {
			t.Fatalf("window %d is announced as the last: %+v", n+1, p.Window)
		}
		// The agent does not take a key for an answer that was pressed before the
		// window could be read.
		m.until("later is taken", 30*time.Second, func() bool {
			term.press("l")
			time.Sleep(200 * time.Millisecond)
			return m.product("app").Defers.Used == n+1
		})
	}
	var p apitypes.Product
	m.until("the sixth window", 30*time.Second, func() bool {
		p = m.product("app")
		return p.Phase == "prompting" && p.Defers.Used == 5 && p.Window.Asks[0].Shown
	})
	if !p.Window.Final || strings.Contains(strings.Join(p.Window.Choices, " "), "defer") || p.Window.Default != "kill" {
		t.Errorf("the last window: %+v", p.Window)
	}
	if lasts := p.Window.Deadline.Sub(p.Window.Opened); lasts != 20*time.Second {
		t.Errorf("the last window lasts %v", lasts)
	}
	term.press("l")
	// A sign of life, late enough for the terminal's clock of eight seconds.
	time.Sleep(10 * time.Second)
	if !alive(busy) || m.product("app").Phase != "prompting" {
		t.Error("closed before the announced time, or later was taken")
	}
	term.press("?")
	m.untilPhase("app", "reported")
	if alive(busy) || m.installed("app") != "2.0" || m.counted() != 5 {
		t.Errorf("program runs %v, installed %q, %d counted", alive(busy), m.installed("app"), m.counted())
	}
	m.verify()
}

// TestNobodyCharged: a window that passes without a sign of its user costs no
// defer, and at the limit nothing is closed.
func TestNobodyCharged(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "max_defer = 0\nfinal_notice = \"1s\"\nprompt_interval = 0\n")
	m.offer("app", "2.0", "")
	busy := m.program(filepath.Join(m.root, "app/app"))
	m.start()
	m.sitDown()
	m.must("request", "app", "setup")
	p := m.untilPhase("app", "deferred")
	if p.Defers.Used != 0 || p.Unanswered.Used != 1 || p.Waits.Reason != "unanswered" || !alive(busy) || m.installed("app") != "" {
		t.Errorf("%+v", p)
	}
	m.verify()
}

// TestNeverAsked: dialog_timeout = 0 never asks and never closes.
func TestNeverAsked(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "dialog_timeout = 0\nmax_defer = 0\n")
	m.offer("app", "2.0", "")
	busy := m.program(filepath.Join(m.root, "app/app"))
	u := m.login(func(apitypes.Prompt) string { return "kill" })
	m.start()
	m.until("the agent is there", 20*time.Second, func() bool { out, _, _ := m.cli("status", "--json"); return strings.Contains(out, "uid:") })
	m.must("request", "app", "setup")
	m.until("it waits", 20*time.Second, func() bool { w := m.product("app").Waits; return w != nil && w.Reason == "not_asked" })
	if len(u.prompts()) != 0 || !alive(busy) || m.counted() != 0 {
		t.Errorf("%d prompts, program runs %v", len(u.prompts()), alive(busy))
	}
	busy.Process.Kill()
	m.until("the program has ended", 10*time.Second, func() bool { return !alive(busy) })
	m.until("it is installed", 60*time.Second, func() bool {
		m.cli("resume", "app", "--reason", "the program has ended") // refused where the service has seen it by itself
		return m.product("app").Phase == "reported"
	})
	m.verify()
}
