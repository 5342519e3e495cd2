// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

// read has a script read that lies alone in its folder.
func read(script string, files ...string) *facts {
	f := &folder{byKey: map[string]int{}}
	for i, name := range files {
		f.files = append(f.files, entry{name: name, size: 1})
		f.byKey[strings.ToLower(name)] = i
	}
	r := &reader{folder: f, facts: &facts{}, vars: variables{}, shown: "CLIENT_DATA/", read: map[string]bool{}}
	r.text([]byte(script), place{file: "setup.opsiscript"})
	r.judge()
	return r.facts
}

func texts(values []value) []string {
	var out []string
	for _, v := range values {
		out = append(out, v.text)
	}
	return out
}

func TestFolders(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		want   []string
	}{
		"plain":              {`[Actions]` + "\n" + `Set $InstallDir$ = "%ProgramFiles64Dir%\Foo"`, []string{`%ProgramFiles64Dir%\Foo`}},
		"any case":           {"[ACTIONS]\n" + `SET $INSTALLDIR$ = "%programfiles32dir%\Foo\"`, []string{`%ProgramFiles32Dir%\Foo`}},
		"declared":           {"[Actions]\n" + `DefVar $InstallDir$ = "%ProgramFilesDir%" + '\Foo'`, []string{`%ProgramFilesDir%\Foo`}},
		"a constant":         {"[Actions]\n" + `DefConst $ProgDir$ = "%ProgramFilesSysnativeDir%\Foo"`, []string{`%ProgramFilesSysnativeDir%\Foo`}},
		"property's default": {"[Actions]\n" + `Set $InstallDir$ = GetProductProperty("dir", "%ProgramFiles64Dir%\Foo")`, []string{`%ProgramFiles64Dir%\Foo`}},
		"functions":          {"[Actions]\n" + `Set $InstallDir$ = trim(lower("%ProgramFiles64Dir%\foo"))`, []string{`%ProgramFiles64Dir%\foo`}},
		"environment":        {"[Actions]\n" + `Set $InstallDir$ = EnvVar("ProgramW6432") + "\Foo"`, []string{`%ProgramFiles64Dir%\Foo`}},
		"both branches":      {"[Actions]\nDefVar $InstallDir$\nif x\nSet $InstallDir$ = \"%ProgramFiles64Dir%\\A\"\nelse\nSet $InstallDir$ = \"%ProgramFiles32Dir%\\A\"\nendif", []string{`%ProgramFiles64Dir%\A`, `%ProgramFiles32Dir%\A`}},
		"a chain": {"[Actions]\nSet $A$ = \"Vendor\"\nif x\nSet $B$ = \"One\"\nelse\nSet $B$ = \"Two\"\nendif\nSet $InstallDir$ = \"%ProgramFiles64Dir%\\\" + $A$ + \"\\\" + $B$",
			[]string{`%ProgramFiles64Dir%\Vendor\One`, `%ProgramFiles64Dir%\Vendor\Two`}},
		"too high":           {"[Actions]\nSet $InstallDir$ = \"%ProgramFiles64Dir%\"\nSet $InstallDir2$ = \"C:\\Windows\\Foo\"\nSet $InstallDir3$ = \"C:\\\"\nSet $InstallDir4$ = \"%System%\\Foo\"", nil},
		"nowhere":            {"[Actions]\nSet $InstallDir$ = \"Foo\"\nSet $InstallDir1$ = \"..\\Foo\"\nSet $InstallDir2$ = \"%ProgramFiles64Dir%\\..\\Foo\"\nSet $InstallDir3$ = \"%Nonsense%\\Foo\"\nSet $InstallDir4$ = \"\\\\server\\share\\Foo\"", nil},
		"patterns":           {"[Actions]\nSet $InstallDir$ = \"%ProgramFiles64Dir%\\Foo*\"\nSet $InstallDir2$ = \"%ProgramFiles64Dir%\\Foo?\"", nil},
		"a comment":          {"[Actions]\n; Set $InstallDir$ = \"%ProgramFiles64Dir%\\Foo\"\n# Set $InstallDir$ = \"%ProgramFiles64Dir%\\Foo\"", nil},
		"other names":        {"[Actions]\nSet $LogDir$ = \"%ProgramFiles64Dir%\\Foo.d\"\nSet $InstallFile$ = \"%ProgramFiles64Dir%\\Foo\\foo.exe\"", nil},
		"options":            {"[Actions]\n[WinBatch_a]\nx.exe /DIR=\"%ProgramFiles64Dir%\\A B\"\nmsiexec /i x.msi INSTALLDIR=\"%ProgramFiles32Dir%\\C\"\nx.exe /S /D=%ProgramFiles32Dir%\\D E", []string{`%ProgramFiles64Dir%\A B`, `%ProgramFiles32Dir%\C`, `%ProgramFiles32Dir%\D E`}},
		"uninstaller":        {"[Actions]\n[WinBatch_u]\n\"%ProgramFiles32Dir%\\Foo\\unins000.exe\" /silent", []string{`%ProgramFiles32Dir%\Foo`}},
		"not the tool":       {"[Actions]\n[WinBatch_u]\n\"%ProgramFiles32Dir%\\7-Zip\\7z.exe\" x a.7z", nil},
		"linux":              {"[Actions]\nSet $InstallDir$ = \"/opt/foo/\"", []string{"/opt/foo"}},
		"linux's own":        {"[Actions]\nSet $InstallDir$ = \"/usr/bin\"\nSet $InstallDir2$ = \"/\"\nSet $InstallDir3$ = \"/opt\"\nSet $InstallDir4$ = \"/home/x\"", nil},
		"macos":              {"[Actions]\nSet $InstallDir$ = \"/Applications/Foo.app\"", []string{"/Applications/Foo.app"}},
		"no end of string":   {"[Actions]\nSet $InstallDir$ = \"%ProgramFiles64Dir%\\Foo", nil},
		"within other files": {"[Actions]\n[PatchTextFile_x]\n[Actions2]\nSet $InstallDir$ = \"%ProgramFiles64Dir%\\Foo\"", nil},
		"crowded":            {"[Actions]\nif  getOS  =  \"Windows_NT\"\n\tset   $InstallDir$=\"%ProgramFiles64Dir%\\Foo\"   \nendif", []string{`%ProgramFiles64Dir%\Foo`}},
	} {
		t.Run(name, func(t *testing.T) {
			got := texts(read(c.script).dirs)
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestKills(t *testing.T) {
	for script, want := range map[string][]string{
		`KillTask "a.exe"`:                       {"a.exe"},
		`killtask 'a.exe'`:                       {"a.exe"},
		`killTask a.exe`:                         {"a.exe"},
		"Set $P$ = \"a\"\nkillTask $P$+\".exe\"": {"a.exe"},
		`killTask "C:\x\a.exe"`:                  {"a.exe"},
		`killTask $Unknown$`:                     nil,
		`killTask ""`:                            nil,
		`killTask "a*.exe"`:                      nil,
		`killTask "%Name%"`:                      nil,
		"DefStringList $l$\nSet $l$ = createStringList(\"a.exe\", 'b.exe')\nfor %p% in $l$ do killTask \"%p%\"": {"a.exe", "b.exe"},
		"for %p% in splitstring(\"a.exe;b.exe\", \";\") do killtask \"%p%\"":                                    {"a.exe", "b.exe"},
		"[ShellBatch_x]\ntaskkill /F /IM a.exe /IM \"b c.exe\" /T":                                              {"a.exe", "b c.exe"},
		"[ShellInAnIcon_x]\nkillall -q -s TERM one two\npkill -x three":                                         {"one", "two", "three"},
		"[PowerShellScript_x]\nGet-Process | Stop-Process -Name four":                                           {"four.exe"},
		"set $x$ = shellCall(\"taskkill /im five.exe\")":                                                        {"five.exe"},
	} {
		if !strings.Contains(script, "[") {
			script = "[Actions]\n" + script
		}
		if got := texts(read(script).kills); !slices.Equal(got, want) {
			t.Errorf("%s\n got %q, want %q", script, got, want)
		}
	}
}

func TestCallsAndConditions(t *testing.T) {
	f := read(`[Actions]
Set $File$ = "%ScriptPath%\files1\A.msi"
if getSystemType = "64 Bit System"
	if GetOS = "Windows_NT"
		Set $out$ = shellCall('"%ScriptPath%\files2\b.exe" /S')
	endif
else
	Set $out$ = shellCall('"%ScriptPath%\files1\c.exe" /S')
endif
[WinBatch_x]
msiexec.exe /i "$File$" /qn
start /wait %ScriptPath%\d.exe
msiexec /x "%ScriptPath%\files1\e.msi" /qn
"%ScriptPath%\..\outside.exe"
"%ProgramFiles64Dir%\files1\c.exe"
`, "files1/a.MSI", "files2/b.exe", "files1/c.exe", "d.exe", "files1/e.msi", "outside.exe")
	want := map[string]hint{"files1/a.MSI": {}, "files2/b.exe": {"windows", "x64"}, "files1/c.exe": {"", "x86"}, "d.exe": {}}
	for _, c := range f.calls {
		h, ok := want[c.name]
		if !ok {
			t.Errorf("%s is called", c.name)
		}
		if h != c.hint {
			t.Errorf("%s: %+v, want %+v", c.name, c.hint, h)
		}
		delete(want, c.name)
	}
	for name := range want {
		t.Errorf("%s is not called", name)
	}
}

func TestReboots(t *testing.T) {
	for script, want := range map[string][]string{
		"ExitWindows /Reboot": {"always"},
		"if not(x)\nisFatalError\nelse\nExitWindows /ImmediateReboot\nendif":            {"always"},
		"if $ExitCode$ = \"3010\"\nExitWindows /Reboot\nendif":                          {"maybe"},
		"if GetProductProperty(\"a\",\"b\") = \"on\"\nExitWindows /RebootWanted\nendif": {"maybe"},
		"ExitWindows /ImmediateLogout":                                                  {"always"},
		"ExitWindows /Nonsense":                                                         nil,
	} {
		if got := texts(read("[Actions]\n" + script).reboots); !slices.Equal(got, want) {
			t.Errorf("%s\n got %q, want %q", script, got, want)
		}
	}
}

func TestDecode(t *testing.T) {
	for name, c := range map[string]struct{ bytes, want string }{
		"utf-8":     {"grün", "grün"},
		"with mark": {"\ufeffgrün", "grün"},
		"cp1252":    {"gr\xfcn \x80 \x96", "grün € –"},
		"utf-16 le": {"\xff\xfeg\x00\xfc\x00", "gü"},
		"utf-16 be": {"\xfe\xff\x00g\x00\xfc", "gü"},
		"cut off":   {"\xff\xfeg\x00\xfc", "g"},
		"empty":     {"", ""},
	} {
		if got := decode([]byte(c.bytes)); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{`C:\x`: `'C:\x'`, `it's "x" \y`: `"it's \"x\" \\y"`, "a\nb": `"a\u000Ab"`, "ä": "'ä'", "": "''"} {
		if got := quote(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
		doc, err := tomlfile.Parse("q", []byte("v = "+quote(in)))
		if err != nil || doc.Root().Text("v", "") != in {
			t.Errorf("%q does not come back: %v", in, err)
		}
	}
}

// FuzzScript reads any bytes as a script, and whatever comes of it must be a
// metadata file with folders that may be searched.
func FuzzScript(f *testing.F) {
	for _, s := range []string{
		"[Actions]\nSet $InstallDir$ = \"%ProgramFiles64Dir%\\Foo\"\nkillTask \"a.exe\"\n[WinBatch_x]\n\"%ScriptPath%\\setup.exe\" /D=$InstallDir$ $a",
		"[Actions]\nfor %x% in createStringList('a','b') do killTask %x%\nif x\nelse\nendif\nendif\nExitWindows /Reboot",
		"[Actions]\nSet $a$ = $a$ + $a$ + (((((((((((\"x\"\nset $TargetDir$ = f(g(h(i(j(k(l(m(n(",
		"[LinkFolder_x]\ntarget: %ProgramFilesDir%\\it's\\x.exe\n[Files_x]\ndel \"/opt/x'\\\"y\"\n[ShellBatch_y]\npkill -x 'a\x1bb'\nsystemctl stop a.service",
		"\xff\xfe[\x00A\x00]\x00",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		fo := &folder{byKey: map[string]int{"setup.exe": 0}, files: []entry{{name: "setup.exe", size: 1}}}
		d := Draft{Product: "p"}
		m := &making{draft: &d, folder: fo, facts: &facts{}, control: control{file: "OPSI/control"}, shells: map[string]string{}}
		r := &reader{folder: fo, facts: m.facts, vars: variables{}, shown: "CLIENT_DATA/", read: map[string]bool{}}
		r.text(script, place{file: "s"})
		r.shell("s.sh", script)
		r.judge()
		m.compose()
		m.judge()
		text := render(d, m)
		if _, err := tomlfile.Parse("draft", text); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if !utf8.Valid(text) || strings.ContainsFunc(strings.ReplaceAll(string(text), "\n", ""), unicode.IsControl) {
			t.Errorf("the file holds control characters: %q", text)
		}
		for _, in := range d.Installers {
			for _, dir := range in.Dirs {
				if again, _, kind := folderOf(dir); kind != searchable || again != dir {
					t.Errorf("folder %q may not be searched", dir)
				}
			}
		}
	})
}
