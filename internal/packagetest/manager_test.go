// SPDX-License-Identifier: Apache-2.0

//go:build packaged && linux

package packagetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/needs"
)

// manager is a package manager: how it is called, and what it leaves.
type manager struct {
	format string
	tools  []string // the outer machine must have them

	put, remove, purge func(m *machine, pkg string) result // purge is nil where there is none
	changed            func(m *machine) result             // prints the installed files that are not as in the package
	list               func(m *machine) result             // prints the installed files

	besideConfig string   // what the shipped configuration is called where an admin has changed it
	afterRemoval []string // in /etc, beside what the admin made himself
}

func managers() []manager { return []manager{debManager(), rpmManager()} }

// debManager works as an unattended upgrade does: nobody is asked, and an admin's
// version of a file stays.
func debManager() manager {
	dpkg := func(args ...string) func(*machine, string) result {
		return func(m *machine, pkg string) result {
			args := append([]string{"dpkg", "--force-confdef,confold,downgrade"}, args...)
			if pkg != "" {
				args = append(args, m.carry(pkg))
			}
			return m.run(args...)
		}
	}
	return manager{
		format:       "deb",
		put:          dpkg("--install"),
		remove:       dpkg("--remove", "quietsetup"),
		purge:        dpkg("--purge", "quietsetup"),
		changed:      func(m *machine) result { return m.run("dpkg", "--verify", "quietsetup") },
		list:         func(m *machine) result { return m.run("dpkg", "--listfiles", "quietsetup") },
		besideConfig: ".dpkg-dist",
		afterRemoval: []string{
			"/etc/quietsetup", "/etc/quietsetup/metadata", "/etc/quietsetup/quietsetup.toml", "/etc/quietsetup/quietsetup.toml.dpkg-dist",
			"/etc/xdg/autostart", "/etc/xdg/autostart/quietsetup-prompt.desktop",
		},
	}
}

// rpmManager works from outside: the machine is a Debian, and has no rpm of its
// own. Its database is empty, so nothing is known of what else is installed.
func rpmManager() manager {
	rpm := func(args ...string) func(*machine, string) result {
		return func(m *machine, pkg string) result {
			args := append([]string{"rpm", "--root", m.root, "--dbpath", "/var/lib/rpm", "--force-debian"}, args...)
			if pkg != "" {
				args = append(args, pkg)
			}
			return m.wait(m.command("", args...))
		}
	}
	return manager{
		format:       "rpm",
		tools:        []string{"rpm"},
		put:          rpm("--upgrade", "--nodeps", "--oldpackage"),
		remove:       rpm("--erase", "quietsetup"),
		changed:      func(m *machine) result { return rpm("--verify", "--nodeps", "quietsetup")(m, "") },
		list:         func(m *machine) result { return rpm("--query", "--list", "quietsetup")(m, "") },
		besideConfig: ".rpmnew",
		afterRemoval: []string{
			"/etc/quietsetup", "/etc/quietsetup/metadata", "/etc/quietsetup/quietsetup.toml.rpmsave", "/etc/quietsetup/quietsetup.toml.rpmnew",
		},
	}
}

// boot starts a machine for this package manager.
func (p manager) boot(t *testing.T, first string) *machine {
	t.Helper()
	needs.Tool(t, p.tools...)
	m := boot(t, first)
	if p.format == "rpm" {
		// Every system that uses rpm has these, from a package of its own. rpm
		// removes no directory that a package does not claim.
		m.must("mkdir", "-p", "/etc/xdg/autostart", "/usr/share/licenses")
	}
	return m
}

// carry copies a file into the machine.
func (m *machine) carry(file string) string {
	m.t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		m.t.Fatal(err)
	}
	name := "/tmp/" + filepath.Base(file)
	m.write(name, string(text), 0o644)
	return name
}

// step runs one part of a story. The next one stands on it, so the first failure
// ends the story.
func (m *machine) step(t *testing.T, name string, part func(t *testing.T)) {
	t.Helper()
	if !t.Run(name, func(t *testing.T) {
		m.t = t
		part(t)
	}) {
		t.FailNow()
	}
	m.t = t
}

// works fails unless the command worked and spoke of no failure. A script that
// swallows one would still show it here.
func (m *machine) works(r result) {
	m.t.Helper()
	for _, worry := range []string{"rror", "ailed", "annot", "not found"} {
		if r.code != 0 || strings.Contains(r.out, worry) {
			m.t.Fatal(r)
		}
	}
}
