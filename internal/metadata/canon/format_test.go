// SPDX-License-Identifier: Apache-2.0

package canon

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

var update = flag.Bool("update", false, "write what is compared with anew")

// TestGolden formats the files of testdata, and the result once more.
func TestGolden(t *testing.T) {
	names, err := filepath.Glob("testdata/*.toml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Format(name, text)
		if err != nil {
			t.Fatal(err)
		}
		golden := name + ".golden"
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s: got\n%s", name, got)
		}
		if again, err := Format(name, got); err != nil || string(again) != string(got) {
			t.Errorf("%s: formatted twice, %v:\n%s", name, err, again)
		}
	}
}

func TestLineEndsAndMarks(t *testing.T) {
	for in, want := range map[string]string{
		"":                          "",
		"\n\n":                      "",
		"\ufeffa=1":                 "a = 1\n",
		"a=1\r\n[b]\r\nc=\"x\"\r\n": "a = 1\r\n\r\n[b]\r\nc = 'x'\r\n",
		"a=1\n[b]\r\nc=2\r\n":       "a = 1\n\n[b]\nc = 2\n",
		"a=[\r\n1, # x \r\n]\r\n":   "a = [\r\n1, # x\r\n]\r\n",
		"# only":                    "# only\n",
		"a = '''x\r\ny'''\r\n":      "a = '''x\r\ny'''\r\n",
	} {
		if got, err := Format("f", []byte(in)); err != nil || string(got) != want {
			t.Errorf("%q: got %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestWhatIsNoTOMLIsNotFormatted(t *testing.T) {
	if got, err := Format("f.toml", []byte("a = 1\nb\n")); err == nil || got != nil || err.Error() != "f.toml:2: b: expected = after the key" {
		t.Errorf("%q, %v", got, err)
	}
}

// check formats a text that may be anything and holds what is guaranteed.
func check(t interface{ Fatalf(string, ...any) }, text string) {
	before, err := tomlfile.Parse("f", []byte(text))
	out, failed := Format("f", []byte(text))
	if (err == nil) != (failed == nil) {
		t.Fatalf("parsed: %v, formatted: %v", err, failed)
	}
	if err != nil {
		return
	}
	after, err := tomlfile.Parse("f", out)
	if err != nil || !same(before, after) {
		t.Fatalf("means something else, %v:\n%q\n%q", err, text, out)
	}
	items, err := tomlfile.Items("f", []byte(text))
	if err != nil || !sameComments("f", items, out) {
		t.Fatalf("comments are lost, %v:\n%q\n%q", err, text, out)
	}
	if again, err := Format("f", out); err != nil || string(again) != string(out) {
		t.Fatalf("formatted twice, %v:\n%q\n%q\n%q", err, text, out, again)
	}
}

// TestMeaningIsKept formats files put together of parts that real ones have.
func TestMeaningIsKept(t *testing.T) {
	value := rapid.OneOf(
		rapid.SampledFrom([]string{`'a'`, `"C:\\p"`, `"it's"`, `"ä"`, `"\u202e"`, `"""x"""`, "'''x\ny'''", `1`, `true`, `1979-05-27 07:32:00`, `nan`, `[]`, `['', "b"]`,
			"[ # c\n'x',\n # d\n]", `{ kind="file",name = 'x' }`, `[[1,2],['a']]`, `[` + strings.Repeat(`'%ProgramFiles64Dir%\p', `, 6) + `]`}),
		rapid.Custom(func(t *rapid.T) string {
			return "'" + rapid.StringMatching(`[a-zA-Z%\\ "]{0,20}`).Draw(t, "text") + "'"
		}),
	)
	words := []string{"specification", "product", "installers", "quietsetup", "requirement", "detect", "policy", "path", "processes", "os", "version", "command", "unknown", "x"}
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		key := 0
		for range rapid.IntRange(0, 25).Draw(t, "lines") {
			w := rapid.SampledFrom(words)
			switch rapid.IntRange(0, 6).Draw(t, "kind") {
			case 0:
				b.WriteString("\n")
			case 1:
				b.WriteString("# comment " + w.Draw(t, "word") + "  \n")
			case 2:
				b.WriteString("[[installers]]\n")
			case 3:
				b.WriteString(rapid.SampledFrom([]string{"[installers.requirement]\n", "[installers.quietsetup]\n", "[product]\n", "[specification]", "[ quietsetup ] # t\n",
					"[quietsetup.policy]\n", "[[installers.requirement]]\n", "[unknown]\n", "[unknown.x]\n", "[[x]]\n"}).Draw(t, "table"))
				b.WriteString("\n")
			default:
				name := w.Draw(t, "key")
				if rapid.Bool().Draw(t, "odd") {
					key++
					name += strings.Repeat("x", key)
				}
				b.WriteString(name + rapid.SampledFrom([]string{" = ", "=", " =  "}).Draw(t, "is") + value.Draw(t, "value") + rapid.SampledFrom([]string{"", " # behind"}).Draw(t, "behind") + "\n")
			}
		}
		check(t, b.String())
	})
}

func FuzzFormat(f *testing.F) {
	names, err := filepath.Glob("testdata/*.toml")
	if err != nil {
		f.Fatal(err)
	}
	more, err := filepath.Glob("../testdata/examples/*.toml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range slices.Concat(names, more) {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("[x]\n[installers]\n[[y]]\n[y.z]\n[[y]]\n# c")
	f.Fuzz(func(t *testing.T, text string) { check(t, text) })
}
