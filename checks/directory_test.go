// SPDX-License-Identifier: Apache-2.0

package checks

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func hostileUnix() []string {
	return []string{
		"", " ", "/", "//", "///", "/.", "/..", "/./", ".", "..", "opt/foo", "./opt/foo", "../opt/foo", "~", "~/foo", "~root/foo",
		"$HOME", "$HOME/foo", "${HOME}/foo", "/opt/$USER/x", "/opt/${X}/y", "/opt/$(id)/x", "/opt/%USER%/x", "%ProgramFiles%/foo",
		"/opt", "/opt/", "/usr", "/usr/", "//usr", "/home", "/etc", "/bin", "/sbin", "/lib", "/lib64", "/var", "/tmp", "/srv", "/root", "/run",
		"/dev", "/proc", "/sys", "/boot", "/mnt", "/media", "/snap", "/nix", "/Applications", "/Users", "/System", "/Library", "/Volumes",
		"/usr/bin", "/usr/bin/", "/usr//bin", "/usr/bin/foo", "/usr/sbin", "/usr/lib", "/usr/lib64", "/usr/libexec", "/usr/share", "/usr/local",
		"/usr/local/bin", "/usr/local/sbin", "/usr/local/lib", "/usr/games", "/usr/lib/systemd", "/usr/lib/systemd/system", "/usr/lib/openssh",
		"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib/x86_64-linux-gnu/sddm", "/usr/lib/arm-linux-gnueabihf",
		"/usr/lib/gdm3", "/usr/lib/dbus-1.0", "/usr/lib/xorg", "/usr/lib/polkit-1", "/usr/lib/jvm", "/lib/systemd", "/lib/firefox",
		"/bin/foo", "/sbin/init", "/etc/init.d", "/etc/alternatives", "/dev/shm", "/proc/1", "/proc/self/exe", "/proc/self/root/usr", "/sys/kernel",
		"/boot/efi", "/run/user", "/run/user/1000", "/run/current-system/sw/bin", "/var/lib", "/var/tmp", "/var/run", "/var/run/foo", "/var/lib/dpkg", "/var/lib/dpkg/info",
		"/var/lib/flatpak", "/var/lib/docker", "/var/lib/docker/overlay2", "/snap/bin", "/nix/store", "/opt/bin",
		"/home/bob", "/home/bob/", "/home/ä", "/Users/bob", "/var/home/bob", "/export/home/bob", "/home/bob/.local", "/home/bob/.local/bin", "/home/bob/bin",
		"/home/bob/Downloads", "/Users/bob/Library", "/root/.local/bin", "/mnt/disk", "/media/bob", "/media/bob/stick", "/Volumes/Disk", "/run/media/bob/stick",
		"/USR/BIN", "/Usr/Bin", "/HOME/bob", "/system/library", "/System/Library/CoreServices", "/private/etc", "/private/var/db/x",
		"/Applications/Utilities", "/Library/Application Support", "/Library/Apple/foo",
		"/opt/../usr/bin", "/opt/foo/..", "/opt/foo/../..", "/opt/./foo", "/opt/foo/.", "/opt/foo/../../etc",
		"//server/share", "//server/share/foo", `\\server\share\foo`, `C:\Program Files\Foo`, `/opt\foo`, `/opt/foo\bar`,
		"/opt/foo\x00", "/opt/foo\x00/bar", "/opt/foo\n", "/opt/\tfoo", "/opt/foo\r/x", "/opt/\x1b[31mfoo", "/opt/foo\x7f", "/opt/\u0085foo",
		"/opt/\u202efoo", "/opt/fo\u200bo", "/opt/\ufefffoo", "/opt/\u2028foo", "/opt/fo\u00ado", "/opt/\xff\xfe", "/opt/foo\xc3",
		"/opt/*", "/opt/fo?", "/opt/foo/*", "/opt/<foo>", "/opt/a|b", "/opt/\"foo\"", "/opt/ foo", "/opt/foo ", "/opt/foo /bar", "/usr/bin (deleted)", "/opt/foo (deleted)",
		"/" + strings.Repeat("a/", 3000), "/opt/" + strings.Repeat("x", 5000),
	}
}

func hostileWindows() []string {
	return []string{
		"", " ", `\`, `/`, `C:`, `C:\`, `C:/`, `c:\`, `C:\\`, `C:\.`, `C:\..`, `C:.`, `C:foo`, `C:foo\bar`, `foo\bar`, `\foo\bar`, `/foo/bar`, `.`, `..`,
		`.\foo\bar`, `..\foo\bar`, `%ProgramFiles%`, `%ProgramFiles%\Foo`, `C:\%USERNAME%\Foo`, `C:\Foo\%x%\y`, `$env:ProgramFiles\Foo`, `C:\${x}\Foo`, `C:\$(x)\Foo`,
		`~\foo\bar`, `C:\Program Files`, `C:\Program Files\`, `C:/Program Files/`, `c:\program files`, `C:\PROGRAM FILES`, `C:\Program Files (x86)`, `D:\Program Files`,
		`C:\ProgramData`, `C:\Users`, `C:\Windows`, `C:\WINDOWS\`, `c:/windows`, `C:\Windows\System32`, `C:\Windows\SysWOW64\foo`, `C:\Windows\explorer`, `D:\Windows\System32`,
		`C:\windowſ\System32`, `C:\WINDOWS.old\x`, `C:\Windows\Temp\x`, `C:\Foo`, `C:\xampp`, `C:\opsi.org`, `C:\Recovery\x`, `C:\Boot\x`, `C:\EFI\x`, `C:\$Recycle.Bin\x`,
		`C:\System Volume Information\x`, `C:\PerfLogs\x`, `C:\Config.Msi\x`, `C:\MSOCache\x`, `C:\$WINDOWS.~BT\x`,
		`C:\Program Files\Common Files`, `C:\Program Files (x86)\Common Files\`, `C:\Program Files\Common Files\Microsoft Shared`, `C:\Program Files\WindowsApps`,
		`C:\Program Files\Windows Defender`, `C:\Program Files\Windows Defender\x`, `C:\Program Files\Windows NT\Accessories`, `C:\ProgramData\Microsoft`,
		`C:\ProgramData\Microsoft\Windows`, `C:\ProgramData\Microsoft\Windows\x`, `C:\ProgramData\Microsoft\Windows Defender\Platform`, `C:\ProgramData\Package Cache\x`,
		`C:\Users\bob`, `C:\Users\bob\`, `C:\users\BOB`, `C:\Users\Public`, `C:\Users\Default`, `C:\Users\bob\AppData`, `C:\Users\bob\AppData\Local`,
		`C:\Users\bob\AppData\Local\Programs`, `C:\Users\bob\AppData\Roaming`, `C:\Users\bob\Desktop`, `C:\Users\bob\Downloads`, `C:\Documents and Settings\bob`,
		`C:\Users\bob\AppData\Local\Temp`, `C:\Users\bob\AppData\Local\Microsoft\WindowsApps`,
		`\\server\share`, `\\server\share\foo\bar`, `//server/share/foo`, `\\?\UNC\server\share\foo\bar`, `\\?\unc\server\share`, `\\.\PhysicalDrive0`, `\\.\C:\foo\bar`,
		`\\?\`, `\\?\C:`, `\\?\C:\`, `\\?\C:\Windows\System32`, `\??\C:\Windows\System32`, `\\?\GLOBALROOT\Device\x\y`, `\\?\Volume{b75e2c83-0000-0000-0000-602f00000000}\foo\bar`,
		`\\?\\\?\C:\Foo\Bar`, `\\?\C:\Program Files`, `\\localhost\C$\foo\bar`, `\\127.0.0.1\c$\x\y`, `\Device\HarddiskVolume1\foo`,
		`C:\PROGRA~1`, `C:\PROGRA~1\Foo`, `C:\PROGRA~2\COMMON~1`, `C:\Program Files\FOO~1`, `C:\Program Files\FOO~12.BAR`, `C:\WINDOW~1\x`,
		`C:\Foo\..\Windows`, `C:\Program Files\..\Windows\System32`, `C:\Program Files\Foo\..`, `C:\Program Files\.\Foo`, `C:\Program Files\Foo\..\..\Windows`,
		`C:\Windows.\System32`, `C:\Windows \System32`, `C:\Program Files.\Foo`, `C:\Program Files\Foo.`, `C:\Program Files\Foo `, `C:\Program Files\ Foo`, `C:\Program Files\Foo..`,
		`C:\Program Files\Foo:stream`, `C:\Program Files::$INDEX_ALLOCATION\Foo`, `C:\Program Files\C:\x`, `1:\Foo\Bar`, `CC:\Foo\Bar`, `Ä:\Foo\Bar`,
		`C:\Program Files\CON`, `C:\Program Files\nul`, `C:\Program Files\NUL.txt`, `C:\Program Files\com1\x`, `C:\LPT9\x`, `C:\aux\x`, `C:\CONIN$\x`,
		`C:\Program Files\*`, `C:\Program Files\Fo?`, `C:\Program Files\<a>`, `C:\Program Files\a|b`, `C:\Program Files\"a"`, `"C:\Program Files\Foo"`,
		"C:\\Program Files\\Foo\x00", "C:\\Program Files\\Fo\no", "C:\\Program Files\\\x1b[2J", "C:\\Program Files\\\u202eooF", "C:\\Program Files\\Fo\u200bo", "C:\\Program Files\\\xff",
		"C:\\Program Files\\\ufeffFoo", "\ufeffC:\\Program Files\\Foo", "C:\\Program Files\\Fo\u00a0", `C:\` + strings.Repeat(`a\`, 3000),
		`/opt/foo/bar`, `/usr/bin`, `file:///C:/Foo/Bar`, `http://x/y/z`, `HKLM\Software\Foo`,
	}
}

func TestCheckDirRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		rules PathRules
		dirs  []string
	}{{"unix", Unix(), hostileUnix()}, {"windows", Windows(), hostileWindows()}} {
		if len(c.dirs) < 120 {
			t.Errorf("%s: only %d hostile values", c.name, len(c.dirs))
		}
		for _, dir := range c.dirs {
			if err := CheckDir(c.rules, dir); !errors.Is(err, ErrUnsafeDir) {
				t.Errorf("%s: CheckDir(%q) = %v, want ErrUnsafeDir", c.name, dir, err)
			}
			if dir == "" {
				continue // an empty entry of a list is passed over
			}
			if _, err := NewMatcher(c.rules, []string{dir}, nil, nil); !errors.Is(err, ErrUnsafeDir) {
				t.Errorf("%s: NewMatcher(%q) = %v, want ErrUnsafeDir", c.name, dir, err)
			}
		}
	}
}

func TestCheckDirAccepts(t *testing.T) {
	for _, dir := range []string{
		"/opt/foo", "/opt/foo/", "/opt//foo", "/opt/Foo Bar", "/opt/müller", "/opt/foo-1.2~rc1", "/opt/google/chrome", "/usr/lib/firefox", "/usr/lib/libreoffice/program",
		"/usr/lib/jvm/java-17-openjdk-amd64", "/usr/lib/x86_64-linux-gnu/foo", "/usr/share/foo", "/usr/local/foo", "/usr/local/lib/foo", "/snap/firefox", "/srv/app",
		"/var/opt/foo", "/var/lib/flatpak/app/org.foo.Bar", "/home/bob/foo/bar", "/home/bob/.local/share/foo", "/tmp/demo/opt/busy", "/nix/store/abc-foo",
		"/Applications/Foo.app", "/Users/bob/Applications/Foo.app", "/opt/100%", "/opt/bin2", "/usr/libexec/foo", "/private/var/folders/xx/yy/T/z",
	} {
		if err := CheckDir(Unix(), dir); err != nil {
			t.Error(err)
		}
	}
	for _, dir := range []string{
		`C:\Program Files\Foo`, `C:\Program Files\Foo\`, `c:/program files/foo`, `C:\Program Files (x86)\Mozilla Firefox`, `D:\Apps\Foo`, `C:\ProgramData\Foo`,
		`C:\\Program Files\\Foo`, `\\?\C:\Program Files\Foo`, `C:\Program Files\Müller & Söhne`, `C:\Program Files (x86)\Microsoft\Edge`, `C:\Program Files\Common Files\Adobe`,
		`C:\Users\bob\AppData\Local\Programs\Foo`, `C:\opsi.org\foo`, `C:\Program Files\Foo$`, `C:\Program Files\.foo`, `C:\Program Files\longname~1x`, `C:\Program Files\COMMON`,
		`C:\Program Files\100% Foo`,
	} {
		if err := CheckDir(Windows(), dir); err != nil {
			t.Error(err)
		}
	}
}

func TestMatcherRefusesResolvedDir(t *testing.T) {
	_, err := NewMatcher(Unix(), []string{"/opt/foo"}, nil, func(string) (string, error) { return "/usr/bin", nil })
	if !errors.Is(err, ErrUnsafeDir) {
		t.Fatalf("a link to /usr/bin: %v, want ErrUnsafeDir", err)
	}
}

// An accepted directory never holds a vital program, whatever is tried.
func TestNoDirHoldsVital(t *testing.T) {
	parts := []string{"usr", "lib", "bin", "sbin", "libexec", "local", "systemd", "openssh", "x86_64-linux-gnu", "aarch64-linux-gnu", "gdm3", "sddm", "opt", "home", "foo", "..", ".", "", "Usr"}
	rapid.Check(t, func(t *rapid.T) {
		dir := "/" + strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 5).Draw(t, "parts"), "/")
		folder := rapid.SampledFrom(vitalFolders()).Draw(t, "folder")
		if rest, ok := strings.CutPrefix(folder, "/usr/lib/"); ok && rapid.Bool().Draw(t, "triplet") {
			folder = "/usr/lib/x86_64-linux-gnu/" + rest
		}
		exe := folder + "/" + rapid.SampledFrom(vitalUnix()).Draw(t, "name")
		m, err := NewMatcher(Unix(), []string{dir}, nil, nil)
		if err != nil {
			return
		}
		if rule, ok := m.Match(exe); ok {
			t.Fatalf("%s is found by %q", exe, rule)
		}
		if !vital(Unix(), Program{ID: id(9), Path: exe}) {
			t.Fatalf("%s is not vital", exe)
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		parts := []string{"Windows", "WINDOWS", "System32", "SysWOW64", "Program Files", "Foo", "..", ".", "", "windowſ"}
		dir := "C:" + rapid.SampledFrom([]string{`\`, `/`, `\\`}).Draw(t, "sep") + strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 4).Draw(t, "parts"), `\`)
		m, err := NewMatcher(Windows(), []string{dir}, nil, nil)
		if err != nil {
			return
		}
		exe := rapid.SampledFrom([]string{`C:\Windows\System32\`, `C:\Windows\`, `c:\WINDOWS\SysWOW64\`}).Draw(t, "folder") + rapid.SampledFrom(vitalWindows()).Draw(t, "name")
		if rule, ok := m.Match(exe); ok {
			t.Fatalf("%s is found by %q", exe, rule)
		}
	})
}

// FuzzCheckDir: a directory that is accepted finds what lies below it and nothing
// beside it, and no vital program of any folder, in either system's rules.
func FuzzCheckDir(f *testing.F) {
	for _, dir := range append(hostileUnix(), hostileWindows()...) {
		f.Add(dir)
	}
	vitals := map[PathRules][]string{Unix(): nil, Windows(): nil}
	for _, folder := range vitalFolders() {
		vitals[Unix()] = append(vitals[Unix()], folder+"/dbus-daemon", folder+"/sshd")
	}
	for _, name := range vitalWindows() {
		vitals[Windows()] = append(vitals[Windows()], `C:\Windows\System32\`+name, `d:\WINDOWS\`+strings.ToLower(name))
	}
	f.Fuzz(func(t *testing.T, dir string) {
		for rules, exes := range vitals {
			m, err := NewMatcher(rules, []string{dir}, nil, nil)
			if err != nil || dir == "" {
				continue
			}
			for _, exe := range exes {
				if _, ok := m.Match(exe); ok {
					t.Fatalf("%q finds %s", dir, exe)
				}
			}
			straight := strings.TrimRight(dir, `/`)
			if rules.windows {
				straight = strings.TrimRight(dir, `/\`)
			}
			sep := rules.separator()
			if _, ok := m.Match(straight + sep + "x" + sep + "prog"); !ok {
				t.Fatalf("%q does not find what lies below it", dir)
			}
			for _, beside := range []string{straight + "x" + sep + "prog", straight + " " + sep + "prog", straight[:len(straight)-1] + sep + "prog"} {
				if rule, ok := m.Match(beside); ok && !rules.Same(beside[:strings.LastIndex(beside, sep)], straight) {
					t.Fatalf("%q finds %q by %q", dir, beside, rule)
				}
			}
		}
	})
}

// FuzzMatch: whatever a program is called, it is found only by a rule that a
// person would put it down to, and never when it is vital.
func FuzzMatch(f *testing.F) {
	f.Add("/opt/foo/../../usr/sbin/sshd", "sshd")
	f.Add("/opt/foobar/x", "x (deleted)")
	f.Add(`\\?\C:\Program Files\Foo\x.exe`, "SVCHOST.EXE")
	f.Add(`C:/PROGRAM FILES/foo/\/x`, "csrss.exe")
	f.Add("\xff\xfe/", "\u017fvchost.exe")
	f.Fuzz(func(t *testing.T, exe, name string) {
		for _, c := range []struct {
			rules PathRules
			dir   string
		}{{Unix(), "/opt/foo"}, {Windows(), `C:\Program Files\Foo`}} {
			m, err := NewMatcher(c.rules, []string{c.dir}, []string{name}, nil)
			if err != nil {
				continue
			}
			rule, ok := m.Match(exe)
			p := Program{ID: id(99), Path: exe, Rule: rule}
			if ok && vital(c.rules, p) && Classify(c.rules, p).Blocks() {
				t.Fatalf("%q is vital, and closed by %q", exe, rule)
			}
			switch {
			case !ok:
			case rule == ruleDir+c.dir:
				key := string(c.rules.appendKey(nil, c.rules.Clean(exe)))
				if !strings.HasPrefix(key, string(c.rules.appendKey(nil, c.dir))+c.rules.separator()) {
					t.Fatalf("%q is found by %q", exe, rule)
				}
			case rule == ruleProcess+name:
				if !c.rules.Same(c.rules.Base(exe), name) && !c.rules.Same(c.rules.Clean(exe), name) {
					t.Fatalf("%q is found by %q", exe, rule)
				}
			default:
				t.Fatalf("%q is found by %q", exe, rule)
			}
		}
	})
}
