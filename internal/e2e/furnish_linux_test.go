// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// The products of the rigs, by their ids:
//
//	app  a script, found by a detect rule, not to be repeated
//	raw  a script that nothing can be told about afterwards
//	rep  a script that may be repeated after an interruption
//	deb  a real Debian package
//
// Each says in runs.log when it begins and when it is done, under its token, and
// which program of a user it found alive.

// home is where a product and its programs live.
func (m *machine) home(id string) string { return filepath.Join(m.root, "opt", id) }

// furnish offers a version of a product.
func (m *machine) furnish(id, version string) {
	m.t.Helper()
	m.control(id, version)
	home := m.home(id)
	detect := fmt.Sprintf("detect = { kind = \"file\", name = \"%s/version\", version = %q }\n", home, version)
	work := fmt.Sprintf("sleep 0.2\necho %s >%[2]s/version.new\nmv %[2]s/version.new %[2]s/version\n", version, home)
	switch id {
	case "raw":
		detect = ""
	case "rep":
		detect += "repeatable = true\n"
	case "deb":
		detect = fmt.Sprintf("detect = { kind = \"dpkg\", name = \"%s!qsdeb\", version = %q }\n", m.root, version)
		work = fmt.Sprintf("dpkg --root=%s --force-not-root --force-unsafe-io --log=%s/dpkg.log -i %s\n", m.root, m.dir, m.debOf(version))
		m.dpkgRoot()
	}
	m.write(filepath.Join(m.depot, id, "CLIENT_DATA/setup.sh"), fmt.Sprintf(`#!/bin/sh
set -eu
echo begin $QUIETSETUP_TOKEN >>%[1]s/runs.log
while read pid; do
	case "$(readlink /proc/$pid/exe || :)" in %[2]s/*) echo lived $QUIETSETUP_TOKEN $pid >>%[1]s/runs.log ;; esac
done <%[1]s/%[3]s.pids
mkdir -p %[2]s
%[4]secho done $QUIETSETUP_TOKEN >>%[1]s/runs.log
`, m.root, home, id, work))
	m.write(filepath.Join(m.depot, id, "CLIENT_DATA/opsi-meta-data.toml"), fmt.Sprintf(`[specification]
version = "0.1"

[[installers]]
install_dir = '%[1]s'
check_processes_from_dirs = ['%[1]s']
processes = []

[quietsetup]
version = 1
command = ["./setup.sh"]
%[2]s`, home, detect))
}

// note tells the installers of a product which programs it must not find alive.
func (m *machine) note(id string, busy *exec.Cmd) {
	m.t.Helper()
	m.write(filepath.Join(m.root, id+".pids"), fmt.Sprintf("%d\n", busy.Process.Pid))
}

// disk is the version of a product on the disk, "" if there is none.
func (m *machine) disk(id string) string {
	text, err := os.ReadFile(filepath.Join(m.home(id), "version"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func (m *machine) dpkgRoot() {
	m.t.Helper()
	for _, f := range []string{"status", "available", "updates/.keep", "info/.keep"} {
		path := filepath.Join(m.root, "var/lib/dpkg", f)
		if _, err := os.Stat(path); err != nil {
			m.write(path, "")
		}
	}
	os.Remove(filepath.Join(m.root, "var/lib/dpkg/updates/.keep"))
}

// debs are built once for all machines.
type debs struct {
	mu    sync.Mutex
	built map[string]string
}

var packages = debs{built: map[string]string{}}

func (m *machine) debOf(version string) string {
	m.t.Helper()
	packages.mu.Lock()
	defer packages.mu.Unlock()
	if path := packages.built[version]; path != "" {
		return path
	}
	bin, err := shipped.build() // m.bin may go with its test
	if err != nil {
		m.t.Fatal(err)
	}
	tree := filepath.Join(bin, "deb", version)
	m.write(filepath.Join(tree, "DEBIAN/control"), fmt.Sprintf(
		"Package: qsdeb\nVersion: %s\nArchitecture: all\nMaintainer: Example <nobody@example.org>\nDescription: a product\n", version))
	m.write(filepath.Join(tree, "opt/deb/version"), version+"\n")
	m.write(filepath.Join(tree, "opt/deb/share/data"), strings.Repeat(version, 1000))
	out := filepath.Join(bin, "deb", "qsdeb_"+version+".deb")
	if b, err := exec.Command("dpkg-deb", "--root-owner-group", "--build", tree, out).CombinedOutput(); err != nil {
		m.t.Fatalf("%v: %s", err, b)
	}
	packages.built[version] = out
	return out
}
