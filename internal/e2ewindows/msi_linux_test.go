// SPDX-License-Identifier: Apache-2.0

//go:build wine

package e2ewindows

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/needs"
)

// TestOurOwnMSI: the MSI installs, the service runs and is asked over its pipe, a
// newer one takes its place and keeps the log, and after the removal nothing is
// left but the state folder and the site's own configuration.
func TestOurOwnMSI(t *testing.T) {
	t.Parallel()
	needs.Tool(t, "wixl")
	turn(t)
	m := bareMachine(t)
	m.write(data+`\quietsetup.toml`, "[source]\ndepot = '"+depot+"'\n")
	m.mkdir(depot)
	first, second := m.ourMSI("v1.2.3"), m.ourMSI("v1.2.4")

	m.must("msiexec", "/i", first, "/qn")
	m.until("the service answers", patience, func() bool { _, code := m.run("quietsetup", "status"); return code == 0 })
	m.until("an agent was started in the session", patience, func() bool {
		return strings.Contains(m.read(state+`\service.log`), "an agent was started")
	})
	if out := m.must("reg", "query", runKey, "/v", "quietsetup-prompt"); !strings.Contains(out, `"`+bin+`\quietsetup-prompt.exe"`) {
		t.Errorf("the Run key has %s", out)
	}
	m.must("reg", "query", eventSource, "/v", "EventMessageFile")

	m.must("msiexec", "/i", second, "/qn")
	m.until("the upgraded service answers", patience, func() bool { _, code := m.run("quietsetup", "status"); return code == 0 })
	if list := m.must("reg", "query", uninstalled, "/s"); strings.Count(list, "DisplayName    REG_SZ    quietsetup") != 1 || !strings.Contains(list, "1.2.4") {
		t.Errorf("the list of installed programs is %s", list)
	}
	if starts := m.count("client_restarted", ""); starts != 1 {
		t.Errorf("the log knows of %d restarts, want the one of the upgrade", starts)
	}

	m.must("quietsetup", "replay", "--verify", "--json", state)
	m.must("msiexec", "/x", second, "/qn")
	for _, program := range []string{"quietsetupd.exe", "quietsetup-prompt.exe"} {
		m.until(program+" has ended", patience, func() bool { return len(m.processes(program)) == 0 })
	}
	for _, key := range []string{`HKLM\SYSTEM\CurrentControlSet\Services\quietsetupd`, eventSource} {
		if out, code := m.run("reg", "query", key); code == 0 {
			t.Errorf("there is still %s", out)
		}
	}
	if out, code := m.run("reg", "query", runKey, "/v", "quietsetup-prompt"); code == 0 {
		t.Errorf("there is still %s", out)
	}
	if _, err := os.Stat(m.wine.Path(bin)); err == nil {
		t.Errorf("%s is still there", bin)
	}
	left, err := os.ReadDir(m.wine.Path(data))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		if e.Name() != "state" && e.Name() != "quietsetup.toml" {
			t.Errorf("%s is left in %s", e.Name(), data)
		}
	}
}

// Where Windows keeps what is looked at.
const (
	runKey      = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Run`
	eventSource = `HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\quietsetupd`
	uninstalled = `HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall`
)

// ourMSI packs the programs as "make msi" does and puts the MSI onto the machine.
func (m *machine) ourMSI(version string) (windows string) {
	m.t.Helper()
	dist := m.t.TempDir()
	if err := os.CopyFS(filepath.Join(dist, "windows-amd64"), os.DirFS(filepath.Join(m.dir, "bin"))); err != nil {
		m.t.Fatal(err)
	}
	m.works(exec.Command("../../packaging/windows/build", dist, version, "0"))
	made, err := filepath.Glob(filepath.Join(dist, "quietsetup-*.msi"))
	if err != nil || len(made) != 1 {
		m.t.Fatalf("%q were made, %v", made, err)
	}
	windows = `C:\` + filepath.Base(made[0])
	m.copy(made[0], windows)
	return windows
}

// TestMSISequence: wixl puts some actions where Windows Installer refuses them, and
// Wine does not mind.
func TestMSISequence(t *testing.T) {
	needs.Tool(t, "wixl", "msiinfo")
	dist := t.TempDir()
	programs := filepath.Join(dist, "windows-amd64")
	if err := os.Mkdir(programs, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"quietsetupd.exe", "quietsetup.exe", "quietsetup-prompt.exe"} {
		if err := os.WriteFile(filepath.Join(programs, name), []byte("MZ"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("../../packaging/windows/build", dist, "v2.0.1", "0").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := exec.Command("msiinfo", "export", filepath.Join(dist, "quietsetup-2.0.1-x64.msi"), "InstallExecuteSequence").Output()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for line := range strings.Lines(string(out)) {
		if f := strings.Split(strings.TrimSpace(line), "\t"); len(f) == 3 {
			at[f[0]], _ = strconv.Atoi(f[2])
		}
	}
	order := []string{"InstallValidate", "RemoveExistingProducts", "InstallInitialize", "StopServices", "EndAgents", "DeleteServices", "RemoveFiles",
		"InstallFiles", "InstallServices", "StartServices", "InstallFinalize"}
	for i, a := range order {
		if at[a] == 0 || i > 0 && at[a] <= at[order[i-1]] {
			t.Errorf("%s is at %d in %v, want the order %v", a, at[a], at, order)
		}
	}
}

// TestMSIVersions: what git says becomes what Windows Installer takes, or nothing.
func TestMSIVersions(t *testing.T) {
	for described, want := range map[string]string{
		"v1.2.3": "1.2.3", "v1.2": "1.2.0", "v1.2.3-rc.1": "1.2.3", "v1.2.3-5-gabc1234-dirty": "1.2.3", "abc1234": "0.0.4464", "abc1234-dirty": "0.0.4464",
		"v256.0.0": "", "v1.2.3.4": "", "v1.x": "", "v1.2.65536": "",
	} {
		out, err := exec.Command("../../packaging/windows/version", described, "70000").Output()
		if got := strings.TrimSpace(string(out)); got != want || (err == nil) != (want != "") {
			t.Errorf("%s becomes %q, %v; want %q", described, got, err, want)
		}
	}
}
