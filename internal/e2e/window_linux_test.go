// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/needs"
	"github.com/quietsetup/quietsetup/internal/promptui/desktoptest"
)

// atDesk starts the shipped agent on a desktop, as the session's autostart would.
func (m *machine) atDesk(d *desktoptest.Desktop, lang string) {
	m.t.Helper()
	cmd := exec.Command(filepath.Join(m.bin, "quietsetup-prompt"), "--socket", m.socket())
	cmd.Env = d.Environ("LANG=" + lang)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil || said.Len() > 0 {
			m.t.Errorf("the agent ended with %v and said %q", err, said.String())
		}
	})
}

// onScreen waits until the window of a product is on the screen.
func (m *machine) onScreen(id string) (p apitypes.Product) {
	m.t.Helper()
	m.until("the window is on the screen", 30*time.Second, func() bool {
		p = m.product(id)
		return p.Phase == "prompting" && p.Window.Asks[0].Shown
	})
	return p
}

// TestClosedByHand: a window on a desktop goes by itself when the person closes
// the program in it, without an answer and without a charge, and the
// installation goes on. Everything is real: the window, its manager, the agent,
// the service, the installer.
func TestClosedByHand(t *testing.T) {
	t.Parallel()
	needs.Tool(t, "zenity")
	d := desktoptest.Start(t)
	m := newMachine(t, "dialog_timeout = \"10m\"\nprompt_interval = 0\n")
	m.offer("app", "2.0", "")
	first, second := m.program(filepath.Join(m.root, "app/app")), m.program(filepath.Join(m.root, "app/other"))
	m.start()
	m.atDesk(d, "de_DE.UTF-8")
	m.must("request", "app", "setup")
	m.onScreen("app")
	title := "The App installieren – bitte Programme schließen"
	window := d.Wait(title)
	first.Process.Signal(syscall.SIGTERM)
	m.until("the list is shorter", 30*time.Second, func() bool { p := m.product("app"); return p.Window != nil && p.Window.Asks[0].Programs == 1 })
	if d.Wait(title) != window {
		t.Error("another window came")
	}
	second.Process.Signal(syscall.SIGTERM)
	d.Gone(title)
	p := m.untilPhase("app", "reported")
	if p.Defers.Used != 0 || m.installed("app") != "2.0" || m.counted() != 0 {
		t.Errorf("%+v", p)
	}
	m.verify()
}

// TestDeskAnswers: later and then close, by the keyboard of a desktop, to the
// real service.
func TestDeskAnswers(t *testing.T) {
	t.Parallel()
	needs.Tool(t, "zenity")
	d := desktoptest.Start(t)
	m := newMachine(t, "dialog_timeout = \"10m\"\ndefer_interval = \"200ms\"\nprompt_interval = 0\nclose_grace = \"5s\"\n")
	text, err := os.ReadFile(filepath.Join(m.dir, "quietsetup.toml"))
	if err != nil {
		t.Fatal(err)
	}
	m.write("quietsetup.toml", string(text)+"\n[ui]\nasker = \"IT of Sample Hospital\"\ncontact = \"phone 1234\"\n")
	m.offer("app", "2.0", "")
	busy := m.program(filepath.Join(m.root, "app/app"))
	m.start()
	m.atDesk(d, "en_US.UTF-8")
	m.must("request", "app", "setup")
	title := "The App installation – please close this program"
	for n, keys := range [][]string{{"Return"}, {"Tab", "Tab", "Return"}} {
		m.until(fmt.Sprintf("window %d is on the screen", n+1), 30*time.Second, func() bool {
			p := m.product("app")
			return p.Phase == "prompting" && p.Defers.Used == n && p.Window.Asks[0].Shown
		})
		d.Wait(title)
		time.Sleep(1100 * time.Millisecond) // a new window takes no keys for a second
		d.Press(keys...)
	}
	m.untilPhase("app", "reported")
	if alive(busy) || m.counted() != 1 || m.installed("app") != "2.0" {
		t.Errorf("program runs %v, %d counted, installed %q", alive(busy), m.counted(), m.installed("app"))
	}
	m.verify()
}

// TestOneRoundInAnInterval: a session sees the windows of one product, and those
// of the next only when prompt_interval has passed.
func TestOneRoundInAnInterval(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "prompt_interval = \"1h\"\ndialog_timeout = \"10m\"\n")
	m.offer("app", "2.0", "")
	m.offer("tool", "2.0", "")
	m.program(filepath.Join(m.root, "app/app"))
	m.program(filepath.Join(m.root, "tool/tool"))
	m.start()
	asked := map[string]int{}
	u := m.login(func(p apitypes.Prompt) string {
		asked[p.ID]++
		if asked[p.ID] == 1 && strings.Contains(p.ID, ".1@") { // the first of a round: look again, which asks again at once
			return "recheck"
		}
		return "defer"
	})
	m.must("request", "app", "setup")
	if p := m.untilPhase("app", "deferred"); p.Waits.Reason != "user" {
		t.Fatalf("%+v", p.Waits)
	}
	m.must("request", "tool", "setup")
	m.until("the other product waits", 30*time.Second, func() bool { w := m.product("tool").Waits; return w != nil && w.Reason == "prompt_interval" })
	got := u.prompts()
	if len(got) != 2 { // both windows of the first round, none of the second product
		t.Errorf("%d windows were seen: %+v", len(got), got)
	}
	for _, p := range got {
		if !strings.HasPrefix(p.ID, "app#") || len(p.Members) != 1 || p.Members[0].Name != "The App" {
			t.Errorf("a window is %+v", p)
		}
	}
	m.verify()
}

// TestAutostart: the file that starts the agent with a session is a good one, and
// starts what the agent understands.
func TestAutostart(t *testing.T) {
	t.Parallel()
	needs.Tool(t, "desktop-file-validate")
	const file = "../../packaging/xdg/quietsetup-prompt.desktop"
	if out, err := exec.Command("desktop-file-validate", file).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v: %s", err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\nExec=/usr/bin/quietsetup-prompt\n", "\nNoDisplay=true\n", "\nName[de]="} {
		if !strings.Contains(string(text), want) {
			t.Errorf("there is no %q", want)
		}
	}
	m := newMachine(t, "")
	cmd := exec.Command(filepath.Join(m.bin, "quietsetup-prompt"))
	cmd.Env = []string{"LANG=de_DE.UTF-8", "PATH=" + os.Getenv("PATH")}
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 11 || strings.Count(string(out), "\n") != 1 || !strings.Contains(string(out), "Hier kann keine Frage gezeigt werden.") {
		t.Errorf("without a display it ends with %v and says %q", err, out)
	}
}
