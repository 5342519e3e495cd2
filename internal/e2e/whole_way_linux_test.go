// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/needs"
)

// deb builds a real Debian package of the app.
func (m *machine) deb(version string) string {
	m.t.Helper()
	tree := filepath.Join(m.dir, "deb", version)
	m.write(filepath.Join(tree, "DEBIAN/control"), fmt.Sprintf(
		"Package: qsapp\nVersion: %s\nArchitecture: all\nMaintainer: Example <nobody@example.org>\nDescription: an app\n", version))
	m.write(filepath.Join(tree, "opt/qsapp/version"), version+"\n")
	m.write(filepath.Join(tree, "opt/qsapp/share/data"), strings.Repeat(version, 1000))
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		m.t.Fatal(err)
	}
	text, err := os.ReadFile(sleep)
	if err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(tree, "opt/qsapp/qsapp"), text, 0o755); err != nil {
		m.t.Fatal(err)
	}
	out := filepath.Join(m.dir, "qsapp_"+version+".deb")
	if b, err := exec.Command("dpkg-deb", "--root-owner-group", "--build", tree, out).CombinedOutput(); err != nil {
		m.t.Fatalf("%v: %s", err, b)
	}
	return out
}

// TestDebianPackage is the main job with a real installer: v1 installed and in
// use, setup of v2 put off twice across a restart and a kill -9, then installed.
func TestDebianPackage(t *testing.T) {
	t.Parallel()
	needs.Tool(t, "dpkg", "dpkg-deb")
	needs.Root(t)
	m := newMachine(t, "defer_interval = \"300ms\"\nprompt_interval = 0\nclose_grace = \"5s\"\n")
	v1, v2 := m.deb("1.0"), m.deb("2.0")
	for _, d := range []string{"var/lib/dpkg/updates", "var/lib/dpkg/info"} {
		if err := os.MkdirAll(filepath.Join(m.root, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"var/lib/dpkg/status", "var/lib/dpkg/available"} {
		m.write(filepath.Join(m.root, f), "")
	}
	offer := func(version, deb string) {
		t.Helper()
		m.write(filepath.Join(m.depot, "app/OPSI/control.toml"), fmt.Sprintf("[Package]\nversion = \"1\"\n\n[Product]\ntype = \"LocalbootProduct\"\nid = \"app\"\nname = \"The App\"\nversion = %q\nsetupScript = \"s\"\nuninstallScript = \"u\"\n", version))
		m.write(filepath.Join(m.depot, "app/CLIENT_DATA/opsi-meta-data.toml"), fmt.Sprintf(`[specification]
version = "0.1"

[[installers]]
install_dir = '%[1]s/opt/qsapp'
check_processes_from_dirs = ['%[1]s/opt/qsapp']
processes = []

[quietsetup]
version = 1
command = ["dpkg", "--root=%[1]s", "--force-not-root", "--log=%[2]s/dpkg.log", "-i", "%[3]s"]
uninstall_command = ["dpkg", "--root=%[1]s", "--force-not-root", "--log=%[2]s/dpkg.log", "-r", "qsapp"]
detect = { kind = "dpkg", name = "%[1]s!qsapp", version = %[4]q }
`, m.root, m.dir, deb, version))
	}
	// v1 comes onto the machine while nothing runs: nobody is asked.
	offer("1.0", v1)
	m.start()
	m.must("request", "app", "setup", "--wait")
	if r := m.row("app"); r.InstallationStatus != "installed" || r.ProductVersion != "1.0" {
		t.Fatalf("v1: %+v", r)
	}
	offer("2.0", v2)

	inside := m.program(filepath.Join(m.root, "opt/qsapp/qsapp"))
	outside := m.program(filepath.Join(m.dir, "elsewhere/qsapp")) // the same name in another directory
	plan := []string{"defer", "defer", "kill"}
	u := m.login(func(p apitypes.Prompt) string { return plan[min(p.DefersUsed, 2)] })
	m.must("request", "app", "setup")

	m.until("the first defer", 30e9, func() bool { return m.counted() >= 1 })
	m.stop()
	m.start()
	m.until("the second defer", 30e9, func() bool { return m.counted() >= 2 })
	m.kill()
	m.start()
	m.until("v2 is reported", 30e9, func() bool { p := m.product("app"); return p.Run == 2 && p.Phase == "reported" })

	if got := m.counted(); got != 2 {
		t.Errorf("%d counted defers, want 2", got)
	}
	if n := len(u.prompts()); n < 3 {
		t.Errorf("%d windows, want 3", n)
	}
	if alive(inside) || !alive(outside) {
		t.Errorf("inside runs %v, elsewhere runs %v: want exactly the first closed", alive(inside), alive(outside))
	}
	if b, _ := os.ReadFile(filepath.Join(m.root, "opt/qsapp/version")); string(b) != "2.0\n" {
		t.Errorf("on disk is %q", b)
	}
	if r := m.row("app"); r.InstallationStatus != "installed" || r.ProductVersion != "2.0" || r.ActionRequest != "none" || r.ActionResult != "successful" || r.ActionProgress != "" {
		t.Errorf("the report: %+v", r)
	}
	reports := m.reports("app")
	for n, want := range []string{"Deferred (user, 1 of 5)", "Deferred (user, 2 of 5)"} {
		i := slices.IndexFunc(reports, func(r apitypes.ReportRow) bool { return r.ActionProgress == want })
		if i < 0 {
			t.Errorf("the %d. report %q was not accepted: %+v", n+1, want, reports)
			continue
		}
		if r := reports[i]; r.ActionRequest != "setup" || r.InstallationStatus != "installed" || r.ProductVersion != "1.0" || r.PackageVersion != "1" || r.ActionResult != "none" {
			t.Errorf("a deferred product keeps status, version and request: %+v", r)
		}
	}

	// And away again, with the program running: the same care.
	again := m.program(filepath.Join(m.root, "opt/qsapp/qsapp"))
	m.must("request", "app", "uninstall")
	m.until("the removal is reported", 30e9, func() bool { r := m.row("app"); return r.LastAction == "uninstall" })
	if r := m.row("app"); r.InstallationStatus != "not_installed" || r.ActionResult != "successful" || r.ActionRequest != "none" {
		t.Errorf("the report: %+v", r)
	}
	if _, err := os.Stat(filepath.Join(m.root, "opt/qsapp/version")); err == nil || alive(again) || !alive(outside) {
		t.Errorf("removed %v, its program runs %v, elsewhere %v", err, alive(again), alive(outside))
	}
	if got := m.counted(); got != 4 {
		t.Errorf("%d counted defers in all, want 4: the removal asks like the setup", got)
	}
	m.verify()
}
