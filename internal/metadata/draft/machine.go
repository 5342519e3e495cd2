// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"regexp"
	"slices"
)

func (m *making) callOf(name string) (call, bool) {
	for _, c := range m.facts.calls {
		if c.name == name {
			return c, true
		}
	}
	return call{}, false
}

var (
	name64  = regexp.MustCompile(`(?i)(^|[^a-z0-9])(x64|amd64|x86_64|win64|64[-_ ]?bit)([^a-z0-9]|$)|[a-z]x64([^a-z0-9]|$)`)
	name32  = regexp.MustCompile(`(?i)(^|[^a-z0-9])(x86|i386|win32|32[-_ ]?bit)([^a-z0-9]|$)`)
	nameArm = regexp.MustCompile(`(?i)(^|[^a-z0-9])(arm64|aarch64)([^a-z0-9]|$)`)
)

// archOf tells which machines a file is for, and where that is from.
func (m *making) archOf(in installer) (string, origin) {
	at := origin{file: clientData + "/" + in.name}
	if in.arch != "" {
		at.what = "its header"
		return in.arch, at
	}
	c, called := m.callOf(in.name)
	if called && c.arch != "" {
		at := c.at
		at.what = "within an if about the machine"
		return c.arch, at
	}
	for _, d := range c.dirs {
		if d.arch == "x64" {
			return "x64", d.at
		}
	}
	at.guess, at.what = true, "its name"
	switch {
	case nameArm.MatchString(in.name):
		return "arm64", at
	case name64.MatchString(in.name):
		return "x64", at
	case name32.MatchString(in.name):
		return "x86", at
	}
	// Where everything goes to the 64-bit program folder, a 32-bit machine has no use for it.
	var folders []value
	for _, d := range m.facts.dirs {
		if d.os == in.os && !d.weak {
			folders = append(folders, d)
		}
	}
	if in.os == "windows" && len(folders) > 0 && !slices.ContainsFunc(folders, func(d value) bool { return d.arch != "x64" }) {
		at := folders[0].at
		at.guess, at.what = true, "the folder of 64-bit programs"
		return "x64", at
	}
	return anyArch, origin{}
}
