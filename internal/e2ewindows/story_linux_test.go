// SPDX-License-Identifier: Apache-2.0

//go:build wine

package e2ewindows

import (
	"os"
	"slices"
	"testing"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// impatient waits for nothing but people, and for programs that close: those of a
// machine under load take their time.
const impatient = "dialog_timeout = \"10m\"\ndefer_interval = \"1s\"\nprompt_interval = 0\nclose_grace = \"30s\"\n"

// TestMSI and TestNSIS are the main job with real installers: v1 is there and in
// use, setup of v2 is put off once across a restart of the service, then the
// program is closed and v2 comes. Then it is removed, with the program running.
func TestMSI(t *testing.T) {
	t.Parallel()
	story(t, (*machine).offerMSI, productCode)
}

func TestNSIS(t *testing.T) {
	t.Parallel()
	story(t, (*machine).offerNSIS, func(string) string { return "Letters" })
}

func story(t *testing.T, offer func(*machine, string), key func(version string) string) {
	const v1, v2 = "1.0.0", "2.0.0"
	m := newMachine(t, impatient)
	offer(m, v1)
	m.start()
	m.must("quietsetup", "request", "letters", "setup", "--wait", "--timeout", "2m")
	if r := m.row("letters"); r.InstallationStatus != "installed" || r.ProductVersion != v1 || m.version() != v1 || m.uninstallKey(key(v1), "DisplayVersion") != v1 {
		t.Fatalf("v1: on disk is %q, the entry says %q, the row is %+v", m.version(), m.uninstallKey(key(v1), "DisplayVersion"), r)
	}
	if len(m.asked()) != 0 || m.count("window_opened", "") != 0 {
		t.Error("somebody was asked although nothing ran")
	}

	const title, other = "Dear Ms Sample", "Another program of the same name"
	const elsewhere = `C:\Elsewhere\letters.exe`
	m.open(lettersExe, title, "obeys")
	m.open(elsewhere, other, "obeys")
	offer(m, v2)
	m.must("quietsetup", "request", "letters", "setup")
	p := m.dialog("letters", "Letters update", 0)
	m.shot("question")
	if p.Window.Asks[0].Programs != 1 || p.Window.Default != apitypes.ChoiceDefer {
		t.Errorf("the window: %+v", p.Window)
	}
	m.press(p, "Letters update", later)
	m.untilProduct("letters", "is put off", func(p apitypes.Product) bool { return p.Defers.Used == 1 })
	m.stop()
	m.start()
	if p = m.dialog("letters", "Letters update", 1); p.Run != 2 {
		t.Errorf("after the restart: %+v", p)
	}
	m.shot("again")
	if !m.alive(lettersExe) || len(m.asked()) != 0 || m.version() != v1 {
		t.Error("something was closed or installed before it was agreed to")
	}
	m.press(p, "Letters update", closeAll)
	m.untilPhase("letters", "reported")
	m.gone(lettersExe)
	if !m.alive(elsewhere) || !slices.Equal(m.asked(), []string{title}) {
		t.Errorf("elsewhere runs %v, asked to close were %q", m.alive(elsewhere), m.asked())
	}
	if m.counted() != 1 || m.version() != v2 || m.uninstallKey(key(v2), "DisplayVersion") != v2 {
		t.Errorf("%d counted, on disk is %q, the entry says %q", m.counted(), m.version(), m.uninstallKey(key(v2), "DisplayVersion"))
	}
	if old := key(v1); old != key(v2) && m.uninstallKey(old, "DisplayVersion") != "" {
		t.Error("the entry of v1 is still there")
	}
	if r := m.row("letters"); r.InstallationStatus != "installed" || r.ProductVersion != v2 || r.ActionRequest != "none" || r.ActionResult != "successful" || r.ActionProgress != "" {
		t.Errorf("the report: %+v", r)
	}

	m.open(lettersExe, title, "obeys")
	m.must("quietsetup", "request", "letters", "uninstall")
	p = m.dialog("letters", "Letters will be removed", 0)
	m.shot("removal")
	m.press(p, "Letters will be removed", closeAll)
	m.until("the removal is reported", patience, func() bool { return m.row("letters").LastAction == "uninstall" })
	if r := m.row("letters"); r.InstallationStatus != "not_installed" || r.ActionResult != "successful" || r.ActionRequest != "none" {
		t.Errorf("the report: %+v", r)
	}
	if _, err := os.Stat(m.wine.Path(lettersExe)); err == nil || m.uninstallKey(key(v2), "DisplayVersion") != "" || !m.alive(elsewhere) {
		t.Errorf("its program: %v, its entry %q, elsewhere runs %v", err, m.uninstallKey(key(v2), "DisplayVersion"), m.alive(elsewhere))
	}
	m.verify()
}

// version is what the real installers have put onto the disk.
func (m *machine) version() string {
	text, err := os.ReadFile(m.wine.Path(letters + `\version.txt`))
	if err != nil {
		return ""
	}
	return string(text)
}
