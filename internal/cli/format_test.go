// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/text"
	"pgregory.net/rapid"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// anyText has words of any script, some of them twice as wide as others and some longer than a line.
func anyText(t *rapid.T) string {
	word := rapid.StringOfN(rapid.SampledFrom([]rune("aé-(:漢字ü𝄞界")), 1, 30, -1)
	return strings.Join(rapid.SliceOfN(word, 0, 12).Draw(t, "words"), " ")
}

// TestCutAndWrap: nothing is wider than its place, and wrapping loses nothing.
func TestCutAndWrap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, width := anyText(t), rapid.IntRange(2, 60).Draw(t, "width")
		short := cut(s, width)
		switch {
		case text.StringWidth(short) > width:
			t.Fatalf("%q is wider than %d", short, width)
		case text.StringWidth(s) <= width && short != s:
			t.Fatalf("%q has room and became %q", s, short)
		case short != s && (!strings.HasSuffix(short, "…") || !strings.HasPrefix(s, strings.TrimSuffix(short, "…"))):
			t.Fatalf("%q is no beginning of %q", short, s)
		}
		lines := strings.Split(wrap(s, width), "\n")
		for _, l := range lines {
			if text.StringWidth(l) > width {
				t.Fatalf("the line %q is wider than %d", l, width)
			}
		}
		bare := func(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, " ", ""), "\n", "") }
		if bare(strings.Join(lines, "")) != bare(s) {
			t.Fatalf("%q became %q", s, lines)
		}
	})
}

// TestFit: a table fits its terminal as long as that has room for the least, and
// no column is wider than it needs to be.
func TestFit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		widths := rapid.SliceOfN(rapid.IntRange(0, 120), 1, 9).Draw(t, "widths")
		width := rapid.IntRange(1, 200).Draw(t, "width")
		got := fit(widths, width)
		sum, least := gap*(len(widths)-1), gap*(len(widths)-1)
		if last := len(widths) - 1; got[last] < min(widths[last], leastWrap) && slices.Max(append(got[:last:last], 0)) > leastCell {
			t.Fatalf("%v in %d became %v: the prose gave way too much", widths, width, got)
		}
		for i, w := range got {
			sum += w
			least += min(widths[i], leastCell)
			if w > widths[i] || w < min(widths[i], leastCell) {
				t.Fatalf("%v in %d became %v", widths, width, got)
			}
		}
		if sum > width && least <= width {
			t.Fatalf("%v in %d became %v, %d wide", widths, width, got, sum)
		}
		if !slices.Equal(fit(widths, 0), widths) {
			t.Fatal("any width cuts")
		}
	})
}

// TestHarmless: no cell of foreign text is a formula, and a number stays one.
func TestHarmless(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "editor": "editor", "=1+1": "'=1+1", "+cmd|' /C calc'!A0": "'+cmd|' /C calc'!A0", "-2": "-2", "+3.5": "+3.5",
		"-": "'-", "@SUM(A1)": "'@SUM(A1)", "a=b": "a=b", "--version": "'--version",
	} {
		if got := harmless(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// rowsOf prints a table as the flags want it.
func rowsOf(t *testing.T, l layout, width int, rows ...[]any) string {
	t.Helper()
	var out bytes.Buffer
	a := &app{Outside: Outside{Out: &out, Getenv: func(string) string { return "" }, Terminal: width > 0, Width: width}, layout: l, rows: &out, lang: "en", utc: true}
	cmd := withRows(a.versionCommand(), "product", "pid", "note")
	if err := a.prepare(cmd); err != nil {
		t.Fatal(err)
	}
	g := a.table("product", "pid", "note")
	for _, r := range rows {
		g.row(r...)
	}
	g.print()
	return out.String()
}

// TestCSV: what is read back is what was put in, cleaned and harmless.
// JSON means what it meant, and holds nothing that a terminal obeys or that turns
// the direction of a text.
func TestJSONIsSafeToLookAt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.SampledFrom([]rune("\u009b\u202e\u2066\u007f\\\"a\n")))).Draw(t, "text")
		text, err := encode(map[string]string{in: in}, "  ")
		if err != nil {
			t.Fatal(err)
		}
		if i := strings.IndexFunc(string(text), func(r rune) bool {
			return r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
		}); i >= 0 {
			t.Fatalf("%q", text)
		}
		var out map[string]string
		if err := json.Unmarshal(text, &out); err != nil || len(out) != 1 || out[in] != in {
			t.Fatalf("%q is read as %q, %v", text, out, err)
		}
	})
}

func TestCSV(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		note := rapid.String().Draw(rt, "note")
		got, err := csv.NewReader(strings.NewReader(rowsOf(t, layout{format: formatCSV}, 0, []any{"a", 1, note}))).ReadAll()
		if err != nil || len(got) != 2 || len(got[1]) != 3 || got[1][1] != "1" {
			rt.Fatalf("%q: %v %q", note, err, got)
		}
		if cell := got[1][2]; strings.ContainsFunc(cell, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			rt.Fatalf("%q came out as %q", note, cell)
		} else if cell != "" && strings.ContainsAny(cell[:1], "=+-@") {
			if _, err := strconv.ParseFloat(cell, 64); err != nil {
				rt.Fatalf("%q came out as %q", note, cell)
			}
		}
	})
}

// TestLayout: columns are chosen and put in order, rows are sorted as numbers
// where they are numbers, and on a terminal the prose is wrapped below itself.
func TestLayout(t *testing.T) {
	rows := [][]any{{"editor", 100, "a, \"b\"\x1b[2J"}, {"browser", 9, "=1+1"}}
	long := "somebody chose later, and the one who sits at the other screen has not answered yet"
	for _, c := range []struct {
		name  string
		l     layout
		width int
		rows  [][]any
		want  string
	}{
		{"csv", layout{format: formatCSV}, 0, rows, "product,pid,note\neditor,100,\"a, \"\"b\"\" [2J\"\nbrowser,9,'=1+1\n"},
		{"sorted", layout{format: formatCSV, sortBy: "pid", attributes: []string{"pid", "product"}, noHeader: true}, 0, rows, "9,browser\n100,editor\n"},
		{"by name", layout{sortBy: "product", attributes: []string{"product"}}, 0, rows, "PRODUCT\nbrowser\neditor\n"},
		{"nothing", layout{format: formatCSV}, 0, nil, "product,pid,note\n"},
		{"no terminal", layout{noHeader: true}, 0, [][]any{{"editor", 1, long}}, "editor  1  " + long + "\n"},
		{"wide", layout{noHeader: true}, 40, [][]any{{"漢字", 1, long}},
			"漢字  1  somebody chose later, and the\n         one who sits at the other\n         screen has not answered yet\n"},
		{"narrow", layout{noHeader: true}, 24, [][]any{{"漢字漢字漢字", 1, long}}, "漢字漢字…  1  somebody\n              chose\n              later, and\n              the one\n              who sits\n              at the\n              other\n              screen has\n              not\n              answered\n              yet\n"},
	} {
		if got := rowsOf(t, c.l, c.width, c.rows...); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

// TestTwoTables: CSV of two tables of the same columns has one header, and a table
// without the wanted columns is left out.
func TestTwoTables(t *testing.T) {
	var out bytes.Buffer
	a := &app{Outside: Outside{Out: &out, Getenv: func(string) string { return "" }}, lang: "en",
		layout: layout{format: formatCSV, attributes: []string{"pid"}}}
	if err := a.prepare(withRows(a.versionCommand(), "product", "pid")); err != nil {
		t.Fatal(err)
	}
	for _, columns := range [][]string{{"product", "pid"}, {"product"}, {"product", "pid"}} {
		g := a.table(columns...)
		g.row("editor", 7)
		g.print()
	}
	if out.String() != "pid\n7\n7\n" {
		t.Errorf("%q", &out)
	}
}

// TestShortTimes: before anything is cut, times are told short.
func TestShortTimes(t *testing.T) {
	at := time.Date(2026, 3, 2, 8, 4, 5, 0, time.UTC)
	for width, want := range map[int]string{
		80: "editor  2026-03-02 08:04:05  somebody chose later, and nobody else is there\n",
		40: "editor  03-02 08:04  somebody chose\n                     later, and nobody\n                     else is there\n",
		28: "editor  03-02 0…  somebody\n                  chose\n                  later, and\n                  nobody\n                  else is\n                  there\n",
	} {
		if got := rowsOf(t, layout{noHeader: true}, width, []any{"editor", moment{&at}, "somebody chose later, and nobody else is there"}); got != want {
			t.Errorf("%d:\n%s\nwant\n%s", width, got, want)
		}
	}
}

// TestColours are for a terminal that wants them.
func TestColours(t *testing.T) {
	file := "../replay/testdata/histories/ok/installer_fails.ndjson"
	for _, c := range []struct {
		terminal bool
		env      string
		args     []string
		want     bool
	}{
		{true, "", nil, true}, {false, "", nil, false}, {true, "1", nil, false}, {true, "", []string{"--no-color"}, false},
	} {
		var out bytes.Buffer
		o := Outside{In: os.Stdin, Out: &out, Err: &out, Terminal: c.terminal, Width: 80,
			Getenv: func(key string) string { return map[string]string{"NO_COLOR": c.env}[key] }}
		code := Run(t.Context(), o, append([]string{"--file", file, "show"}, c.args...))
		if code != exitOK || strings.Contains(out.String(), "\x1b[31m") != c.want || strings.Contains(out.String(), "\x1b") != c.want {
			t.Errorf("%+v: exit %d, %q", c, code, &out)
		}
	}
}

// TestWindowsCodes are those that callers of installers know.
func TestWindowsCodes(t *testing.T) {
	for code, want := range map[int]int{exitOK: 0, exitFailed: 1, exitUsage: 2, exitWaitOver: 1618, exitPrivileges: 9, exitDeferred: 1602, exitReboot: 3010} {
		if got := windowsCode(code); got != want {
			t.Errorf("%d: %d, want %d", code, got, want)
		}
	}
}

// TestOnlyWhatIsThereIsInstalled: a version is told of a product that is on the
// machine, not of one that was.
func TestOnlyWhatIsThereIsInstalled(t *testing.T) {
	for status, want := range map[string]string{"installed": "1.0-1", "not_installed": "", "unknown": ""} {
		p := apitypes.Product{ID: "editor", Status: status, Installed: "1.0-1"}
		var rows, page bytes.Buffer
		a := &app{Outside: Outside{Out: &page, Getenv: func(string) string { return "" }}, layout: layout{format: formatCSV, noHeader: true}, rows: &rows, lang: "en"}
		if err := a.prepare(withRows(a.versionCommand(), productColumns()...)); err != nil {
			t.Fatal(err)
		}
		a.layout.attributes, a.rows, a.Out = []string{"product", "installed"}, &rows, &page
		a.printProducts(apitypes.Products{Products: []apitypes.Product{p}})
		if got := rows.String(); got != "editor,"+want+"\n" {
			t.Errorf("%s: %q", status, got)
		}
		a.printProduct(p)
		if line := strings.TrimSpace("On client: " + status + " " + want); !strings.Contains(page.String(), line+"\n") {
			t.Errorf("%s: no line %q in\n%s", status, line, &page)
		}
	}
}
