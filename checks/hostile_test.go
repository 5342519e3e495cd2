// SPDX-License-Identifier: Apache-2.0

package checks

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/rig"
	"pgregory.net/rapid"
)

// moreHostile are directories beside those of directory_test.go: names that look
// like others, places where disks are mounted, and ways to write a place.
func moreHostile() map[PathRules][]string {
	return map[PathRules][]string{
		Unix(): {
			"/usr/bin/.", "/usr/./bin", "/usr/bin/..", "/usr///lib///", "/LIB", "/Etc/x", "/uSr/LIB/systemd", "/BIN/x", "/PROC/self", "/Var/Lib",
			"/lost+found", "/lost+found/x", "/cores/x", "/nix/var/x", "/gnu/store", "/gnu/var/x", "/snap", "/sysroot/ostree", "/export/home",
			"/usr/home/bob", "/var/root", "/private/var/root", "/var/mail", "/var/backups", "/var/spool", "/var/cache", "/var/log", "/var/www", "/var/local",
			"/usr/lib32", "/usr/libx32", "/usr/lib/kf5", "/usr/lib/kf6", "/usr/lib/arm-linux-gnueabihf/systemd", "/usr/lib/x86_64-linux-gnu/libexec",
			"/usr/x86_64-linux-gnu", "/usr/lib/x86_64-linux-musl", "/usr/local/etc", "/usr/local/share", "/usr/local/libexec", "/usr/local/games",
			"/usr/include/x", "/usr/src/linux", "/usr/lib/modules/6.1", "/usr/lib/firmware/x", "/usr/lib/udev/rules.d", "/usr/lib/apt/methods", "/usr/lib/dpkg/x",
			"/usr/lib/initramfs-tools/bin", "/usr/lib/snapd/x", "/usr/lib/networkmanager", "/usr/lib/NetworkManager/x", "/usr/lib/init/x", "/usr/lib/cgi-bin/x",
			"/var/lib/rpm/x", "/var/lib/systemd/x", "/var/lib/dbus/x", "/var/lib/containers", "/var/lib/containerd", "/var/lib/lxc", "/var/lib/machines", "/var/lib/snapd/snap",
			"/var/lib/flatpak/app", "/var/lib/flatpak/runtime", "/var/lib/flatpak/exports/bin", "/opt/homebrew", "/opt/homebrew/bin", "/opt/local/bin", "/opt/lib", "/opt/sbin",
			"/root/.local", "/root/bin", "/root/.config", "/home/bob/Desktop", "/home/bob/documents", "/home/bob/.config", "/home/bob/.cache", "/home/bob/snap",
			"/home/bob/.local/share", "/home/bob/.local/opt", "/Users/bob/Applications", "/Users/bob/Downloads", "/Library/Frameworks", "/Library/LaunchDaemons",
			"/private/tmp", "/private/var", "/private/var/folders", "/System/Volumes/Data", "/mnt/usb", "/media/usb", "/media/bob/USB DISK",
			"/opt/fo\u2060o", "/opt/\u2066foo", "/opt/foo\u180e", "/opt/foo\u3000", "/opt/\u00a0foo", "/opt/\ue000", "/opt/foo\u2029", "/opt/${HOME:-x}", "/opt/$(pwd)/x", "/opt/`id`$x",
			"/opt/%a%b", "~bob", "~+/x", "-rf/x", "file:///opt/foo", "http://x/y", "\ufeff/opt/foo", "\\opt\\foo", "opt:/foo", "::", "\x00",
		},
		Windows(): {
			`C:\Windows.`, `C:\Windows \x`, `C:\WINDO~1\x`, `C:\PROGRA~1`, `C:\PROGRA~2\Foo`, `C:\Progra~1\Foo\BAR~1.EXE`, `C:\x\A~12345.X`, `C:\Users\BOB~1`, `C:\DOCUME~1\x`,
			`C:\Windows\.\System32`, `C:\Foo\..\Windows`, `C:\Foo\.\Bar`, `C:\Foo\Bar\..`, `C:\Foo\Bar.\Baz`, `C:\Foo\Bar..`, `C:/Windows/../x/y`, `\\?\C:\Windows\System32`, `\??\C:\Windows`, `\\?\C:\`,
			`\\.\C:\Foo\Bar`, `\\.\PhysicalDrive0`, `\\?\GLOBALROOT\Device\x`, `\\?\Volume{1}\x\y`, `\\?\UNC\server\share\x`, `\\server\C$\Foo\Bar`, `//server/share/x`, `\\localhost\c$\x\y`, `\\127.0.0.1\c$\x\y`,
			`C:\Foo:stream\x`, `C:\Foo\Bar:x`, `C:\Foo\Bar::$DATA`, `C::\x\y`, `CC:\x\y`, `1:\x\y`, `Ä:\x\y`, `C:\Foo\ Bar`, `C:\Foo\Bar `, `C:\ \x`, "C:\\Foo\\Bar\t", "C:\\Foo\\\u2028",
			`C:\Foo\COM1`, `C:\Foo\com¹`, `C:\Foo\LPT0.x`, `C:\Foo\AUX.txt`, `C:\CON\CON`, `C:\Foo\conout$`, `C:\Foo\prn .x`, `C:\NUL`, `C:\nul\nul`,
			`D:\`, `Z:\Windows\x`, `D:\WINNT\x`, `D:\Recovery\x`, `D:\$Recycle.Bin\S-1-5`, `D:\System Volume Information\x`, `C:\RECYCLER\x`, `C:\$WinREAgent\x`, `C:\$SysReset\x`, `C:\$WINDOWS.~WS\x`,
			`C:\ProgramData\Microsoft\Windows\Start Menu`, `C:\ProgramData\Package Cache`, `C:\ProgramData\Application Data`, `C:\ProgramData\chocolatey\bin`, `C:\ProgramData\chocolatey\lib`,
			`C:\Program Files\Microsoft`, `C:\Program Files (x86)\Microsoft`, `C:\Program Files\ModifiableWindowsApps\x`, `C:\Program Files\Windows Security\x`, `C:\Program Files (x86)\Windows NT\x`,
			`C:\Program Files\Common Files\System`, `C:\Program Files\Common Files\Services`, `C:\Program Files (Arm)\Common Files`, `C:\Program Files (x86)\Windows Defender\x`,
			`C:\Users\bob\AppData\Roaming`, `C:\Users\bob\AppData\LocalLow`, `C:\Users\bob\AppData\Local\Temp`, `C:\Users\bob\AppData\Local\Packages`, `C:\Users\bob\AppData\Local\Microsoft`, `C:\Users\bob\AppData\Local\Microsoft\WindowsApps`,
			`C:\Users\bob\Desktop`, `C:\Users\bob\Documents`, `C:\Users\bob\Downloads`, `C:\Users\bob\OneDrive`, `C:\Documents and Settings\bob`, `C:\Documents and Settings\bob\Local Settings`, `C:\Documents and Settings\bob\Start Menu`,
			`%SystemRoot%`, `%windir%\System32`, `%APPDATA%\x`, `C:\%PATH%\x`, `!x!\y\z`, `$env:x\y`, "C:\\Wind\u200bows\\x", "C:\\\u202eswodniW\\x", "C:\\Windows\u00ad\\x", "C:\\W\x01\\x", "C:\\window\u017f\\x", "C:\\\u212aernel",
		},
	}
}

// guards are what stands against hostile packages: the real ones, or planted ones.
type guards struct {
	check    func(PathRules, string) error
	classify func(PathRules, Program) events.Class
	match    func(rules PathRules, dir, exe string) bool
}

func realGuards() guards {
	return guards{CheckDir, Classify, func(rules PathRules, dir, exe string) bool {
		m, err := NewMatcher(rules, []string{dir}, nil, nil)
		if err != nil {
			return false
		}
		_, ok := m.Match(exe)
		return ok
	}}
}

// TestRigHostileCases: every hostile directory is refused, whatever is put at its
// end, and no vital program is ever closed, whatever a package or a user calls it.
func TestRigHostileCases(t *testing.T) {
	tried, faults := tryHostile(realGuards())
	for _, f := range faults {
		t.Error(f)
	}
	rig.Report(t, rig.HostileCases, tried, len(faults))
}

// tryHostile tries all cases and says which were not met as they must be.
func tryHostile(g guards) (tried int, faults []string) {
	wrong := func(format string, a ...any) { faults = append(faults, fmt.Sprintf(format, a...)) }
	for rules, dirs := range moreHostile() {
		first := hostileUnix()
		if rules.windows {
			first = hostileWindows()
		}
		seen := map[string]bool{}
		for _, dir := range append(first, dirs...) {
			if seen[dir] {
				continue
			}
			seen[dir] = true
			tried++
			for _, written := range []string{dir, dir + "/", dir + "//"} {
				if err := g.check(rules, written); !errors.Is(err, ErrUnsafeDir) {
					wrong("windows %v: %q is accepted: %v", rules.windows, written, err)
				}
			}
		}
	}
	for _, name := range vitalUnix() {
		tried++
		for _, folder := range vitalFolders() {
			for _, exe := range []string{folder + "/" + name, folder + "/" + name + " (deleted)", name} {
				if c := g.closes(Unix(), exe, name); c != "" {
					wrong("%s is closed: %s", exe, c)
				}
			}
		}
	}
	for _, name := range vitalWindows() {
		tried++
		for _, folder := range []string{`C:\Windows\System32\`, `c:\windows\`, `\\?\C:\WINDOWS\SysWOW64\`, `D:/Windows/System32/`, ""} {
			for _, exe := range []string{folder + name, folder + strings.ToLower(name), folder + name[:1] + strings.ToLower(name[1:])} {
				if c := g.closes(Windows(), exe, name); c != "" {
					wrong("%s is closed: %s", exe, c)
				}
			}
		}
	}
	// A user's program that only calls itself vital holds up no installation.
	for exe, rules := range map[string]PathRules{"/home/bob/systemd": Unix(), "/opt/foo/sshd": Unix(), "/tmp/x/dbus-daemon": Unix(), "/srv/usr/bin/login": Unix(),
		`C:\Users\bob\explorer.exe`: Windows(), `C:\Foo\svchost.exe`: Windows(), `D:\WindowsApps\csrss.exe`: Windows()} {
		tried++
		if g.closes(rules, exe, rules.Base(exe)) == "" {
			wrong("%s cannot be closed", exe)
		}
	}
	for _, c := range []struct {
		dir, exe string
		rules    PathRules
		want     bool
	}{
		{"/opt/foo", "/opt/foo/x", Unix(), true}, {"/opt/foo/", "/opt/foo/a/b", Unix(), true}, {"/opt/foo", "/opt/foobar/x", Unix(), false}, {"/opt/foo", "/opt/foo-old/x", Unix(), false},
		{"/opt/foo", "/opt/foo", Unix(), false}, {"/opt/foo", "/OPT/foo/x", Unix(), false}, {"/opt/foo", "/srv/opt/foo/x", Unix(), false},
		{`C:\Program Files\Foo`, `c:/program files/FOO/x.exe`, Windows(), true}, {`C:\Program Files\Foo`, `C:\Program Files\Foo2\x.exe`, Windows(), false},
		{`C:\Program Files\Foo`, `D:\Program Files\Foo\x.exe`, Windows(), false}, {`C:\Program Files\Foo`, `\\?\C:\Program Files\Foo\x.exe`, Windows(), true},
	} {
		tried++
		if g.match(c.rules, c.dir, c.exe) != c.want {
			wrong("%q and %q: found is %v", c.dir, c.exe, !c.want)
		}
	}
	return tried, faults
}

// closes says by which rule a program would be closed when a package names it in
// every way it can; "" = by none.
func (g guards) closes(rules PathRules, exe, name string) string {
	for _, names := range [][]string{{name}, {exe}, {strings.ToLower(name), strings.ToUpper(name)}} {
		m, err := NewMatcher(rules, nil, names, nil)
		if err != nil {
			continue // the name itself is refused
		}
		rule, ok := m.Match(exe)
		if p := (Program{ID: id(77), Path: exe, Rule: rule, Owner: "uid:1000", Sessions: []string{"2"}}); ok && g.classify(rules, p).Blocks() {
			return rule
		}
	}
	return ""
}

// wantFound fails if no case sees the planted guard.
func wantFound(t *testing.T, g guards) {
	t.Helper()
	tried, faults := tryHostile(g)
	if len(faults) == 0 {
		t.Errorf("%d cases, and none sees it", tried)
		return
	}
	t.Logf("found %d times in %d cases, the first: %s", len(faults), tried, faults[0])
}

// TestPlantedPrefixOfDirectory: system folders are looked for as the beginning of
// a text, not part by part.
func TestPlantedPrefixOfDirectory(t *testing.T) {
	g := realGuards()
	g.check = func(rules PathRules, dir string) error {
		for _, f := range vitalFolders() {
			if strings.HasPrefix(dir, f) {
				return ErrUnsafeDir
			}
		}
		return nil
	}
	wantFound(t, g)
}

// TestPlantedPrefixOfPath: what lies below a directory is told by its text.
func TestPlantedPrefixOfPath(t *testing.T) {
	g := realGuards()
	g.match = func(_ PathRules, dir, exe string) bool { return strings.HasPrefix(exe, dir) }
	wantFound(t, g)
}

// TestPlantedNameInsteadOfPath: what is vital is told by the file name alone.
func TestPlantedNameInsteadOfPath(t *testing.T) {
	g := realGuards()
	g.classify = func(rules PathRules, p Program) events.Class {
		p.Path = rules.Base(p.Path)
		return Classify(rules, p)
	}
	wantFound(t, g)
}

// TestPlantedCaseCounts: names of Windows are compared as they are written.
func TestPlantedCaseCounts(t *testing.T) {
	g := realGuards()
	g.classify = func(rules PathRules, p Program) events.Class {
		if rules.windows && rules.Base(p.Path) != strings.ToUpper(rules.Base(p.Path)) {
			return events.ClassNamed
		}
		return Classify(rules, p)
	}
	wantFound(t, g)
}

// likeness writes a name so that it looks the same, or nearly.
func likeness(t *rapid.T, name string) string {
	switch rapid.IntRange(0, 5).Draw(t, "likeness") {
	case 1:
		return strings.ToUpper(name)
	case 2:
		return name + rapid.SampledFrom([]string{" (deleted)", ".exe", "2", " ", ".", "\u200b", "\u00a0"}).Draw(t, "suffix")
	case 3: // a letter of another script
		return strings.NewReplacer("e", "е", "a", "а", "o", "о", "s", "ѕ", "c", "с", "E", "Е", "S", "Ѕ").Replace(name)
	case 4:
		return strings.NewReplacer("s", "\u017f", "k", "\u212a", "S", "\u017f", "K", "\u212a").Replace(name) // equal when case does not count
	case 5:
		return strings.ToLower(name)
	}
	return name
}

// TestProcessTable: of any table of processes and any package, what would be
// closed is never vital, never this process or what started it, never a thread of
// the kernel, never a service, and was found by a rule of the package.
func TestProcessTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules, folders, names, sep := Unix(), append(vitalFolders(), "/opt/fox", "/home/bob/x"), vitalUnix(), "/"
		if rapid.Bool().Draw(t, "windows") {
			rules, folders, names, sep = Windows(), []string{`C:\Windows\System32`, `c:\WINDOWS`, `D:/Windows/SysWOW64`, `C:\Program Files\Fox`, `C:\Users\bob\x`}, vitalWindows(), `\`
		}
		own := rapid.SampledFrom([]string{"fox", "FOX.EXE", "x"})
		name := rapid.OneOf(rapid.SampledFrom(names), own)
		var table []Program
		for i := range rapid.IntRange(1, 12).Draw(t, "processes") {
			table = append(table, Program{
				ID:      id(rapid.SampledFrom([]int{0, 1, 2, 4, 100 + i}).Draw(t, "pid")),
				Path:    rapid.SampledFrom(append(folders, "")).Draw(t, "folder") + sep + likeness(t, name.Draw(t, "name")),
				Owner:   rapid.SampledFrom([]string{"", "uid:0", "uid:1000", "sid:S-1-5-18"}).Draw(t, "owner"),
				Own:     rapid.IntRange(0, 5).Draw(t, "own") == 0,
				Kernel:  rapid.IntRange(0, 5).Draw(t, "kernel") == 0,
				Service: rapid.IntRange(0, 3).Draw(t, "service") == 0,
				Display: Display(rapid.IntRange(0, 2).Draw(t, "display")),
			})
		}
		var dirs, named []string
		for range rapid.IntRange(0, 3).Draw(t, "dirs") {
			if d := rapid.SampledFrom(folders).Draw(t, "dir"); CheckDir(rules, d) == nil {
				dirs = append(dirs, d)
			}
		}
		for range rapid.IntRange(0, 4).Draw(t, "named") {
			n := likeness(t, name.Draw(t, "program"))
			if rapid.Bool().Draw(t, "whole") {
				n = rapid.SampledFrom(folders).Draw(t, "its folder") + sep + n
			}
			if checkName(rules, n) == nil {
				named = append(named, n)
			}
		}
		m, err := NewMatcher(rules, dirs, named, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range table {
			rule, ok := m.Match(p.Path)
			if p.Rule = rule; !ok || !Classify(rules, p).Blocks() {
				continue
			}
			dir, base := rules.Clean(p.Path), rules.Base(p.Path)
			dir = strings.TrimRight(strings.TrimSuffix(dir, base), `/\`)
			system := false
			for _, f := range folders[:len(folders)-2] {
				system = system || rules.Same(dir, f) || dir == ""
			}
			vitalName := false
			for _, n := range names {
				vitalName = vitalName || rules.Same(base, n)
			}
			switch {
			case p.Own, p.Kernel, p.Service, p.ID.PID <= 1, rules.windows && p.ID.PID <= 4:
				t.Fatalf("%+v is closed", p)
			case system && vitalName:
				t.Fatalf("%+v is closed by %q", p, rule)
			case rules.windows && vitalName && p.Owner == "sid:S-1-5-18":
				t.Fatalf("a program of the system, %+v, is closed by %q", p, rule)
			}
		}
	})
}
