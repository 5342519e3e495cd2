// SPDX-License-Identifier: Apache-2.0

//go:build packaged && linux

package packagetest

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const (
	unit       = "quietsetupd.service"
	configFile = "/etc/quietsetup/quietsetup.toml"
	state      = "/var/lib/quietsetup"
)

// TestMachines takes both packages through their lives, on machines of each kind.
func TestMachines(t *testing.T) {
	next := buildNewer(t)
	for _, p := range managers() {
		for name, story := range map[string]func(*testing.T, manager, string, string){
			"with systemd": life, "by hand": byHand, "no systemctl": noSystemctl,
		} {
			t.Run(p.format+" "+name, func(t *testing.T) {
				t.Parallel()
				story(t, p, find(t, dist, p.format), find(t, next, p.format))
			})
		}
	}
}

// life is a machine that runs systemd, from the first installation to the last
// trace.
func life(t *testing.T, p manager, first, second string) {
	m := p.boot(t, withSystemd)
	before := m.files()

	m.step(t, "installation starts the service", func(t *testing.T) {
		m.works(p.put(m, first))
		m.is("active", "enabled")
		m.must("quietsetup", "status")
	})
	m.step(t, "files", func(t *testing.T) {
		golden(t, p.format+".files", m.installed(p))
		_, exec, _ := strings.Cut(m.read("/etc/xdg/autostart/quietsetup-prompt.desktop"), "\nExec=")
		program := strings.Fields(exec)[0]
		m.must("sh", "-c", "command -v "+program)
		if r := p.changed(m); r.code != 0 || r.out != "" {
			t.Error(r)
		}
	})
	m.step(t, "the unit verifies", func(t *testing.T) {
		if r := m.run("systemd-analyze", "verify", "--man=no", unit); r.code != 0 || strings.Contains(r.out, "quietsetup") {
			t.Error(r)
		}
	})
	m.step(t, "programs", func(t *testing.T) { programs(t, m) })
	m.step(t, "a request", func(t *testing.T) {
		m.offer("hello", "")
		m.must("quietsetup", "request", "hello", "setup", "--wait", "--timeout", "1m")
		if got := m.read("/opt/hello/runs"); got != "run\n" {
			t.Errorf("the installer ran: %q", got)
		}
	})
	m.step(t, "the doctor", func(t *testing.T) { doctor(t, m) })

	edited := m.read(configFile) + "contact = \"Help desk\"\n" // its last table is [ui]
	m.step(t, "an upgrade while an installer runs", func(t *testing.T) {
		m.offer("slow", "while [ ! -e /opt/slow/go ]; do sleep 0.1; done")
		m.write(configFile, edited, 0o644)
		m.must("quietsetup", "request", "slow", "setup")
		m.until("the installer runs", func() bool { return m.there("/opt/slow/pid") })
		installer := strings.TrimSpace(m.read("/opt/slow/pid"))
		old := m.must("systemctl", "show", "-P", "MainPID", unit)

		m.works(p.put(m, second))
		m.is("active", "enabled")
		if now := m.must("systemctl", "show", "-P", "MainPID", unit); now == old {
			t.Errorf("the service was not restarted: it is still process %s", now)
		}
		if v := m.must("quietsetupd", "version"); v != "quietsetupd "+newer {
			t.Errorf("this is %q", v)
		}
		if !m.there("/proc/" + installer) {
			t.Error("the installer did not survive the upgrade")
		}
		m.write("/opt/slow/go", "", 0o644)
		m.must("quietsetup", "request", "slow", "setup", "--wait", "--timeout", "1m")
		if got := m.read("/opt/slow/runs"); got != "run\n" {
			t.Errorf("the installer ran: %q", got)
		}
	})
	m.step(t, "an upgrade keeps configuration and log", func(t *testing.T) {
		if got := m.read(configFile); got != edited {
			t.Errorf("the admin's configuration became:\n%s", got)
		}
		if got := m.read(configFile + p.besideConfig); !strings.Contains(got, "the newer version") {
			t.Errorf("the shipped configuration is not beside it:\n%s", got)
		}
		m.verifies("hello", "slow")
	})
	m.step(t, "what an admin stopped or disabled stays so", func(t *testing.T) {
		m.must("systemctl", "disable", "--now", unit)
		m.works(p.put(m, first))
		m.is("inactive", "disabled")
		m.must("systemctl", "enable", unit)
		m.works(p.put(m, second))
		m.is("inactive", "enabled")
		m.must("systemctl", "start", unit)
		m.is("active", "enabled")
	})
	m.step(t, "a service that cannot start breaks no upgrade, and the mend starts it", func(t *testing.T) {
		m.write(configFile, "[sorce]\n", 0o644)
		if r := m.run("systemctl", "restart", unit); r.code == 0 {
			t.Error("the service started with a configuration that is not valid")
		}
		m.is("failed", "enabled")
		if r := p.put(m, first); r.code != 0 {
			t.Fatal(r)
		}
		m.is("failed", "enabled")
		m.write(configFile, edited, 0o644)
		m.works(p.put(m, second))
		m.is("active", "enabled")
	})

	// A removal takes back all but the configuration and the state.
	own := "/etc/quietsetup/metadata/hello.toml"
	m.write(own, "# the admin's own\n", 0o644)
	m.step(t, "removal leaves configuration and state", func(t *testing.T) {
		m.works(p.remove(m, ""))
		m.is("inactive", "not-found")
		if m.there("/run/quietsetup") {
			t.Error("/run/quietsetup is still there")
		}
		m.left(before, append(p.afterRemoval, own)...)
		m.verifies("hello", "slow")
	})
	m.step(t, "an installation that shall start nothing", func(t *testing.T) {
		m.must("systemctl", "mask", unit)
		if r := p.put(m, second); r.code != 0 { // it says that the unit is masked
			t.Fatal(r)
		}
		m.is("inactive", "masked")
		m.works(p.remove(m, ""))
		m.must("systemctl", "unmask", unit)

		const preset = "/etc/systemd/system-preset/10-site.preset"
		m.write(preset, "disable quietsetupd.service\n", 0o644)
		m.works(p.put(m, second))
		m.is("inactive", "disabled")
		m.works(p.remove(m, ""))
		m.must("rm", "-r", filepath.Dir(preset))

		if p.format == "deb" { // rpm knows nothing like it
			const policy = "/usr/sbin/policy-rc.d"
			m.write(policy, "#!/bin/sh\nexit 101\n", 0o755)
			m.works(p.put(m, second))
			m.is("inactive", "enabled")
			m.works(p.remove(m, ""))
			m.must("rm", policy)
		}
	})
	m.step(t, "a later installation goes on from there", func(t *testing.T) {
		m.works(p.put(m, second))
		m.is("active", "enabled")
		m.must("quietsetup", "show", "hello")
		m.verifies("hello", "slow")
		m.works(p.remove(m, ""))
	})
	if p.purge == nil {
		return
	}
	m.step(t, "a purge leaves what the admin made", func(t *testing.T) {
		m.works(p.purge(m, ""))
		if m.there(state) {
			t.Error("the state is still there")
		}
		m.left(before, "/etc/quietsetup", "/etc/quietsetup/metadata", own)
	})
}

// programs are those that a package is installed for.
func programs(t *testing.T, m *machine) {
	m.must("quietsetup", "version")
	m.must("quietsetup-prompt", "--help")
	for _, who := range []string{"root", "nobody"} {
		var demo struct {
			Schema, Verdict string
			Final           struct{ Status, Result string }
		}
		text := m.must("runuser", "-u", who, "--", "quietsetup", "demo", "--json", "--answer", "close")
		if err := json.Unmarshal([]byte(text), &demo); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if demo.Schema != "demo/v1" || demo.Verdict != "ok" || demo.Final.Status != "installed" || demo.Final.Result != "successful" {
			t.Errorf("the demo of %s ended with %s", who, text)
		}
	}
	m.must("bash", "-c", "source /usr/share/bash-completion/completions/quietsetup && complete -p quietsetup")
	if got := m.must("quietsetup", "__complete", "sta"); !strings.HasPrefix(got, "status") {
		t.Errorf("completed sta to %q", got)
	}
}

// doctor looks at a machine on which all is well, but that nobody sits at it.
func doctor(t *testing.T, m *machine) {
	var doc struct{ Schema string }
	text := m.must("quietsetup", "doctor", "--json")
	if err := json.Unmarshal([]byte(text), &doc); err != nil || doc.Schema != "doctor/v1" {
		t.Errorf("%v: %s", err, text)
	}
	t.Log(m.must("quietsetup", "doctor"))
}

// offer puts a product into the depot that the shipped configuration names. Its
// installer counts its runs.
func (m *machine) offer(id, work string) {
	m.t.Helper()
	dir := "/srv/depot/" + id
	m.write(dir+"/OPSI/control.toml", fmt.Sprintf(
		"[Package]\nversion = \"1\"\n\n[Product]\ntype = \"LocalbootProduct\"\nid = %q\nname = %[1]q\nversion = \"1.0\"\nsetupScript = \"setup.sh\"\n", id), 0o644)
	m.write(dir+"/CLIENT_DATA/opsi-meta-data.toml", fmt.Sprintf(`[specification]
version = "0.1"

[[installers]]
install_dir = "/opt/%[1]s"

[quietsetup]
version = 1
command = ["./setup.sh"]
detect = { kind = "file", name = "/opt/%[1]s/version", version = "1.0" }
`, id), 0o644)
	m.write(dir+"/CLIENT_DATA/setup.sh", fmt.Sprintf(`#!/bin/sh
set -eu
mkdir -p /opt/%[1]s
echo $$ >/opt/%[1]s/pid
%[2]s
echo run >>/opt/%[1]s/runs
echo 1.0 >/opt/%[1]s/version
`, id, work), 0o755)
}

// is compares the unit's state with what is wanted.
func (m *machine) is(active, enabled string) {
	m.t.Helper()
	if got := m.must("systemctl", "show", "-P", "ActiveState", unit); got != active {
		m.t.Errorf("the service is %s, want %s\n%s", got, active, m.run("journalctl", "--no-pager", "-n", "30", "-u", unit).out)
	}
	got := m.must("systemctl", "show", "-P", "UnitFileState", unit)
	if got == "" {
		got = m.must("systemctl", "show", "-P", "LoadState", unit)
	}
	if got != enabled {
		m.t.Errorf("the unit is %s, want %s", got, enabled)
	}
}

// verifies decides the whole log again, and looks whether it is still about these
// products. It does so from outside: the programs may be gone.
func (m *machine) verifies(products ...string) {
	m.t.Helper()
	tool := filepath.Join(dist, "linux-"+runtime.GOARCH, "quietsetup")
	if out, err := exec.Command(tool, "replay", "--verify", m.path(state)).CombinedOutput(); err != nil {
		m.t.Fatalf("the log does not verify: %v\n%s", err, out)
	}
	for _, product := range products {
		if out, err := exec.Command(tool, "show", product, "--file", m.path(state)).CombinedOutput(); err != nil {
			m.t.Errorf("the log has lost %s: %v\n%s", product, err, out)
		}
	}
}

// left compares what is there now with what was there before the first
// installation, beside the state and what the products brought.
func (m *machine) left(before map[string]bool, want ...string) {
	m.t.Helper()
	var got []string
	for name := range m.files() {
		if !before[name] && !below(name, state, "/opt", "/srv/depot") {
			got = append(got, name)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		m.t.Errorf("left are\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func below(name string, dirs ...string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool { return name == dir || strings.HasPrefix(name, dir+"/") })
}
