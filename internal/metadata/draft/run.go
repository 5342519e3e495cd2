// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"regexp"
	"strings"
)

// command takes a script that the system itself can run. What needs
// opsi-script is not run here.
func (m *making) command() {
	m.draft.Command = m.argv("setupScript")
	m.draft.Uninstall = m.argv("uninstallScript")
}

var (
	debianName    = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]{1,127}$`)
	debianVersion = regexp.MustCompile(`^[0-9][A-Za-z0-9.+:~-]{0,127}$`)
)

// detect names the one Debian package that a script of the package installs: by
// it the system itself knows whether the product is there.
func (m *making) detect() (installer, bool) {
	var found []installer
	for _, in := range m.probed {
		_, called := m.callOf(in.name)
		if in.kind != "deb" || !in.control || !called || !debianName.MatchString(in.product) || !debianVersion.MatchString(in.version) {
			continue
		}
		if len(found) == 0 || found[0].product != in.product || found[0].version != in.version {
			found = append(found, in)
		}
	}
	if m.draft.Command == nil || len(found) != 1 {
		return installer{}, false
	}
	return found[0], true
}

func (m *making) argv(key string) []string {
	interpreter := m.shells[key]
	name, ok := inPackage(m.control.script(key))
	if !ok || interpreter == "" {
		return nil
	}
	e, ok := m.folder.find(name)
	if !ok {
		return nil
	}
	if e.run {
		return []string{"./" + e.name}
	}
	return append(strings.Fields(interpreter), "%scriptpath%/"+e.name)
}
