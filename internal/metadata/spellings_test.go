// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestEverySpellingMeansTheSame: as documented, as written by tools, by hand.
func TestEverySpellingMeansTheSame(t *testing.T) {
	requirement := "os = '%s'\nos_arch = '%s'\n%s = 24\n"
	for _, head := range []string{"[installers.requirement]", "[[installers.requirement]]", "[installers.requirements]", "[[installers.requirements]]"} {
		for _, os := range []string{"windows", "Windows", "WINDOWS"} {
			for _, space := range []string{"requiredSpaceMB", "required_space_MB"} {
				meta := "[product]\nproduct_icon_file_path = 'p.png'\n[[installers]]\nname = 'a'\nprocesses = ['', 'a.exe', '']\n" +
					`check_processes_from_dirs = ['', '%programfiles64dir%\\p\\', "%ProgramFiles64Dir%\\p", '']` + "\n" + head + "\n" + fmt.Sprintf(requirement, os, "X64", space)
				r := depotWith(t, meta)
				r.Machine = Machine{"windows", "x64"}
				r.Constants = StandardConstants(r.Machine)
				p := good(t, r)
				if !slices.Equal(p.Dirs, []string{`C:\Program Files\p`}) || !slices.Equal(p.Processes, []string{"a.exe"}) || p.RequiredMB != 24 || p.Warnings != nil {
					t.Errorf("%s\n%+v", meta, p)
				}
				if i := p.Installer; i == nil || i.Name != "a" || i.OS != "windows" || i.Arch != "x64" || i.At != "p/CLIENT_DATA/opsi-meta-data.toml:3" {
					t.Errorf("installer %+v", i)
				}
				r.Machine = Machine{"linux", "x64"}
				if got := bad(t, r); !strings.HasPrefix(got, "nothing_fits: ") {
					t.Error(got)
				}
			}
		}
	}
	const file = "metadata_unreadable: p/CLIENT_DATA/opsi-meta-data.toml"
	for meta, want := range map[string]string{
		"[[installers]]\n[[installers.requirement]]\nos = 'linux'\n[[installers.requirement]]\nos = 'windows'\n": file + ":2: installers[0].requirement: there is more than one, and only one can count",
		"[[installers]]\n[installers.requirement]\nos = 'linux'\n[installers.requirements]\nos = 'linux'\n":      file + ":4: installers[0].requirements: is there already as requirement",
		"[product]\nproductIconFilePath = 'a'\nproduct_icon_file_path = 'b'\n":                                   file + ":3: product.product_icon_file_path: is there already as productIconFilePath",
		"[[installers]]\n[installers.requirement]\nrequired_space_MB = -1\n":                                     file + ":3: installers[0].requirement.required_space_MB: must not be negative, is -1",
		"[[installers]]\nprocesses = ['a*']\n":                                                                   file + `:2: installers[0].processes[0]: "a*" is a pattern; each program must be named whole`,
	} {
		if got := bad(t, depotWith(t, meta)); got != want {
			t.Errorf("%s\n got %s\nwant %s", meta, got, want)
		}
	}
}

func TestOldInstallDirs(t *testing.T) {
	r := depotWith(t, `
[[installers]]
install_dir = '/opt/p'
[installers.requirement]
os = 'linux'
[installers.quietsetup]
old_install_dirs = ['/opt/p-1', '', '/opt/p']
[[installers]]
install_dir = '/Applications/p.app'
[installers.requirement]
os = 'macos'
[installers.quietsetup]
old_install_dirs = ['/Applications/old.app']
[quietsetup]
old_install_dirs = ['/srv/p', '/opt/p-1/', '%opsiTmpDir%/p']
`)
	if p := good(t, r); !slices.Equal(p.Dirs, []string{"/opt/p", "/opt/p-1", "/srv/p", "/tmp/p"}) {
		t.Errorf("%q", p.Dirs)
	}
	r.Overlay = t.TempDir()
	write(t, r.Overlay, map[string]string{"p.toml": "[quietsetup]\nold_install_dirs = ['/site/p']\n"})
	if p := good(t, r); !slices.Equal(p.Dirs, []string{"/opt/p", "/site/p", "/opt/p-1", "/srv/p", "/tmp/p"}) {
		t.Errorf("%q", p.Dirs)
	}
	p := good(t, depotWith(t, "[quietsetup]\nold_install_dirs = ['/opt/p']\n"))
	if !p.Metadata || !slices.Equal(p.Dirs, []string{"/opt/p"}) {
		t.Errorf("%+v", p.Package)
	}
	for meta, want := range map[string]string{
		"['/opt/p', '/usr']": `bad_directory: p/CLIENT_DATA/opsi-meta-data.toml:2: quietsetup.old_install_dirs[1]: directory "/usr" belongs to the system`,
		"['p']":              `bad_directory: p/CLIENT_DATA/opsi-meta-data.toml:2: quietsetup.old_install_dirs[0]: "p" is not an absolute path`,
		"'/opt/p'":           "metadata_unreadable: p/CLIENT_DATA/opsi-meta-data.toml:2: quietsetup.old_install_dirs: must be a list, is a string",
		"['%AppdataDir%/p']": "metadata_unreadable: p/CLIENT_DATA/opsi-meta-data.toml:2: quietsetup.old_install_dirs[0]: constant %AppdataDir% is a folder of one user, and a package is for all of them: no programs are looked for there",
		"[" + strings.Repeat("'/opt/p',", 501) + "]": "metadata_unreadable: p/CLIENT_DATA/opsi-meta-data.toml:2: quietsetup.old_install_dirs: more than 500 directories",
	} {
		if got := bad(t, depotWith(t, "[quietsetup]\nold_install_dirs = "+meta+"\n")); got != want {
			t.Errorf("%s\n got %s\nwant %s", meta, got, want)
		}
	}
}

// TestEveryPairOfMachineAndRequirement is the table of what runs where.
func TestEveryPairOfMachineAndRequirement(t *testing.T) {
	fits := map[string]string{ // machine -> the architectures of its system that fit, closest first
		"windows x64": "x64 x86 arch_unknown", "windows x86": "x86 arch_unknown", "windows arm64": "arm64 x64 x86 arch_unknown", "windows arm": "arm arch_unknown",
		"linux x64": "x64 x86 arch_unknown", "linux x86": "x86 arch_unknown", "linux arm64": "arm64 arch_unknown", "linux arm": "arm arch_unknown",
		"macos x64": "x64 arch_unknown", "macos arm64": "arm64 arch_unknown",
	}
	for name, list := range fits {
		os, arch, _ := strings.Cut(name, " ")
		m := Machine{os, arch}
		want := strings.Fields(list)
		last := 1 << 20
		for _, a := range want {
			rank := m.fit(os, a)
			if rank == 0 || rank >= last {
				t.Errorf("%s: %s has rank %d after %d", m, a, rank, last)
			}
			last = rank
		}
		for _, a := range []string{"x86", "x64", "arm64", "arm"} {
			if !slices.Contains(want, a) && m.fit(os, a) != 0 {
				t.Errorf("%s takes %s", m, a)
			}
			if m.fit(anyOS, a) >= m.fit(os, anyArch) {
				t.Errorf("%s: any system's %s goes before its own", m, a)
			}
		}
		for _, other := range []string{"windows", "linux", "macos"} {
			if other != os && m.fit(other, arch) != 0 {
				t.Errorf("%s takes what is for %s", m, other)
			}
		}
	}
}
