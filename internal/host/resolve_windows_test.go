// SPDX-License-Identifier: Apache-2.0

package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/checks"
)

func TestResolve(t *testing.T) {
	m := machine()
	dir := room(t, m)
	deep := filepath.Join(dir, "Long Folder Name", "Sub Folder")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		strings.ToUpper(deep):              deep, // the disk's own spelling
		deep + `\`:                         deep,
		strings.ReplaceAll(deep, `\`, "/"): deep,
		`\\?\` + deep:                      deep,
		deep + `\not\yet`:                  deep + `\not\yet`,
		`\\server\share\x`:                 `\\server\share\x`,
		`\\?\UNC\server\share\x`:           `\\server\share\x`,
		`Q:\no\such\drive`:                 `Q:\no\such\drive`,
		filepath.Join(dir, "x", "..", "none", "PROG~1"): filepath.Join(dir, "none", "PROG~1"),
	} {
		if got, err := m.Resolve(path); err != nil || got != want {
			t.Errorf("Resolve(%q) = %q, %v, want %q", path, got, err, want)
		}
	}
	short := shortOf(t, deep)
	if short == deep {
		t.Log("this disk keeps no short names")
	}
	if got, err := m.Resolve(short + `\x`); err != nil || got != deep+`\x` {
		t.Errorf("Resolve(%q) = %q, %v, want %q", short, got, err, deep+`\x`)
	}
	if got := longName(short + `\gone.exe`); got != deep+`\gone.exe` {
		t.Errorf("%s is %s", short, got)
	}
}

// TestOnDrive: nothing else is opened for its long name.
func TestOnDrive(t *testing.T) {
	for path, want := range map[string]bool{
		`C:\PROGRA~1\a.exe`: true, `z:\a~1.exe`: true, `\\?\C:\a~1.exe`: true,
		`\\server\share\a~1.exe`: false, `\\?\UNC\server\share\a~1.exe`: false, `\\.\UNC\server\share\a~1.exe`: false,
		`\\?\unc\server\a~1`: false, `//server/share/a~1.exe`: false, `\??\UNC\server\a~1`: false, `\Device\Mup\server\a~1`: false,
		`\\?\GLOBALROOT\Device\Mup\server\a~1`: false, `a~1.exe`: false, `C:a~1.exe`: false, ``: false, `1:\a~1`: false,
	} {
		if got := onDrive(path); got != want {
			t.Errorf("%q: %v", path, got)
		}
		if !want && longName(path) != path {
			t.Errorf("%q is looked for", path)
		}
	}
}

// disk is a disk of links and folders, as the system's answers show it.
type disk struct {
	real  map[string]string // what can be opened, and where it lies
	links map[string]string
	asked []string
}

func (d *disk) final(path string) (string, error) {
	d.asked = append(d.asked, path)
	if real, ok := d.real[path]; ok {
		return `\\?\` + real, nil
	}
	if path == `D:\` {
		return "", windows.ERROR_NOT_READY
	}
	if path == `C:\secret` {
		return "", windows.ERROR_ACCESS_DENIED
	}
	return "", windows.ERROR_PATH_NOT_FOUND
}

func (d *disk) link(path string) (string, error) {
	if to, ok := d.links[path]; ok {
		return to, nil
	}
	return "", windows.ERROR_NOT_A_REPARSE_POINT
}

func TestResolveLinks(t *testing.T) {
	d := &disk{
		real: map[string]string{
			`C:\`: `C:\`, `C:\App`: `C:\App`,
			`C:\App\current`: `C:\App\v2`, // a junction
			`S:\`:            `C:\App`,    // subst S: C:\App
			`S:\v2`:          `C:\App\v2`,
			`M:\`:            `UNC\server\share`,
			`C:\PROGRA~1`:    `C:\Program Files`,
		},
		links: map[string]string{`C:\App\nowhere`: `C:\gone\deep`, `C:\App\beside`: `none`, `C:\loop`: `C:\loop`, `C:\App\far`: `\\evil\share`},
	}
	for path, want := range map[string]string{
		`C:\App\current`: `C:\App\v2`, `C:\App\current\x\y.exe`: `C:\App\v2\x\y.exe`, `S:\v2\x`: `C:\App\v2\x`, `S:\new`: `C:\App\new`,
		`M:\x`: `\\server\share\x`, `C:\PROGRA~1\Foo`: `C:\Program Files\Foo`, `D:\Apps\x`: `D:\Apps\x`, `Q:\x\y`: `Q:\x\y`, `\\?\Q:\x`: `Q:\x`,
		`C:\App\nowhere\x`: `C:\gone\deep\x`, `C:\App\beside\x`: `C:\App\none\x`, `C:\App\far\x`: `\\evil\share\x`,
	} {
		if got, err := resolve(checks.Windows(), path, d.final, d.link); err != nil || got != want {
			t.Errorf("%s leads to %q, %v, want %s", path, got, err, want)
		}
	}
	for _, path := range []string{`C:\loop\x`, `C:\secret`} {
		if got, err := resolve(checks.Windows(), path, d.final, d.link); err == nil {
			t.Errorf("%s leads to %q", path, got)
		}
	}
	for _, path := range []string{`\\server\share\x`, `\\?\UNC\server\share\x`, `//server/share`} {
		d.asked = nil
		if got, err := resolve(checks.Windows(), path, d.final, d.link); err != nil || len(d.asked) != 0 {
			t.Errorf("%s: %q, %v, and the network was asked for %v", path, got, err, d.asked)
		}
	}
	for _, asked := range d.asked {
		if strings.Contains(asked, "evil") {
			t.Errorf("a link led to another machine, and that was asked for %s", asked)
		}
	}
}

// The disk's own links, and a program that is started through one: the kernel
// knows it by where it lies. Wine says that it has made a link and has made none;
// there only the table above shows what becomes of links.
func TestResolveLinksOfTheDisk(t *testing.T) {
	m := machine()
	dir := room(t, m)
	real := filepath.Join(dir, "real", "v2")
	exe := sleeper(t, real, "busy.exe")
	link := filepath.Join(dir, "current")
	err := os.Symlink(real, link)
	if _, there := os.Lstat(link); err != nil || there != nil {
		if got, err := m.Resolve(link + `\x`); err != nil || got != link+`\x` {
			t.Errorf("what is not there leads to %q, %v", got, err)
		}
		return
	}
	for path, want := range map[string]string{link: real, link + `\busy.exe`: exe, link + `\x\y`: real + `\x\y`} {
		if got, err := m.Resolve(path); err != nil || got != want {
			t.Errorf("Resolve(%q) = %q, %v, want %q", path, got, err, want)
		}
	}
	cmd := run(t, link+`\busy.exe`)
	for _, rule := range []string{link, real} {
		if got := find(t, m, []string{rule}, nil); got[cmd.Process.Pid].Rule != "dir "+rule {
			t.Errorf("started through a link, looked for in %s: %v", rule, got)
		}
	}
}

func shortOf(t testing.TB, path string) string {
	t.Helper()
	buf := make([]uint16, 1024)
	n, err := windows.GetShortPathName(utf16Of(t, path), &buf[0], uint32(len(buf)))
	if err != nil {
		t.Fatal(err)
	}
	return windows.UTF16ToString(buf[:n])
}

func utf16Of(t testing.TB, s string) *uint16 {
	t.Helper()
	p, err := windows.UTF16PtrFromString(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
