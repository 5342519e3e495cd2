// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
)

const anyArch = "arch_unknown"

// compose sorts what was found into one installer for each system and
// architecture.
func (m *making) compose() {
	reboot := m.unsafe()
	for _, os := range []string{"windows", "linux", "macos"} {
		groups := m.groups(os)
		if len(groups) == 0 && (os == "windows" && reboot != nil || m.speaksOf(os)) {
			groups = []*Installer{{OS: os, Arch: anyArch}}
		}
		for _, g := range groups {
			g.Background = reboot == nil
			g.rebootAt = reboot
			m.fillPath(g)
			m.fillDirs(g, groups)
			m.fillProcesses(g)
			m.fillSpace(g)
			m.draft.Installers = append(m.draft.Installers, *g)
		}
	}
}

// speaksOf tells whether anything but an installer's file points to a system.
func (m *making) speaksOf(os string) bool {
	about := func(v value) bool { return v.os == os }
	return slices.ContainsFunc(m.facts.dirs, about) || slices.ContainsFunc(m.facts.stops, about) ||
		slices.ContainsFunc(m.facts.kills, func(v value) bool { return m.killsOn(v) == os }) || os == "linux" && m.shells["setupScript"] != ""
}

// unsafe is why nobody may be at the machine while the package installs, nil
// if nothing says so.
func (m *making) unsafe() *origin {
	inf, sys := "", false
	for _, e := range m.folder.files {
		switch strings.ToLower(path.Ext(e.name)) {
		case ".inf":
			inf = cmp.Or(inf, e.name)
		case ".sys":
			sys = true
		}
	}
	driver := inf != "" && sys
	if driver {
		m.note(NoteDriver, inf)
	}
	for _, v := range m.facts.reboots {
		if v.text == "always" {
			at := v.at
			return &at
		}
	}
	if driver {
		return &origin{file: clientData + "/" + inf, what: "it installs a driver", guess: true}
	}
	return nil
}

// groups are the installers' files of one system, by architecture.
func (m *making) groups(os string) []*Installer {
	var out []*Installer
	for _, in := range m.probed {
		if in.os != os {
			continue
		}
		arch, at := m.archOf(in)
		i := slices.IndexFunc(out, func(g *Installer) bool { return g.Arch == arch })
		if i < 0 {
			out = append(out, &Installer{OS: os, Arch: arch, archAt: at})
			i = len(out) - 1
		}
		out[i].files = append(out[i].files, in)
	}
	return out
}

// written is a file of the package as the metadata file names it.
func written(os, name string) string {
	if os == "windows" {
		return `%scriptpath%\` + strings.ReplaceAll(name, "/", `\`)
	}
	return "%scriptpath%/" + name
}

func (m *making) fillPath(g *Installer) {
	if len(g.files) == 0 {
		if name, ok := inPackage(m.control.script("setupScript")); ok && g.OS == "linux" && m.shells["setupScript"] != "" {
			g.Path = written(g.OS, name)
			g.pathAt = origin{file: m.control.file, what: "setupScript"}
		}
		return
	}
	main := g.files[0]
	g.Path, g.Kind = written(g.OS, main.name), main.kind
	g.pathAt = origin{file: clientData + "/" + main.name, what: "no script was seen to start it", guess: true}
	if c, called := m.callOf(main.name); called {
		g.pathAt = c.at
	}
	for _, in := range g.files {
		g.advice = append(g.advice, in.describe())
	}
}

// fillDirs lists the folders, the installer's own first. A machine may have an
// older version of another architecture, so the others are looked into as well.
func (m *making) fillDirs(g *Installer, groups []*Installer) {
	type ranked struct {
		value
		rank int
	}
	var all []ranked
	for _, in := range g.files {
		if c, ok := m.callOf(in.name); ok {
			for _, d := range c.dirs {
				all = append(all, ranked{d, 0})
			}
		}
		for _, d := range in.dirs {
			all = append(all, ranked{d, 1})
		}
	}
	strong := len(all) > 0 || slices.ContainsFunc(m.facts.dirs, func(v value) bool { return v.os == g.OS && !v.weak })
	wide := slices.ContainsFunc(groups, func(o *Installer) bool { return o.Arch == "x64" || o.Arch == "arm64" })
	number := ""
	if len(groups) > 1 && len(g.files) > 0 {
		number = folderNumber(g.files[0].name)
	}
	for _, d := range m.facts.dirs {
		if d.os != g.OS || strong && d.weak || g.Arch == "x86" && wide && d.arch == "x64" {
			continue
		}
		if d.weak {
			d.at.guess = true
		}
		rank := 5
		switch {
		case number != "" && d.number == number:
			rank = 2
		case d.arch == g.Arch:
			rank = 3
		case d.arch == "":
			rank = 4
		}
		all = append(all, ranked{d, rank})
	}
	slices.SortStableFunc(all, func(a, b ranked) int { return cmp.Compare(a.rank, b.rank) })
	const most = 40
	for _, d := range all {
		if len(g.Dirs) < most && !slices.ContainsFunc(g.Dirs, func(s string) bool { return strings.EqualFold(s, d.text) }) {
			g.Dirs = append(g.Dirs, d.text)
			g.dirs = append(g.dirs, d.value)
		}
	}
	if len(g.Dirs) > 0 {
		g.InstallDir = g.Dirs[0]
	} else {
		m.suggest(g)
	}
}

// suggest names, in a comment only, the folder that the product's name lets one
// expect.
func (m *making) suggest(g *Installer) {
	root := map[string]string{"x64": "%ProgramFiles64Dir%", "arm64": "%ProgramFiles64Dir%"}[g.Arch]
	for _, in := range g.files {
		if g.OS != "windows" || in.product == "" {
			continue
		}
		text, _, kind := folderOf(cmp.Or(root, "%ProgramFiles32Dir%") + `\` + in.product)
		if kind == searchable {
			g.advice = append(g.advice, "perhaps install_dir = "+quote(text)+", by the product's name alone: please look at a machine that has it")
			return
		}
	}
}

var numbered = regexp.MustCompile(`(?i)^files(\d{1,2})/`)

func folderNumber(name string) string {
	if m := numbered.FindStringSubmatch(name); m != nil {
		return m[1]
	}
	return ""
}

// killsOn is the system a killed program belongs to: by its name, else by what
// the package is for.
func (m *making) killsOn(v value) string {
	if strings.HasSuffix(strings.ToLower(v.text), ".exe") {
		return "windows"
	}
	if v.os != "" {
		return v.os
	}
	isLinux := func(d value) bool { return d.os == "linux" }
	isWindows := func(d value) bool { return d.os == "windows" }
	if slices.ContainsFunc(m.facts.dirs, isLinux) && !slices.ContainsFunc(m.facts.dirs, isWindows) {
		return "linux"
	}
	return "windows"
}

func (m *making) fillProcesses(g *Installer) {
	for _, v := range m.facts.kills {
		if m.killsOn(v) != g.OS {
			continue
		}
		if g.OS == "windows" && !strings.Contains(v.text, ".") {
			v.text += ".exe"
		}
		if vital(g.OS, v.text) {
			m.note(NoteVital, fmt.Sprintf("%s, %s line %d", v.text, v.at.file, v.at.line))
			continue
		}
		g.kills = append(g.kills, v)
	}
	for _, in := range g.files {
		g.kills = append(g.kills, in.programs...)
	}
	for _, v := range g.kills {
		g.Processes = append(g.Processes, v.text)
	}
}

// vital asks the room that knows which programs are never closed.
func vital(os, name string) bool {
	if os != "windows" {
		return checks.Classify(checks.Unix(), checks.Program{ID: events.ProcessID{PID: 4711}, Path: "/usr/bin/" + name}) == events.ClassVital
	}
	for _, dir := range []string{`C:\Windows\System32\`, `C:\Windows\`} {
		if checks.Classify(checks.Windows(), checks.Program{ID: events.ProcessID{PID: 4711}, Path: dir + name}) == events.ClassVital {
			return true
		}
	}
	return false
}

var amount = regexp.MustCompile(`(?i)^\s*(\d{1,9})\s*(kb|mb|gb|k|m|g)?\s*$`)

// fillSpace takes what the script asks for, else estimates from the files.
func (m *making) fillSpace(g *Installer) {
	const megabyte = 1_000_000
	const maxMB = 1_000_000 // a terabyte; more is a slip or a hole in a file
	for _, v := range m.facts.space {
		p := amount.FindStringSubmatch(v.text)
		if p == nil {
			continue
		}
		n, _ := strconv.ParseInt(p[1], 10, 64)
		switch strings.ToLower(p[2]) {
		case "kb", "k":
			n = (n + 999) / 1000
		case "gb", "g":
			n *= 1000
		case "":
			n = (n + megabyte - 1) / megabyte
		}
		if n > g.SpaceMB && n <= maxMB {
			g.SpaceMB, g.spaceAt = n, v.at
		}
	}
	if g.SpaceMB > 0 {
		return
	}
	var size int64
	for _, in := range g.files {
		size = min(size+in.size, 1<<60)
	}
	if mb := (3*min(size, 1<<50) + megabyte - 1) / megabyte; mb > 0 && mb <= maxMB {
		g.SpaceMB = mb
		g.spaceAt = origin{file: clientData + "/" + g.files[0].name, what: "estimated, three times the size of the files"}
	}
}

// origins are where the values come from that decide what is looked for.
func (in Installer) origins() []origin {
	out := []origin{in.pathAt, in.archAt}
	for _, v := range slices.Concat(in.dirs, in.kills) {
		out = append(out, v.at)
	}
	if in.rebootAt != nil {
		out = append(out, *in.rebootAt)
	}
	return out
}
