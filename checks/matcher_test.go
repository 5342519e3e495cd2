// SPDX-License-Identifier: Apache-2.0

package checks

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func matcher(t testing.TB, rules PathRules, dirs, names []string) *Matcher {
	t.Helper()
	m, err := NewMatcher(rules, dirs, names, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMatchUnix(t *testing.T) {
	m := matcher(t, Unix(), []string{"/opt/foo", "", "/opt/foo/plugins/", "/opt//dup", "/opt/dup/", "/opt/größe"},
		[]string{"fox", "", "my tool", "/usr/bin/tool", "/opt/foo/bin/helper"})
	for exe, want := range map[string]string{
		"/opt/foo/bin/x":               "dir /opt/foo",
		"/opt/foo/x":                   "dir /opt/foo",
		"/opt/foo/x (deleted)":         "dir /opt/foo",
		"/opt/foo/plugins/a/b/c":       "dir /opt/foo/plugins/",
		"/opt/dup/x":                   "dir /opt//dup",
		"/opt/größe/x":                 "dir /opt/größe",
		"/opt/foo":                     "",
		"/opt/foobar/x":                "",
		"/opt/foo (deleted)":           "",
		"/opt/foo (deleted)/x":         "",
		"/opt/Foo/x":                   "",
		"/opt/fo/x":                    "",
		"/opt/GRÖßE/x":                 "",
		"/srv/opt/foo/x":               "",
		"opt/foo/x":                    "",
		"/usr/bin/fox":                 "process fox",
		"/usr/bin/fox (deleted)":       "process fox",
		"/usr/bin/firefox":             "",
		"/usr/bin/foxy":                "",
		"/usr/bin/FOX":                 "",
		"/usr/fox/x":                   "",
		"fox":                          "process fox",
		"/a/my tool":                   "process my tool",
		"/usr/bin/tool":                "process /usr/bin/tool",
		"/usr/bin/tool (deleted)":      "process /usr/bin/tool",
		"/usr/local/bin/tool":          "",
		"/usr/bin/tool/x":              "",
		"/opt/foo/bin/helper":          "process /opt/foo/bin/helper",
		"/opt/foo/bin/fox":             "process fox",
		"":                             "",
		"/":                            "",
		" (deleted)":                   "",
		"/opt/foo/":                    "",
		"/opt/foo/../../usr/bin/other": "dir /opt/foo",
	} {
		if got, ok := m.Match(exe); got != want || ok != (want != "") {
			t.Errorf("Match(%q) = %q, %v, want %q", exe, got, ok, want)
		}
	}
	if rule, ok := m.MatchName("/app/bin/fox (deleted)"); !ok || rule != "process fox" {
		t.Errorf("MatchName = %q, %v", rule, ok)
	}
	if rule, ok := m.MatchName("/opt/foo/bin/x"); ok {
		t.Errorf("MatchName goes by directory: %q", rule)
	}
}

func TestMatchWindows(t *testing.T) {
	m := matcher(t, Windows(), []string{`C:\Program Files\Foo`, `D:/Apps/Größe Ω/`, `\\?\C:\Program Files\Long`, `C:\\Program Files\\Double`},
		[]string{"WINWORD.EXE", "7z.exe", `C:\Tools\x.exe`, "größe.exe"})
	for exe, want := range map[string]string{
		`C:\Program Files\Foo\foo.exe`:              `dir C:\Program Files\Foo`,
		`c:\PROGRAM FILES\foo\BIN\a.exe`:            `dir C:\Program Files\Foo`,
		`C:/Program Files/Foo/a.exe`:                `dir C:\Program Files\Foo`,
		`\\?\C:\Program Files\Foo\a.exe`:            `dir C:\Program Files\Foo`,
		`\??\C:\Program Files\Foo\a.exe`:            `dir C:\Program Files\Foo`,
		`C:\Program Files\\Foo\\a.exe`:              `dir C:\Program Files\Foo`,
		`C:\Program Files\Foobar\a.exe`:             "",
		`C:\Program Files\Foo`:                      "",
		`C:\Program Files\Foo\`:                     "",
		`D:\Program Files\Foo\a.exe`:                "",
		`D:\apps\GRÖßE ω\x.exe`:                     `dir D:/Apps/Größe Ω/`,
		"D:\\apps\\größe \u2126\\x.exe":             `dir D:/Apps/Größe Ω/`, // the ohm sign
		`D:\apps\GROSSE ω\x.exe`:                    "",
		`C:\Program Files\Long\a.exe`:               `dir \\?\C:\Program Files\Long`,
		`C:\Program Files\Double\a.exe`:             `dir C:\\Program Files\\Double`,
		`\\server\share\Program Files\Foo\a.exe`:    "",
		`\\?\UNC\server\share\winword.exe`:          "process WINWORD.EXE",
		`C:\x\winword.exe`:                          "process WINWORD.EXE",
		`C:\x\WinWord.Exe`:                          "process WINWORD.EXE",
		`winword.exe`:                               "process WINWORD.EXE",
		`C:\x\p7z.exe`:                              "",
		`C:\x\7z.exe`:                               "process 7z.exe",
		`C:\x\7z.exe (deleted)`:                     "",
		`c:/TOOLS/X.EXE`:                            `process C:\Tools\x.exe`,
		`C:\Tools\sub\x.exe`:                        "",
		`C:\x\GRÖßE.EXE`:                            "process größe.exe",
		"C:\\Program Files\\Foo\\\xff\xfe\\bad.exe": `dir C:\Program Files\Foo`,
		"": "", `\`: "", `\\?\`: "", `C:`: "", `C:\`: "",
	} {
		if got, ok := m.Match(exe); got != want || ok != (want != "") {
			t.Errorf("Match(%q) = %q, %v, want %q", exe, got, ok, want)
		}
	}
}

func TestMatcherNames(t *testing.T) {
	for _, c := range []struct {
		rules PathRules
		name  string
	}{
		{Unix(), "bin/fox"}, {Unix(), "./fox"}, {Unix(), "../fox"}, {Unix(), ".."}, {Unix(), "."}, {Unix(), "fo*"}, {Unix(), "fo\x00x"}, {Unix(), "fox\n"},
		{Unix(), "fo\u202ex"}, {Unix(), "/usr/../bin/x"}, {Unix(), " "}, {Unix(), "\xff"}, {Unix(), strings.Repeat("x", maxPath+1)},
		{Windows(), `bin\fox.exe`}, {Windows(), `..\fox.exe`}, {Windows(), `C:fox.exe`}, {Windows(), `fox.exe:stream`}, {Windows(), `fo?.exe`}, {Windows(), `C:\a\..\b.exe`},
	} {
		if _, err := NewMatcher(c.rules, nil, []string{c.name}, nil); !errors.Is(err, ErrName) {
			t.Errorf("name %q: %v, want ErrName", c.name, err)
		}
	}
}

func TestMatcherResolves(t *testing.T) {
	resolve := func(p string) (string, error) {
		return map[string]string{"/opt/foo": "/data/foo-1.2", "/usr/bin/tool": "/usr/lib/tool/tool"}[p], nil
	}
	m, err := NewMatcher(Unix(), []string{"/opt/foo"}, []string{"/usr/bin/tool"}, resolve)
	if err != nil {
		t.Fatal(err)
	}
	for exe, want := range map[string]string{"/opt/foo/x": "dir /opt/foo", "/data/foo-1.2/x": "dir /opt/foo", "/usr/lib/tool/tool": "process /usr/bin/tool", "/usr/bin/tool": "process /usr/bin/tool"} {
		if got, _ := m.Match(exe); got != want {
			t.Errorf("Match(%q) = %q, want %q", exe, got, want)
		}
	}
	if want := []Place{{"/data/foo-1.2", "dir /opt/foo", true}, {"/usr/lib/tool/tool", "process /usr/bin/tool", false}}; !slices.Equal(m.Places(), want) {
		t.Errorf("Places = %v, want %v", m.Places(), want)
	}
	broken := errors.New("broken")
	if _, err := NewMatcher(Unix(), []string{"/opt/foo"}, nil, func(string) (string, error) { return "", broken }); !errors.Is(err, broken) {
		t.Errorf("a resolver's error: %v", err)
	}
}

// A matcher agrees with the plain meaning of its rules.
func TestMatchAgreesWithMeaning(t *testing.T) {
	part := rapid.SampledFrom([]string{"opt", "foo", "foobar", "Foo", "a b", "ä", "x", "usr", "y1"})
	rapid.Check(t, func(t *rapid.T) {
		path := func(label string, least int) string {
			return strings.Join(rapid.SliceOfN(part, least, 5).Draw(t, label), "/")
		}
		dirs := []string{"/opt/" + path("dir", 1), "/srv/" + path("dir", 1)}
		exe := "/opt/" + path("exe", 1)
		name := rapid.SampledFrom([]string{"x", "foo", "ä"}).Draw(t, "name")
		m, err := NewMatcher(Unix(), dirs, []string{name}, nil)
		if err != nil {
			return
		}
		want := strings.HasSuffix(exe, "/"+name) || slices.ContainsFunc(dirs, func(d string) bool { return strings.HasPrefix(exe, d+"/") })
		if _, ok := m.Match(exe); ok != want {
			t.Fatalf("dirs %v, name %q: Match(%q) = %v", dirs, name, exe, ok)
		}
		// Windows reads the same paths, in any case and with any separator.
		flip := func(s string) string { return strings.ReplaceAll(strings.ToUpper(s), "/", `\`) }
		w, err := NewMatcher(Windows(), []string{"C:" + dirs[0], "C:" + dirs[1]}, []string{name}, nil)
		if err != nil {
			return
		}
		_, plain := w.Match("C:" + exe)
		_, flipped := w.Match("c:" + flip(exe))
		if plain != flipped || want && !plain {
			t.Fatalf("dirs %v, name %q: Match(%q) = %v, flipped %v, unix %v", dirs, name, exe, plain, flipped, want)
		}
	})
}

// crowd returns n Windows paths, a quarter of them below one of the d directories.
func crowd(n, d int) (dirs, exes []string) {
	for i := range d {
		dirs = append(dirs, fmt.Sprintf(`C:\Program Files\Vendor %d\Product %d`, i%97, i))
	}
	for i := range n {
		if i%4 == 0 {
			exes = append(exes, fmt.Sprintf(`c:\Program files\VENDOR %d\product %d\bin\App%d.exe`, i%d%97, i%d, i))
		} else {
			exes = append(exes, fmt.Sprintf(`C:\Windows\System32\DriverStore\FileRepository\Drv%d.inf_amd64\Service%d.exe`, i%300, i))
		}
	}
	return dirs, exes
}

func TestMatchAllocatesNothing(t *testing.T) {
	dirs, exes := crowd(200, 50)
	m := matcher(t, Windows(), dirs, []string{"winword.exe"})
	if n := testing.AllocsPerRun(100, func() {
		for _, exe := range exes {
			m.Match(exe)
		}
	}); n != 0 {
		t.Errorf("%v allocations for %d matches", n, len(exes))
	}
}

// BenchmarkMatch prints the time of a match beside that of folding the same
// paths alone, both measured in turn within one run.
func BenchmarkMatch(b *testing.B) {
	for _, size := range []struct{ paths, dirs int }{{500, 500}, {2000, 5000}} {
		b.Run(fmt.Sprintf("%dx%d", size.paths, size.dirs), func(b *testing.B) {
			dirs, exes := crowd(size.paths, size.dirs)
			m := matcher(b, Windows(), dirs, []string{"winword.exe"})
			hits, bytes := 0, 0
			var ratios []float64
			b.ReportAllocs()
			for b.Loop() {
				start := time.Now()
				for _, exe := range exes {
					var room [512]byte
					bytes += len(Windows().appendKey(room[:0], exe))
				}
				fold := time.Since(start)
				start = time.Now()
				for _, exe := range exes {
					if _, ok := m.Match(exe); ok {
						hits++
					}
				}
				ratios = append(ratios, float64(time.Since(start))/float64(fold))
			}
			if hits == 0 || bytes == 0 {
				b.Fatal("nothing was matched")
			}
			slices.Sort(ratios)
			b.ReportMetric(ratios[len(ratios)/2], "ratio-vs-fold")
		})
	}
}

func TestWithin(t *testing.T) {
	for _, c := range []struct {
		rules     PathRules
		dir, path string
		want      bool
	}{
		{Unix(), "/opt/q", "/opt/q", true}, {Unix(), "/opt/q/", "/opt//q/x", true}, {Unix(), "/opt/q", "/opt/qq", false}, {Unix(), "/opt/Q", "/opt/q/x", false},
		{Unix(), "/", "/opt", false}, {Unix(), "", "/opt", false}, {Unix(), "", "", false},
		{Windows(), `C:\Q`, `c:/q/X.exe`, true}, {Windows(), `\\?\C:\q\`, `C:\Q`, true}, {Windows(), `C:\Q`, `C:\Q2\x`, false}, {Windows(), `C:\`, `C:\x`, false},
		{Windows(), `C:`, `C:\x`, false}, {Windows(), ``, `C:\x`, false}, {Windows(), `\\s\q`, `\\S\Q\x`, true},
	} {
		if got := c.rules.Within(c.dir, c.path); got != c.want {
			t.Errorf("%q within %q: %v", c.path, c.dir, got)
		}
	}
}
