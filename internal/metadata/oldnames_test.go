// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/checks"
)

// installed is a machine's list of installed programs.
func installed(list map[string]string) func(func(string) bool) ([]string, error) {
	return func(fits func(string) bool) ([]string, error) {
		var out []string
		for name, dir := range list {
			if fits(name) {
				out = append(out, dir)
			}
		}
		slices.Sort(out)
		return out, nil
	}
}

func windowsDepot(t *testing.T, meta string) Reader {
	r := depotWith(t, meta)
	r.Machine = Machine{"windows", "x64"}
	r.Constants = StandardConstants(r.Machine)
	r.CheckDir = func(dir string) error { return checks.CheckDir(checks.Windows(), dir) }
	return r
}

func TestOldDisplayNames(t *testing.T) {
	r := windowsDepot(t, `
[[installers]]
install_dir = '%ProgramFiles64Dir%\Notes'
[installers.requirement]
os = 'windows'
[installers.quietsetup]
old_display_names = ['notes [0-9.]+( \(x64\))?', '']
[quietsetup]
old_display_names = ['Notizen']
`)
	r.OldFolders = installed(map[string]string{
		"Notes 3.1": `D:\Programs\Notes 3\`, "NOTES 4.0 (x64)": `c:/program files/notes`, "Notizen": `C:\Programme\Notizen`,
		"Notes 3.1 Helper": `C:\Program Files\Other`, "My Notes 3.1": `C:\Program Files\Mine`, "Notes 2.0": `C:\Windows\Installer\{1}`, "Notes 1.0": `\\server\notes`,
	})
	p := good(t, r)
	if want := []string{`C:\Program Files\Notes`, `C:\Programme\Notizen`, `D:\Programs\Notes 3`, `c:\program files\notes`}; !slices.Equal(p.Dirs, want) {
		t.Errorf("%q, want %q", p.Dirs, want)
	}
	if n := len(slices.DeleteFunc(slices.Clone(p.Warnings), func(w string) bool { return !strings.Contains(w, "must not be searched") })); n != 2 || strings.Contains(strings.Join(p.Warnings, ""), "server") {
		t.Errorf("warnings %q", p.Warnings)
	}
	r.OldFolders = nil // a system without such a list
	if p := good(t, r); len(p.Dirs) != 1 {
		t.Errorf("%q", p.Dirs)
	}
	r.OldFolders = func(func(string) bool) ([]string, error) { return nil, errors.New("the registry sleeps") }
	if _, problem, err := r.Load("p"); err == nil || problem != nil || !strings.Contains(err.Error(), "sleeps") {
		t.Errorf("a list that cannot be read: %v, %v", problem, err)
	}
	many := map[string]string{}
	for _, c := range "abcdefghijklmnopqrstu" {
		many["Notes 1."+strings.Repeat("1", int(c-'a'))] = `C:\Program Files\` + string(c)
	}
	r.OldFolders = installed(many)
	if got := bad(t, r); !strings.HasPrefix(got, "bad_directory: ") || !strings.Contains(got, "find 21 directories") {
		t.Error(got)
	}
}

func TestOldDisplayNamesThatAreNone(t *testing.T) {
	for meta, want := range map[string]string{
		"['.*']":                               "quietsetup.old_display_names[0]: \".*\" fits the names of other products too",
		"['a', '[A-Z].*[0-9)]']":               "quietsetup.old_display_names[1]: \"[A-Z].*[0-9)]\" fits the names of other products too",
		"['|Notes']":                           "fits the names of other products too",
		"['No(tes']":                           "quietsetup.old_display_names[0]: is no pattern: error parsing regexp: missing closing )",
		"['x)|(?:.*']":                         "is no pattern: error parsing regexp: unexpected )",
		"'Notes'":                              "quietsetup.old_display_names: must be a list, is a string",
		"['" + strings.Repeat("n", 201) + "']": "more than 200 bytes",
		"[" + strings.Repeat("'n',", 51) + "]": "quietsetup.old_display_names: more than 50 names",
	} {
		got := bad(t, windowsDepot(t, "[quietsetup]\nold_display_names = "+meta+"\n"))
		if !strings.HasPrefix(got, "metadata_unreadable: p/CLIENT_DATA/opsi-meta-data.toml:2: ") || !strings.Contains(got, want) {
			t.Errorf("%s\n got %s\nwant %s", meta, got, want)
		}
	}
}
