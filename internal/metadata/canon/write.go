// SPDX-License-Identifier: Apache-2.0

package canon

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

// width is how long a line with a list may become, in characters.
const width = 100

// writer collects lines.
type writer struct {
	lines []string
	blank bool // a blank line is due before the next one
}

func (w *writer) line(s string) {
	if w.blank && len(w.lines) > 0 {
		w.lines = append(w.lines, "")
	}
	w.blank = false
	w.lines = append(w.lines, s)
}

func write(d document, reorder bool, eol string) []byte {
	if reorder {
		d.arrange()
	}
	w := &writer{}
	w.entries(d.head.entries)
	for _, u := range d.units {
		for _, s := range u.sections {
			w.blank = true
			for _, c := range s.above {
				w.line(c)
			}
			w.line(behind(header(s.header), s.header.Comment))
			w.entries(s.entries)
		}
	}
	w.entries(d.tail)
	out := strings.Join(w.lines, "\n")
	if out != "" {
		out += "\n"
	}
	// A value over several lines has line ends of its own, and keeps them.
	if eol != "\n" {
		out = strings.ReplaceAll(strings.ReplaceAll(out, eol, "\n"), "\n", eol)
	}
	return []byte(out)
}

func (w *writer) entries(es []entry) {
	for _, e := range es {
		if e.key == nil {
			w.blank = w.blank || len(w.lines) > 0
		}
		for _, c := range e.above {
			w.line(c)
		}
		if e.key == nil {
			w.blank = true
			continue
		}
		key := strings.TrimSpace(e.key.Raw)
		w.line(behind(key+" = "+value(e.key.Value, utf8.RuneCountInString(key)+3), e.key.Comment))
	}
}

func behind(s, comment string) string {
	if comment == "" {
		return s
	}
	return s + " " + comment
}

// header is a table's header without blanks around its name.
func header(h *tomlfile.Item) string {
	inner := strings.TrimSpace(strings.Trim(h.Raw, "[]"))
	if h.Kind == tomlfile.ItemElement {
		return "[[" + inner + "]]"
	}
	return "[" + inner + "]"
}

// value writes a value that begins at a column.
func value(tokens []tomlfile.Token, column int) string {
	comments, long := false, false
	for _, t := range tokens {
		comments = comments || t.Kind == tomlfile.TokenComment
		long = long || t.Kind == tomlfile.TokenLong && strings.Contains(t.Text, "\n")
	}
	if comments || long {
		// The lines mean something to somebody, so only the strings are touched.
		return asWritten(tokens)
	}
	short := oneLine(tokens)
	if len(tokens) == 0 || tokens[0].Text != "[" || column+utf8.RuneCountInString(short) <= width {
		return short
	}
	var b strings.Builder
	b.WriteString("[\n")
	for _, e := range elements(tokens) {
		b.WriteString("  " + oneLine(e) + ",\n")
	}
	return b.String() + "]"
}

// asWritten is the value with its strings in their canonical form.
func asWritten(tokens []tomlfile.Token) string {
	var b strings.Builder
	for _, t := range tokens {
		switch t.Kind {
		case tomlfile.TokenComment:
			b.WriteString(strings.TrimRight(t.Text, " \t\r"))
		case tomlfile.TokenSpace:
			// No blanks at the end of a line.
			s := t.Text
			if i := strings.LastIndexByte(s, '\n'); i >= 0 {
				s = strings.Repeat("\n", strings.Count(s, "\n")) + s[i+1:]
			}
			b.WriteString(s)
		default:
			b.WriteString(quote(t))
		}
	}
	return b.String()
}

// oneLine is a value without comments on one line.
func oneLine(tokens []tomlfile.Token) string {
	var words []string
	for _, t := range tokens {
		if t.Kind == tomlfile.TokenSpace {
			if n := len(words); n > 0 && words[n-1] != " " {
				words = append(words, " ") // between the parts of a date
			}
			continue
		}
		words = append(words, quote(t))
	}
	var b strings.Builder
	last := ""
	depth := []string{}
	for i := 0; i < len(words); i++ {
		w := words[i]
		if w == " " {
			// Blanks count only inside of a value, between two words.
			if i+1 < len(words) && !mark(words[i+1]) && !mark(last) && last != "" {
				b.WriteString(" ")
				last = " "
			}
			continue
		}
		next := ""
		for _, n := range words[i+1:] {
			if n != " " {
				next = n
				break
			}
		}
		switch w {
		case "[", "{":
			depth = append(depth, w)
			b.WriteString(w)
			if w == "{" && next != "}" {
				b.WriteString(" ")
			}
		case "]", "}":
			if w == "}" && last != "{" {
				b.WriteString(" ")
			}
			if len(depth) > 0 {
				depth = depth[:len(depth)-1]
			}
			b.WriteString(w)
		case ",":
			// A comma at the end of a list says nothing on one line.
			if next != "]" && next != "}" {
				b.WriteString(", ")
			}
		case "=":
			b.WriteString(" = ")
		default:
			b.WriteString(w)
		}
		last = w
	}
	return b.String()
}

func mark(w string) bool { return len(w) == 1 && strings.Contains("[]{},=", w) }

// elements are the elements of a list.
func elements(tokens []tomlfile.Token) [][]tomlfile.Token {
	var out [][]tomlfile.Token
	var now []tomlfile.Token
	depth := 0
	some := false
	for _, t := range tokens[1 : len(tokens)-1] {
		switch {
		case t.Kind == tomlfile.TokenMark && (t.Text == "[" || t.Text == "{"):
			depth++
		case t.Kind == tomlfile.TokenMark && (t.Text == "]" || t.Text == "}"):
			depth--
		case t.Kind == tomlfile.TokenMark && t.Text == "," && depth == 0:
			out, now, some = append(out, now), nil, false
			continue
		}
		some = some || t.Kind != tomlfile.TokenSpace
		now = append(now, t)
	}
	if some {
		out = append(out, now)
	}
	return out
}

// quote is a token as it should be: a string on one line in '…', unless it holds
// what cannot stand there or cannot be seen.
func quote(t tomlfile.Token) string {
	if t.Kind != tomlfile.TokenBasic {
		return t.Text
	}
	s, ok := t.String()
	if !ok || strings.Contains(s, "'") || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return t.Text
	}
	return "'" + s + "'"
}
