// SPDX-License-Identifier: Apache-2.0

package desktop

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func TestZenityArguments(t *testing.T) {
	d := Dialog{Title: "-t", Text: "a & b\n\\", OK: "a_b", Others: []string{"x", "y"}, Icon: "/l.png"}
	want := []string{"--progress", "--no-cancel", "--title=-t", "--width=700", "--ok-label=a b", `--text=a &amp; b\n\\`, "--extra-button=x", "--extra-button=y", "--window-icon=/l.png"}
	if got := zenityArgs(d, 3); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := zenityArgs(d, 4); !slices.Equal(got, want[:len(want)-1]) {
		t.Errorf("version 4: %q", got)
	}
}

// Only a button that is there is one; nothing else is.
func TestZenityAnswers(t *testing.T) {
	d := Dialog{OK: "Yes", Others: []string{"Not_yet", "Never"}}
	for _, c := range []struct {
		code int
		out  string
		want Button
	}{
		{10, "", OK}, {12, "", Closed}, {12, "Not yet\n", First}, {1, "Never\n", Second}, {13, "Never", Second},
		{0, "", Lost}, {1, "", Lost}, {5, "", Lost}, {11, "", Lost}, {255, "", Lost}, {10, "Perhaps\n", Lost}, {12, "\n", Closed},
	} {
		if got := zenityPressed(d, c.code, c.out); got != c.want {
			t.Errorf("code %d and %q are %d, want %d", c.code, c.out, got, c.want)
		}
	}
}

func TestMajor(t *testing.T) {
	for v, want := range map[string]int{"3.44.0": 3, "4.0.1": 4, "3": 3, "": 4, "x.y": 4, "-3.1": 4} {
		if got := major(v); got != want {
			t.Errorf("%q is version %d, want %d", v, got, want)
		}
	}
}

// Whatever the text, it is one line of zenity's input, and reads as itself.
func TestZenityText(t *testing.T) {
	for text, want := range map[string][2]string{
		"a\nb":        {`a\nb`, `a\nb`},
		`C:\n`:        {`C:\\n`, `C:\\n`},
		"<b>&x</b>\n": {`<b>&x</b>\n`, `&lt;b&gt;&amp;x&lt;/b&gt;\n`},
	} {
		if got := [2]string{zenityText(text, 3), zenityText(text, 4)}; got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		for _, major := range []int{3, 4} {
			if got := zenityText(text, major); strings.Contains(got, "\n") || major == 4 && strings.ContainsAny(got, "<>") {
				t.Fatalf("%q becomes %q", text, got)
			}
		}
	})
}

func TestKDialogArguments(t *testing.T) {
	d := Dialog{Title: "-t & \\n", Text: "a <b>\n  • c\\n", OK: "Yes", Hide: "Hide", Icon: "/l.png"}
	want := []string{"--title", " -t && /n", "--icon", "/l.png", "--yes-label", "Yes", "--no-label", "Hide", "--yesno",
		"<qt>a &lt;b&gt;<br>&nbsp;&nbsp;• c&#92;n</qt>"}
	if got := kdialogArgs(d); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	d.Others = []string{"No"}
	if got := kdialogArgs(d); !slices.Equal(got[4:11], []string{"--yes-label", "Yes", "--no-label", "No", "--cancel-label", "Hide", "--yesnocancel"}) {
		t.Errorf("got %q", got)
	}
	for others, want := range map[int][]Button{0: {OK, Hidden, Hidden, Lost, Lost}, 1: {OK, First, Hidden, Lost, Lost}} {
		d.Others = []string{"No"}[:others]
		for i, code := range []int{0, 1, 2, 3, 255} {
			if got := kdialogPressed(d, code, ""); got != want[i] {
				t.Errorf("%d buttons, code %d: %d, want %d", others+1, code, got, want[i])
			}
		}
	}
}

func TestParseEntry(t *testing.T) {
	const entry = `[Desktop Entry]
Type=Application
Name=Text Editor
Name[de]=Texteditor
Exec=env GDK_BACKEND=x11 "/usr/bin/gedit" %U
[Desktop Action new]
Name=New
Exec=other
`
	for _, c := range []struct{ text, lang, program, name string }{
		{entry, "de", "gedit", "Texteditor"},
		{entry, "en", "gedit", "Text Editor"},
		{strings.Replace(entry, "Application", "Link", 1), "en", "", ""},
		{entry + "[Desktop Entry]\nNoDisplay=true\n", "en", "", ""},
		{"Name=x\nExec=y\n", "en", "", ""},
		{"", "en", "", ""},
	} {
		if program, name := parseEntry(strings.NewReader(c.text), c.lang); program != c.program || name != c.name {
			t.Errorf("%q in %s is %q, %q", c.text, c.lang, program, name)
		}
	}
}

func FuzzParseEntry(f *testing.F) {
	f.Add("[Desktop Entry]\nType=Application\nName=A\nName[de]=B\nExec=\"a b\" %U\n")
	f.Add("[Desktop Entry]\r\nType = Application\r\nExec=env X=1 y\r\nHidden=true")
	f.Fuzz(func(t *testing.T, text string) {
		program, _ := parseEntry(strings.NewReader(text), "de")
		if strings.ContainsAny(program, "/") && program != "/" || strings.ContainsFunc(program, unicode.IsSpace) {
			t.Errorf("the program is %q", program)
		}
	})
}
