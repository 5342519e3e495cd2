// SPDX-License-Identifier: Apache-2.0

package host

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/windows/registry"
)

func TestFolderOfEntry(t *testing.T) {
	for _, c := range []struct {
		e    listEntry
		want string
	}{
		{listEntry{location: `C:\Program Files\Foo\`}, `C:\Program Files\Foo`},
		{listEntry{location: ` "C:\Program Files\Foo" `, icon: `C:\x\y\z.exe`}, `C:\Program Files\Foo`},
		{listEntry{icon: `"C:\Program Files\Foo\foo.exe",0`}, `C:\Program Files\Foo`},
		{listEntry{icon: `C:\Program Files\Foo\foo.ico`, uninstall: `MsiExec.exe /X{1}`}, `C:\Program Files\Foo`},
		{listEntry{location: `%x%`, uninstall: `"C:\Program Files\Foo\unins000.exe" /S`}, `C:\Program Files\Foo`},
		{listEntry{uninstall: `C:\Program Files\Foo\Uninstall.EXE _?=C:\x`}, `C:\Program Files\Foo`},
		{listEntry{uninstall: `MsiExec.exe /X{1}`}, ""},
		{listEntry{location: `C:\`, icon: `foo.exe`, uninstall: `rundll32 x`}, ""},
		{listEntry{location: `\\server\share\foo`}, ""},
		{listEntry{}, ""},
	} {
		if got := c.e.folder(); got != c.want {
			t.Errorf("%+v lies in %q, want %q", c.e, got, c.want)
		}
	}
}

// Both parts of the list are read, and what an installer forgot is no error.
func TestInstalledFolders(t *testing.T) {
	const list = `SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\`
	put := func(view uint32, id string, values map[string]string) {
		key, _, err := registry.CreateKey(registry.LOCAL_MACHINE, list+id, registry.ALL_ACCESS|view)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			key.Close()
			if err := registry.DeleteKey(registry.LOCAL_MACHINE, list+id); err != nil && view == registry.WOW64_64KEY {
				t.Error(err)
			}
		})
		for name, value := range values {
			if name == "InstallLocation" && strings.Contains(value, "%") {
				err = key.SetExpandStringValue(name, value)
			} else {
				err = key.SetStringValue(name, value)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	put(registry.WOW64_64KEY, "quietsetup-test-1", map[string]string{"DisplayName": "Qstest 1.0", "InstallLocation": `%SystemDrive%\Programs\Qstest`})
	put(registry.WOW64_64KEY, "quietsetup-test-2", map[string]string{"DisplayName": "Qstest 2.0", "UninstallString": `"C:\Programs\Qstest two\unins000.exe" /S`})
	put(registry.WOW64_64KEY, "quietsetup-test-3", map[string]string{"DisplayName": "Qstest 3.0"})
	put(registry.WOW64_64KEY, "quietsetup-test-4", map[string]string{"InstallLocation": `C:\Programs\Nameless`})
	put(registry.WOW64_64KEY, "quietsetup-test-5", map[string]string{"DisplayName": "Qstest 5.0", "InstallLocation": `c:\programs\QSTEST\`})
	got, err := InstalledFolders(func(name string) bool { return strings.HasPrefix(name, "Qstest ") })
	slices.Sort(got)
	if want := []string{`C:\Programs\Qstest`, `C:\Programs\Qstest two`}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	if got, err := InstalledFolders(func(string) bool { return false }); err != nil || len(got) != 0 {
		t.Errorf("nothing fits: %q, %v", got, err)
	}
}
