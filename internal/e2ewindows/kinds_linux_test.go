// SPDX-License-Identifier: Apache-2.0

//go:build wine

package e2ewindows

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// The concept counted in practice what installers do to running programs: five
// kinds. Each is built here, and whatever it does, the truth is reported. All of
// them stand in packages that do not say which program they disturb: what is said
// is asked about before, and then nothing of this happens.

// unsaid is a product of a kind at version 1.0, in use, and 2.0 wanted.
func unsaid(t *testing.T, kind, program string) *machine {
	t.Helper()
	m := newMachine(t, impatient)
	m.offerSetup("installs", "app", "1.0", "")
	m.start()
	m.must("quietsetup", "request", "app", "setup", "--wait", "--timeout", "2m")
	m.offerSetup(kind, "app", "2.0", program)
	const metadata = depot + `\app\CLIENT_DATA\opsi-meta-data.toml`
	text := strings.ReplaceAll(m.read(metadata), `check_processes_from_dirs = ['C:\Program Files\app']`, `check_processes_from_dirs = ['C:\Program Files\app\plugins']`)
	m.write(metadata, strings.Replace(text, `install_dir = 'C:\Program Files\app'`, `install_dir = 'C:\Program Files\app\plugins'`, 1))
	m.open(appExe, appTitle, "obeys")
	return m
}

// truth compares what is reported with what is the case.
func (m *machine) truth(row apitypes.ReportRow, entry string, runs bool) {
	m.t.Helper()
	got := m.row("app")
	if got.InstallationStatus != row.InstallationStatus || got.ProductVersion != row.ProductVersion || got.ActionResult != row.ActionResult ||
		got.ActionRequest != row.ActionRequest || !strings.Contains(got.ActionProgress, row.ActionProgress) {
		m.t.Errorf("the report: %+v, want %+v", got, row)
	}
	if is := m.uninstallKey("app", "DisplayVersion"); is != entry {
		m.t.Errorf("the entry says %q, want %q", is, entry)
	}
	if !runs {
		m.gone(appExe)
	} else if !m.alive(appExe) {
		m.t.Error("the program does not run any more")
	}
	if len(m.asked()) != 0 {
		m.t.Errorf("asked to close was %q", m.asked())
	}
}

// TestInstallerKills: the installer ends the program by itself and is through.
func TestInstallerKills(t *testing.T) {
	t.Parallel()
	m := unsaid(t, "kills", appExe)
	m.must("quietsetup", "request", "app", "setup", "--wait", "--timeout", "2m")
	m.truth(apitypes.ReportRow{InstallationStatus: "installed", ProductVersion: "2.0", ActionResult: "successful", ActionRequest: "none"}, "2.0", false)
	m.verify()
}

// TestInstallerFailsOnRunning: it cannot replace what runs, and fails. What it has
// left nobody says: the status is unknown, as opsi has it after a failure.
func TestInstallerFailsOnRunning(t *testing.T) {
	t.Parallel()
	m := unsaid(t, "fails", "")
	m.run("quietsetup", "request", "app", "setup", "--wait", "--timeout", "2m")
	m.truth(apitypes.ReportRow{InstallationStatus: "unknown", ProductVersion: "1.0", ActionResult: "failed", ActionRequest: "none", ActionProgress: "exit code 1"}, "1.0", true)
	m.verify()
}

// TestInstallerLeavesTheOld: it says that it is done, but the old version is there
// and runs on.
func TestInstallerLeavesTheOld(t *testing.T) {
	t.Parallel()
	m := unsaid(t, "stays", "")
	m.run("quietsetup", "request", "app", "setup", "--wait", "--timeout", "2m")
	m.truth(apitypes.ReportRow{InstallationStatus: "installed", ProductVersion: "1.0", ActionResult: "failed", ActionRequest: "none",
		ActionProgress: "the installer reported success, but version 1.0 was found"}, "1.0", true)
	m.verify()
}

// TestInstallerWantsRestart: the new version is there, the old one runs on, and a
// restart is wanted; it is remembered and not made.
func TestInstallerWantsRestart(t *testing.T) {
	t.Parallel()
	m := unsaid(t, "restarts", "")
	if _, code := m.run("quietsetup", "request", "app", "setup", "--wait", "--timeout", "2m"); code != 76 {
		t.Errorf("exit code %d, want 76: done, restart needed", code)
	}
	m.truth(apitypes.ReportRow{InstallationStatus: "installed", ProductVersion: "2.0", ActionResult: "successful", ActionRequest: "none"}, "2.0", true)
	if out := m.must("quietsetup", "status", "--json"); !strings.Contains(out, `"reboot"`) {
		t.Errorf("no restart is wanted: %s", out)
	}
	m.verify()
}

// TestInstallerIsDoneAfterARestart: the installer says that it is done, but the old
// version is there, and runs on, until the machine restarts. Nobody is told that it
// is done before. Then it is looked for again, and a promise that was not kept is told
// as the failure that it is.
func TestInstallerIsDoneAfterARestart(t *testing.T) {
	t.Parallel()
	m := unsaid(t, "later", "")
	m.detectFile("app", "2.0")
	m.offerSetup("installs", "next", "1.0", "")
	m.must("quietsetup", "request", "next", "setup", "--wait", "--timeout", "2m")
	m.offerSetup("promises", "next", "2.0", "")

	waits := func(id string) {
		t.Helper()
		m.must("quietsetup", "request", id, "setup")
		m.until(id+" waits for the restart", patience, func() bool { return m.count("restart_awaited", id) == 1 })
		m.until("that is reported", patience, func() bool { return strings.Contains(m.row(id).ActionProgress, "waiting for restart") })
		if r := m.row(id); r.ProductVersion != "1.0" || r.ActionRequest != "setup" || r.ActionResult == "successful" {
			t.Errorf("the report of %s before the restart: %+v", id, r)
		}
	}
	waits("app")
	waits("next") // which is not held up by the first
	if out := m.must("quietsetup", "status", "--json"); !strings.Contains(out, `"reboot"`) {
		t.Errorf("no restart is wanted: %s", out)
	}
	if !m.alive(appExe) || len(m.asked()) != 0 {
		t.Errorf("the old program was closed; asked was %q", m.asked())
	}
	m.stop()
	m.start() // the service alone: nothing is looked for
	if p := m.product("app"); p.Phase != "installing" || p.Outcome != nil {
		t.Errorf("after a restart of the service alone: %+v", p)
	}

	if err := m.wine.End(); err != nil {
		t.Fatal(err)
	}
	m.boot() // which starts the service
	m.untilPhase("app", "reported")
	m.untilPhase("next", "reported")
	if r := m.row("app"); r.InstallationStatus != "installed" || r.ProductVersion != "2.0" || r.ActionResult != "successful" || r.ActionRequest != "none" || r.ActionProgress != "" {
		t.Errorf("the report of what came with the restart: %+v", r)
	}
	if r := m.row("next"); r.InstallationStatus != "installed" || r.ProductVersion != "1.0" || r.ActionResult != "failed" || r.ActionRequest != "none" ||
		r.ActionProgress != "the installer asked for a restart, and after it version 1.0 was found" {
		t.Errorf("the report of what did not: %+v", r)
	}
	if begun := strings.Count(strings.Join(m.runs(), "\n"), "begin"); begun != 4 {
		t.Errorf("%d installers ran, want 4: %q", begun, m.runs())
	}
	m.verify()
}

// detectFile has a product found by the file that its setup leaves its version in.
func (m *machine) detectFile(id, version string) {
	m.t.Helper()
	path := depot + `\` + id + `\CLIENT_DATA\opsi-meta-data.toml`
	text, _, found := strings.Cut(m.read(path), "detect = ")
	if !found {
		m.t.Fatalf("%s has no detect rule", path)
	}
	m.write(path, text+fmt.Sprintf("detect = { kind = 'file', name = 'C:\\Program Files\\%s\\version.txt', version = '%s' }\n", id, version))
}

// TestInstallerKillsAnother: the installer ends the program of another product
// that depends on this one. Where the package says so, people are asked before.
func TestInstallerKillsAnother(t *testing.T) {
	t.Parallel()
	const another = `C:\Program Files\another\another.exe`
	m := unsaid(t, "kills", another)
	const metadata = depot + `\app\CLIENT_DATA\opsi-meta-data.toml`
	m.write(metadata, strings.Replace(m.read(metadata), "processes = []", "processes = ['"+another+"']", 1))
	m.open(another, "Depends on app", "obeys")
	m.must("quietsetup", "request", "app", "setup")
	p := m.dialog("app", "The app update", 0)
	if p.Window.Asks[0].Programs != 1 {
		t.Errorf("%d programs are listed", p.Window.Asks[0].Programs)
	}
	m.press(p, "The app update", closeAll)
	m.untilPhase("app", "reported")
	m.gone(another)
	if asked := m.asked(); fmt.Sprint(asked) != "[Depends on app]" {
		t.Errorf("asked to close was %q", asked)
	}
	if r := m.row("app"); r.ProductVersion != "2.0" || r.ActionResult != "successful" {
		t.Errorf("the report: %+v", r)
	}
	m.verify()
}

// TestRestartInTheMiddle: the machine restarts while the installer is half
// through. It is not run again, and nobody is told that it was done.
func TestRestartInTheMiddle(t *testing.T) {
	t.Parallel()
	m := unsaid(t, "dies", "")
	m.must("quietsetup", "request", "app", "setup")
	m.until("the installer is half through", patience, func() bool { return strings.Contains(strings.Join(m.runs(), "\n"), "half") })
	if err := m.wine.End(); err != nil {
		t.Fatal(err)
	}
	m.boot() // which starts the service
	p := m.untilPhase("app", "reported")
	if p.Outcome == nil || p.Outcome.Outcome == "ok" {
		t.Errorf("%+v", p.Outcome)
	}
	m.truth(apitypes.ReportRow{InstallationStatus: "installed", ProductVersion: "1.0", ActionResult: "failed", ActionRequest: "none"}, "1.0", false)
	if n := strings.Count(strings.Join(m.runs(), "\n"), "half"); n != 1 {
		t.Errorf("the installer ran %d times", n)
	}
	m.verify()
}

// TestInstallerAsks: the installer waits for an answer in a window that nobody
// sees. That is noticed and told, nothing is ended by itself, and others go on
// beside it. When somebody has ended it, the truth is reported.
func TestInstallerAsks(t *testing.T) {
	t.Parallel()
	m := machineBeside(t, impatient)
	m.offerSetup("asks", "app", "2.0", "")
	m.offerSetup("installs", "next", "1.0", "")
	m.start()
	m.must("quietsetup", "request", "app", "setup")
	m.until("the installer runs", patience, func() bool { return m.alive(`\setup.exe`) })
	m.must("quietsetup", "request", "next", "setup")
	var told apitypes.Product
	for end := time.Now().Add(8 * time.Minute); !told.Overdue; time.Sleep(5 * time.Second) { // it is watched for five minutes
		if told = m.product("app"); time.Now().After(end) {
			t.Fatalf("nobody noticed: %+v", told)
		}
	}
	if !strings.Contains(told.OverdueWhy, "window") || told.Phase != "installing" {
		t.Errorf("it is told as %q: %+v", told.OverdueWhy, told)
	}
	t.Logf("told: %s", told.OverdueWhy)
	m.untilPhase("next", "reported")
	if r := m.row("next"); r.ActionResult != "successful" || r.ProductVersion != "1.0" {
		t.Errorf("the report of the next: %+v", r)
	}
	told = m.product("app")
	if told.Phase != "installing" || told.Attempt == nil || told.Attempt.State != "stalled" || !m.alive(`\setup.exe`) {
		t.Errorf("it does not stand still any more: %+v", told)
	}
	if r := m.row("app"); r.ActionProgress != "installing (waits for input)" || r.ActionRequest != "setup" {
		t.Errorf("the report meanwhile: %+v", r)
	}
	m.must("taskkill", "/f", "/im", "setup.exe")
	m.untilPhase("app", "reported")
	if r := m.row("app"); r.ActionResult != "failed" || r.ActionRequest != "none" || r.ProductVersion != "" {
		t.Errorf("the report: %+v", r)
	}
	m.verify()
}
