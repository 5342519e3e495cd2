// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// windows are enough constants for the examples.
func windows() Constants {
	return Constants{"programfiles64dir": `C:\Program Files`, "programfiles32dir": `C:\Program Files (x86)`}
}

// example makes a depot of one of the example files for a machine.
func example(t *testing.T, name string, m Machine) Reader {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "examples", name+".toml"))
	if err != nil {
		t.Fatal(err)
	}
	r := depotWith(t, string(text))
	r.Machine, r.Constants = m, windows()
	return r
}

func TestExamples(t *testing.T) {
	type want struct {
		dirs, processes []string
		background      bool
		problem         string
	}
	sevenZip := func(dir string) want {
		return want{dirs: []string{dir}, processes: []string{"7z.exe", dir + `\7zFM.exe`}, background: true}
	}
	grepWin := want{dirs: []string{`C:\Program Files\grepWin`}, background: true}
	const nothing = "nothing_fits: p/CLIENT_DATA/opsi-meta-data.toml:%d: installers: none is for this machine, %s; there are %s"
	for _, c := range []struct {
		name string
		on   Machine
		want want
	}{
		{"one-msi", Machine{"windows", "x64"}, grepWin},
		{"one-msi", Machine{"windows", "arm64"}, grepWin},
		{"one-msi", Machine{"windows", "x86"}, want{problem: fmt.Sprintf(nothing, 6, "windows x86", "windows x64")}},
		{"one-msi", Machine{"linux", "x64"}, want{problem: fmt.Sprintf(nothing, 6, "linux x64", "windows x64")}},
		{"pair", Machine{"windows", "x64"}, sevenZip(`C:\Program Files\7-Zip`)},
		{"pair", Machine{"windows", "arm64"}, sevenZip(`C:\Program Files\7-Zip`)},
		{"pair", Machine{"windows", "x86"}, sevenZip(`C:\Program Files (x86)\7-Zip`)},
		{"pair", Machine{"macos", "arm64"}, want{problem: fmt.Sprintf(nothing, 4, "macos arm64", "windows x86, windows x64")}},
		{"many-systems", Machine{"windows", "x64"}, want{background: false}},
		{"many-systems", Machine{"windows", "arm"}, want{background: false}},
		{"many-systems", Machine{"linux", "x64"}, want{background: true}},
		{"many-systems", Machine{"linux", "arm64"}, want{problem: fmt.Sprintf(nothing, 6, "linux arm64", "windows arch_unknown, linux x64")}},
	} {
		t.Run(c.name+" on "+c.on.String(), func(t *testing.T) {
			r := example(t, c.name, c.on)
			if c.want.problem != "" {
				if got := bad(t, r); got != c.want.problem {
					t.Errorf("got  %s\nwant %s", got, c.want.problem)
				}
				return
			}
			p := good(t, r)
			if !slices.Equal(p.Dirs, c.want.dirs) || !slices.Equal(p.Processes, c.want.processes) || p.Background != c.want.background {
				t.Errorf("dirs %q, processes %q, background %t", p.Dirs, p.Processes, p.Background)
			}
			// An installer that names nothing to look for tells as much as no metadata.
			if some := len(c.want.dirs) > 0; p.Metadata != some || (len(p.Warnings) == 0) != some {
				t.Errorf("metadata %t, warnings %q", p.Metadata, p.Warnings)
			}
		})
	}
}

func TestExactlyOneInstallerIsChosen(t *testing.T) {
	one := func(os, arch string) string {
		return fmt.Sprintf("[[installers]]\nprocesses = ['%s-%s']\n[installers.requirement]\nos = '%s'\nos_arch = '%s'\n", strings.ToLower(os), arch, os, arch)
	}
	linux64, linux32, linuxAny, any64, anyAny := one("Linux", "x64"), one("linux", "x86"), one("linux", "arch_unknown"), one("os_unknown", "x64"), one("os_unknown", "arch_unknown")
	bare := "[[installers]]\nprocesses = ['bare']\n"
	for _, c := range []struct {
		meta string
		on   Machine
		want string
	}{
		{anyAny + any64 + linuxAny + linux32 + linux64, Machine{"linux", "x64"}, "linux-x64"},
		{linux64 + linux32 + linuxAny + any64 + anyAny, Machine{"linux", "x64"}, "linux-x64"},
		{anyAny + any64 + linuxAny + linux32, Machine{"linux", "x64"}, "linux-x86"},
		{anyAny + any64 + linuxAny, Machine{"linux", "x64"}, "linux-arch_unknown"},
		{anyAny + any64, Machine{"linux", "x64"}, "os_unknown-x64"},
		{any64 + anyAny + linux64, Machine{"linux", "arm64"}, "os_unknown-arch_unknown"},
		{bare + linux32, Machine{"macos", "x64"}, "bare"},
		{bare + anyAny, Machine{"linux", "x64"}, "bare"},
		{one("macos", "x86") + anyAny, Machine{"macos", "x64"}, "os_unknown-arch_unknown"},
		{one("windows", "x86") + one("windows", "x64"), Machine{"windows", "arm64"}, "windows-x64"},
		{one("linux", "riscv") + bare, Machine{"linux", "x64"}, "bare"},
		{one("beos", "x64") + bare, Machine{"linux", "x64"}, "bare"},
	} {
		r := depotWith(t, c.meta)
		r.Machine = c.on
		if p := good(t, r); !slices.Equal(p.Processes, []string{c.want}) {
			t.Errorf("on %s of\n%s: %q, want %s", c.on, c.meta, p.Processes, c.want)
		}
	}
}

func TestWarnings(t *testing.T) {
	p := good(t, depotWith(t, `[specification]
version = '0.2'
[[installers]]
processes = ['a']
instal_dir = '/opt/a'
[[installers]]
processes = ['b']
[[installers]]
requirement.os = 'amiga'
[quietsetup]
comand = ['x']
exit_codes = {okay = [1]}
`))
	want := []string{
		`p/CLIENT_DATA/opsi-meta-data.toml:2: specification.version: is "0.2"; read as "0.1"`,
		`p/CLIENT_DATA/opsi-meta-data.toml:6: installers[1]: fits this machine as well as the installer at p/CLIENT_DATA/opsi-meta-data.toml:3, which is used`,
		`p/CLIENT_DATA/opsi-meta-data.toml:9: installers[2].requirement: os "amiga" is not known, so the installer fits no machine`,
		`p/CLIENT_DATA/opsi-meta-data.toml:5: installers[0].instal_dir: unknown key`,
		`p/CLIENT_DATA/opsi-meta-data.toml:11: quietsetup.comand: unknown key`,
		`p/CLIENT_DATA/opsi-meta-data.toml:12: quietsetup.exit_codes.okay: unknown key`,
	}
	if !slices.Equal(p.Warnings, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(p.Warnings, "\n"), strings.Join(want, "\n"))
	}
}

func TestThisMachineIsKnown(t *testing.T) {
	m := ThisMachine()
	if !knownOS(m.OS) || !knownArch(m.Arch) {
		t.Errorf("%s is not in opsi's words", m)
	}
}
