// SPDX-License-Identifier: Apache-2.0

package tomlfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// wantErr parses a text that must fail and returns the message.
func wantErr(t *testing.T, text string) string {
	t.Helper()
	_, err := Parse("f.toml", []byte(text))
	if err == nil {
		t.Fatalf("read %.60q without an error", text)
	}
	return err.Error()
}

func TestBrokenTextIsNamedByLine(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"a = 1\nb\n", "f.toml:2: b: expected = after the key"},
		{"a = 1\nb =\n", "f.toml:2: b: expected a value"},
		{"a = 'x\nb = 1\n", "f.toml:1: a: the string does not end on its line"},
		{"a = '''x\n\n", "f.toml:1: a: the string does not end"},
		{"[t\na = 1\n", "f.toml:1: t: expected ] after the table's name"},
		{"[[t]\n", "f.toml:1: t[0]: expected ]] after the table's name"},
		{"a = [1,\n2 3\n", "f.toml:3: a: expected , or ]"},
		{"a = 1 b = 2\n", "f.toml:1: expected a top-level item to end with a newline"},
		{"a = 'x' y\n", "f.toml:1: expected the end of the line, found 'y'"},
		{"[t]\n= 1\n", "f.toml:2: expected a key"},
		{"a = 1\na = 2\n", "f.toml:2: a: Key 'a' has already been defined."},
		{"[t]\nd = 'C:\\x'\ne = \"C:\\Programs\"\n", "f.toml:3: t.e: invalid escape in string"},
		{"a = \xff\n", "f.toml: not UTF-8 text"},
		{"a = 99999999999999999999\n", "f.toml:1: a: 99999999999999999999 is out of range for int64"},
	} {
		if got := wantErr(t, c.text); !strings.HasPrefix(got, c.want) {
			t.Errorf("%q:\n got %s\nwant %s", c.text, got, c.want)
		}
	}
}

func TestHostileShapesEndQuickly(t *testing.T) {
	long := strings.Repeat("k", 600)
	for name, c := range map[string]struct{ text, want string }{
		"too large":        {strings.Repeat("#", MaxBytes+1), "larger than"},
		"deep lists":       {"a = " + strings.Repeat("[", 500_000), "nested more than 16 deep"},
		"deep tables":      {"a = " + strings.Repeat("{b=", 300_000), "nested more than 16 deep"},
		"deep key":         {strings.Repeat("a.", 400_000) + "a = 1", "more than 16 parts"},
		"deep header":      {"[" + strings.Repeat("a.", 400_000) + "a]", "more than 16 parts"},
		"long key":         {long + " = 1", "a key of more than 512 bytes"},
		"long quoted key":  {`["` + long + "\"]\na = 1", "a key of more than 512 bytes"},
		"many keys":        {strings.Repeat("[[a]]\n", 20_000), "more than 10000 keys and values"},
		"many values":      {"a = [" + strings.Repeat("1,", 20_000) + "]", "more than 10000 keys and values"},
		"hidden in string": {"a = \"\"\"\n\"\"\"\nb = " + strings.Repeat("[", 500_000), "f.toml:3: b"},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			got := wantErr(t, c.text)
			if !strings.Contains(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("took %s", took)
			}
			if len(got) > maxMessage+len("…") {
				t.Errorf("the message has %d bytes", len(got))
			}
		})
	}
}

func TestWrongValuesAreNamedByLineAndKey(t *testing.T) {
	const text = "\ufeff# comment\r\ntop = 1\r\n" + `[a]
text = 5
"odd key" = true
list = [
  'x',
  7, # seven
]
[[many]]
x = 1
[[many]]
[many.inner]
flag = "no"
inline = {deep = {n = 'x'}, rest = [1, {m = 2}]}
[[many.sub]]
[[many.sub]]
n = 1.5
`
	d, err := Parse("f.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	a := d.Root().Table("a")
	a.Text("text", "")
	a.Text("odd key", "")
	a.Texts("list")
	a.Table("text")
	many := d.Root().Tables("many")
	many[1].Table("inner").Bool("flag", false)
	many[1].Table("inner").Table("inline").Table("deep").Int("n", 0)
	many[1].Table("inner").Table("inline").Tables("rest")
	many[1].Tables("sub")[1].Int("n", 0)
	many[0].Wrong("missing", "is missing")
	d.Root().Tables("top")
	want := []string{
		"f.toml:4: a.text: must be a string, is a whole number",
		`f.toml:5: a."odd key": must be a string, is true or false`,
		"f.toml:8: a.list[1]: must be a string, is a whole number",
		"f.toml:4: a.text: must be a table, is a whole number",
		"f.toml:14: many[1].inner.flag: must be true or false, is a string",
		"f.toml:15: many[1].inner.inline.deep.n: must be a whole number, is a string",
		"f.toml:15: many[1].inner.inline.rest[0]: must be a table, is a whole number",
		"f.toml:18: many[1].sub[1].n: must be a whole number, is a number with a fraction",
		"f.toml:10: many[0].missing: is missing",
		"f.toml:2: top: must be a list of tables, is a whole number",
	}
	got := d.Mistakes()
	for i := range max(len(got), len(want)) {
		g, w := "", ""
		if i < len(got) {
			g = got[i].Error()
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			t.Errorf("mistake %d:\n got %s\nwant %s", i, g, w)
		}
	}
	if err := d.Err(); err == nil || strings.Count(err.Error(), "\n") != len(want)-1 {
		t.Errorf("Err does not hold all mistakes: %v", err)
	}
}

func TestMessagesAreOneLine(t *testing.T) {
	m := Mistake{File: "f\n.toml", Line: 3, Key: "a\x1b[31m", Text: strings.Repeat("ä\u202e", 500)}
	got := m.Error()
	if strings.ContainsAny(got, "\n\x1b\u202e") || len(got) > maxMessage+len("…") {
		t.Errorf("not one printable line: %q", got)
	}
}

func TestNilTableIsEmpty(t *testing.T) {
	var n *Table
	if n.Has("x") || n.Text("x", "y") != "y" || n.Tables("x") != nil || n.Keys() != nil || n.Raw("x") != nil {
		t.Error("a nil table holds something")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("[a]\nb = 'c'\n[[d]]\ne = [1, {f = 2}]\n")
	f.Add("a = \"\"\"x\"\"\"\"\"\nb.c.\"d\" = 1979-05-27 07:32:00\n")
	f.Add("a = \"\\x\"\n'' = ''''''\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Parse("f", []byte(text))
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r\x1b") {
				t.Errorf("the message is not one line: %q", err)
			}
			return
		}
		for _, k := range d.Root().Keys() {
			if !strings.Contains(k, `"`) && !strings.Contains(k, "\\") && d.lines[join("", k)] == 0 && !strings.Contains(text, "\\") {
				t.Errorf("no line for key %q", k)
			}
		}
	})
}

func TestMistakesOfAnError(t *testing.T) {
	a, b := Mistake{File: "f", Text: "a"}, Mistake{File: "f", Line: 2, Text: "b"}
	err := fmt.Errorf("invalid: %w", fmt.Errorf("%w: %w", errors.New("x"), errors.Join(a, errors.New("y"), fmt.Errorf("z: %w", b))))
	if got := Mistakes(err); !slices.Equal(got, []Mistake{a, b}) {
		t.Errorf("%+v", got)
	}
	if got := Mistakes(nil); got != nil {
		t.Errorf("%+v", got)
	}
	if got := Join("policy.product", "a.b"); got != `policy.product."a.b"` {
		t.Errorf("%s", got)
	}
}
