// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"strings"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

// machines are the kinds of machine that packages are made for.
func machines() []metadata.Machine {
	return []metadata.Machine{
		{OS: "windows", Arch: "x64"}, {OS: "windows", Arch: "x86"}, {OS: "windows", Arch: "arm64"}, {OS: "windows", Arch: "arm"},
		{OS: "linux", Arch: "x64"}, {OS: "linux", Arch: "x86"}, {OS: "linux", Arch: "arm64"}, {OS: "linux", Arch: "arm"},
		{OS: "macos", Arch: "arm64"}, {OS: "macos", Arch: "x64"},
	}
}

// reader reads a package as a machine would that was set up as its system comes.
func reader(m metadata.Machine) metadata.Reader {
	rules, depot := checks.Unix(), "/srv/depot"
	if m.OS == "windows" {
		rules, depot = checks.Windows(), `P:`
	}
	return metadata.Reader{Depot: depot, Machine: m, Constants: metadata.StandardConstants(m),
		CheckDir: func(dir string) error { return checks.CheckDir(rules, dir) }}
}

// targets are the machines as which the package is examined: for each installer
// those that choose it. One that is for any system is examined as what its paths
// look like.
func (f *metaFile) targets() []metadata.Machine {
	var out []metadata.Machine
	for _, m := range machines() {
		t := metadata.Choose(f.installers, m)
		switch {
		case t != nil && f.system(t) == m.OS:
			out = append(out, m)
		case t == nil && len(f.installers) == 0 && m.OS == looksLike(f.root) && m.Arch == "x64":
			out = append(out, m)
		}
	}
	if len(out) == 0 {
		out = machines()[:1]
	}
	return out
}

// system is the system an installer is for.
func (f *metaFile) system(t *tomlfile.Table) string {
	if os, _ := metadata.Requires(t); os == "windows" || os == "linux" || os == "macos" {
		return os
	}
	return looksLike(t)
}

func fitsSome(t *tomlfile.Table) bool {
	for _, m := range machines() {
		if metadata.Choose([]*tomlfile.Table{t}, m) != nil {
			return true
		}
	}
	return false
}

// looksLike guesses the system from the values: nothing else says it.
func looksLike(t *tomlfile.Table) string {
	for _, s := range texts(t) {
		low := strings.ToLower(s)
		if strings.Contains(s, `\`) || strings.HasSuffix(low, ".exe") || strings.Contains(low, "%programfiles") || len(s) > 2 && s[1] == ':' {
			return "windows"
		}
	}
	return "linux"
}

// texts are all strings below a table.
func texts(t *tomlfile.Table) []string {
	var out []string
	var add func(v any)
	add = func(v any) {
		switch v := v.(type) {
		case string:
			out = append(out, v)
		case []any:
			for _, x := range v {
				add(x)
			}
		case []map[string]any:
			for _, x := range v {
				add(x)
			}
		case map[string]any:
			for _, x := range v {
				add(x)
			}
		}
	}
	for _, k := range t.Keys() {
		add(t.Raw(k))
	}
	return out
}
