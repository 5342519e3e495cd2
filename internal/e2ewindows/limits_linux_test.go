// SPDX-License-Identifier: Apache-2.0

//go:build wine

package e2ewindows

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// app is what the tests of limits install: by our own setup program, which is
// quicker than a real one.
const (
	appExe   = `C:\Program Files\app\app.exe`
	appTitle = "A letter that is not saved"
)

// TestRefusesToClose: a program that does not close its window is not ended by
// force when a person agreed to close it; the question comes again, uncharged.
func TestRefusesToClose(t *testing.T) {
	t.Parallel()
	m := newMachine(t, strings.Replace(impatient, `"30s"`, `"1s"`, 1))
	m.offerSetup("installs", "app", "2.0", "")
	m.open(appExe, appTitle, "refuses")
	m.start()
	m.must("quietsetup", "request", "app", "setup")
	for n := range 3 {
		m.untilProduct("app", "is asked about again", func(p apitypes.Product) bool {
			return p.Window != nil && strings.HasSuffix(p.Window.ID, fmt.Sprintf(".%d", n+1))
		})
		p := m.dialog("app", "The app installation", 0)
		m.press(p, "The app installation", closeAll)
	}
	p := m.untilPhase("app", "deferred")
	if p.Waits == nil || p.Waits.Reason != "refused_to_close" || p.Defers.Used != 0 || m.counted() != 0 {
		t.Errorf("%+v", p)
	}
	if !m.alive(appExe) || !slices.Equal(m.asked(), []string{appTitle, appTitle, appTitle}) || len(m.runs()) != 0 {
		t.Errorf("it runs %v, was asked %q, installers were %q", m.alive(appExe), m.asked(), m.runs())
	}
	m.verify()
}

// TestServiceIsNotListed: the process of a service does not block and is not
// closed, also when it runs from the product's own folder.
func TestServiceIsNotListed(t *testing.T) {
	t.Parallel()
	m := newMachine(t, impatient)
	m.offerSetup("installs", "app", "2.0", "")
	const serves = `C:\Program Files\app\serves.exe`
	m.copy(m.dir+"/windowprogram.exe", serves)
	m.must("sc", "create", "appservice", "binPath=", `"`+serves+`" service appservice`)
	m.must("sc", "start", "appservice")
	m.until("the service runs", patience, func() bool { return m.alive(serves) })
	m.open(appExe, appTitle, "obeys")
	m.start()
	m.must("quietsetup", "request", "app", "setup")
	p := m.dialog("app", "The app installation", 0)
	if p.Window.Asks[0].Programs != 1 {
		t.Errorf("%d programs are listed", p.Window.Asks[0].Programs)
	}
	m.press(p, "The app installation", closeAll)
	m.untilPhase("app", "reported")
	m.gone(appExe)
	if !m.alive(serves) || m.uninstallKey("app", "DisplayVersion") != "2.0" {
		t.Errorf("the service's process runs %v, the entry says %q", m.alive(serves), m.uninstallKey("app", "DisplayVersion"))
	}
	m.verify()
}

// TestLastWindow: after the counted defers the announced last window has no
// later, lasts final_notice, and its end closes and installs.
func TestLastWindow(t *testing.T) {
	t.Parallel()
	m := newMachine(t, impatient+"max_defer = 1\nfinal_notice = \"40s\"\n")
	m.offerSetup("installs", "app", "2.0", "")
	m.open(appExe, appTitle, "obeys")
	m.start()
	m.must("quietsetup", "request", "app", "setup")
	p := m.dialog("app", "The app installation", 0)
	if p.Window.Final {
		t.Errorf("the first window is announced as the last: %+v", p.Window)
	}
	m.press(p, "The app installation", later)
	p = m.dialog("app", "The app installation – last notice", 1)
	m.shot("last")
	if !p.Window.Final || slices.Contains(p.Window.Choices, apitypes.ChoiceDefer) || p.Window.Default != apitypes.ChoiceKill || p.Window.Deadline.Sub(p.Window.Opened) != 40*time.Second {
		t.Errorf("the last window: %+v", p.Window)
	}
	m.desk.Press("Escape", "shift") // a sign of life, and no answer
	if runs := m.alive(appExe); !runs && time.Now().Before(p.Window.Deadline) {
		t.Error("closed before the announced time")
	}
	m.untilPhase("app", "reported")
	m.gone(appExe)
	if m.counted() != 1 || !slices.Equal(m.asked(), []string{appTitle}) || m.uninstallKey("app", "DisplayVersion") != "2.0" {
		t.Errorf("%d counted, asked %q, the entry says %q", m.counted(), m.asked(), m.uninstallKey("app", "DisplayVersion"))
	}
	m.verify()
}

// TestNobodyCharged: a window that passes without a sign of its person costs no
// defer, and at the limit nothing is closed.
func TestNobodyCharged(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "max_defer = 0\nfinal_notice = \"2s\"\nprompt_interval = 0\n")
	m.offerSetup("installs", "app", "2.0", "")
	m.open(appExe, appTitle, "obeys")
	m.start()
	m.must("quietsetup", "request", "app", "setup")
	p := m.untilPhase("app", "deferred")
	if p.Defers.Used != 0 || p.Unanswered.Used != 1 || p.Waits.Reason != "unanswered" || !m.alive(appExe) || len(m.runs()) != 0 {
		t.Errorf("%+v", p)
	}
	m.verify()
}

// TestTimeOutIsCounted: a person who was there and did not answer has put it off.
func TestTimeOutIsCounted(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "dialog_timeout = \"30s\"\nprompt_interval = 0\n")
	m.offerSetup("installs", "app", "2.0", "")
	m.open(appExe, appTitle, "obeys")
	m.start()
	m.must("quietsetup", "request", "app", "setup")
	m.dialog("app", "The app installation", 0)
	m.desk.Press("shift") // somebody is there
	p := m.untilPhase("app", "deferred")
	if p.Defers.Used != 1 || p.Unanswered.Used != 0 || p.Waits.Reason != "timeout" || !m.alive(appExe) {
		t.Errorf("%+v", p)
	}
	m.verify()
}

// TestNeverAsked: dialog_timeout = 0 never asks and never closes.
func TestNeverAsked(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "dialog_timeout = 0\nmax_defer = 0\n")
	m.offerSetup("installs", "app", "2.0", "")
	m.open(appExe, appTitle, "obeys")
	m.start()
	m.must("quietsetup", "request", "app", "setup")
	m.untilProduct("app", "waits", func(p apitypes.Product) bool { return p.Waits != nil && p.Waits.Reason == "not_asked" })
	if m.count("window_opened", "") != 0 || !m.alive(appExe) || len(m.asked()) != 0 {
		t.Errorf("asked %q, it runs %v", m.asked(), m.alive(appExe))
	}
	m.must("taskkill", "/f", "/im", "app.exe")
	m.until("the program has ended", patience, func() bool { return !m.alive(appExe) })
	m.must("quietsetup", "resume", "app", "--reason", "the program has ended")
	m.untilPhase("app", "reported")
	m.verify()
}
