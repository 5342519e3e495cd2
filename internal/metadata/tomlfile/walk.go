// SPDX-License-Identifier: Apache-2.0

package tomlfile

import (
	"fmt"
	"strconv"
	"strings"
)

// The limits of a file. A real one stays far below each of them.
const (
	// MaxBytes is the largest file that is read.
	MaxBytes = 1 << 20
	maxDepth = 16     // nested arrays and tables, and parts of a key
	maxKeys  = 10_000 // keys and array elements
	maxKey   = 512    // bytes of a whole key with its tables
)

// walker goes once over the text, notes the line of every key, and stops at the
// first thing that is over a limit or makes no sense as structure. Values it
// only skips: the library judges them.
type walker struct {
	file  string
	text  string
	pos   int
	line  int
	count int
	lines map[string]int // whole key -> line
	// tables counts the elements of each [[array of tables]], by whole key.
	tables map[string]int
}

func walk(file, text string) (map[string]int, error) {
	w := &walker{file: file, text: text, line: 1, lines: map[string]int{}, tables: map[string]int{}}
	return w.lines, w.document()
}

func (w *walker) document() error {
	within := ""
	for {
		w.blank()
		if w.pos >= len(w.text) {
			return nil
		}
		var err error
		if w.peek() == '[' {
			within, err = w.header()
		} else {
			err = w.keyValue(within, 0)
		}
		if err != nil {
			return err
		}
		w.spaces()
		if c := w.peek(); w.pos < len(w.text) && c != '\n' && c != '\r' && c != '#' {
			return w.wrong(within, "expected the end of the line, found %q", c)
		}
	}
}

// header reads [a.b] or [[a.b]] and returns the whole key of what follows.
func (w *walker) header() (string, error) {
	w.pos++
	array := w.peek() == '['
	if array {
		w.pos++
	}
	parts, err := w.key()
	if err != nil {
		return "", err
	}
	path := ""
	for i, part := range parts {
		path = join(path, part)
		last := i == len(parts)-1
		if last && array {
			if err := w.note(path); err != nil {
				return "", err
			}
			w.tables[path]++
		}
		if n := w.tables[path]; n > 0 && (!last || array) {
			path += "[" + strconv.Itoa(n-1) + "]"
		}
		if err := w.note(path); err != nil {
			return "", err
		}
	}
	closing := "]"
	if array {
		closing = "]]"
	}
	if !strings.HasPrefix(w.text[w.pos:], closing) {
		return "", w.wrong(path, "expected %s after the table's name", closing)
	}
	w.pos += len(closing)
	return path, nil
}

func (w *walker) keyValue(within string, depth int) error {
	parts, err := w.key()
	if err != nil {
		return err
	}
	path := within
	for _, part := range parts {
		path = join(path, part)
		if err := w.note(path); err != nil {
			return err
		}
	}
	if w.peek() != '=' {
		return w.wrong(path, "expected = after the key")
	}
	w.pos++
	w.spaces()
	return w.value(path, depth+len(parts))
}

func (w *walker) value(path string, depth int) error {
	if depth > maxDepth {
		return w.wrong(path, "nested more than %d deep", maxDepth)
	}
	switch rest := w.text[w.pos:]; {
	case strings.HasPrefix(rest, `"""`), strings.HasPrefix(rest, `'''`):
		return w.longString(path, rest[:3])
	case strings.HasPrefix(rest, `"`), strings.HasPrefix(rest, `'`):
		_, err := w.shortString(path)
		return err
	case strings.HasPrefix(rest, "["):
		return w.list(path, ']', func(i int) error {
			element := path + "[" + strconv.Itoa(i) + "]"
			if err := w.note(element); err != nil {
				return err
			}
			return w.value(element, depth+1)
		})
	case strings.HasPrefix(rest, "{"):
		return w.list(path, '}', func(int) error { return w.keyValue(path, depth+1) })
	}
	n := strings.IndexAny(w.text[w.pos:], ",]}#\r\n")
	if n < 0 {
		n = len(w.text) - w.pos
	}
	if strings.TrimSpace(w.text[w.pos:w.pos+n]) == "" {
		return w.wrong(path, "expected a value")
	}
	w.pos += n
	return nil
}

// list reads elements separated by commas up to the closing character.
func (w *walker) list(path string, closing byte, element func(int) error) error {
	w.pos++
	for i := 0; ; i++ {
		w.blank()
		if w.peek() == closing {
			break
		}
		if err := element(i); err != nil {
			return err
		}
		w.blank()
		if w.peek() == ',' {
			w.pos++
		} else if w.peek() != closing {
			return w.wrong(path, "expected , or %c", closing)
		}
	}
	w.pos++
	return nil
}

// key reads a dotted key and leaves the position at what follows it.
func (w *walker) key() ([]string, error) {
	var parts []string
	for {
		w.spaces()
		part := ""
		if c := w.peek(); c == '"' || c == '\'' {
			quoted, err := w.shortString("")
			if err != nil {
				return nil, err
			}
			part = quoted
			if plain, err := strconv.Unquote(`"` + quoted + `"`); err == nil && c == '"' {
				part = plain // a key with escapes; what cannot be unescaped only loses its line
			}
		} else {
			start := w.pos
			for w.pos < len(w.text) && bare(w.text[w.pos]) {
				w.pos++
			}
			part = w.text[start:w.pos]
			if part == "" {
				return nil, w.wrong("", "expected a key")
			}
		}
		parts = append(parts, part)
		if len(parts) > maxDepth {
			return nil, w.wrong("", "a key of more than %d parts", maxDepth)
		}
		w.spaces()
		if w.peek() != '.' {
			return parts, nil
		}
		w.pos++
	}
}

// shortString skips a string on one line and returns what stands between its
// quotes, escapes untouched.
func (w *walker) shortString(path string) (string, error) {
	quote := w.text[w.pos]
	start := w.pos + 1
	for i := start; i < len(w.text) && w.text[i] != '\n'; i++ {
		switch {
		case w.text[i] == quote:
			w.pos = i + 1
			return w.text[start:i], nil
		case w.text[i] == '\\' && quote == '"' && i+1 < len(w.text) && w.text[i+1] != '\n':
			i++
		}
	}
	return "", w.wrong(path, "the string does not end on its line")
}

// longString skips a string between three quotes of either kind.
func (w *walker) longString(path, quotes string) error {
	for i := w.pos + 3; i < len(w.text); i++ {
		switch {
		case w.text[i] == '\\' && quotes[0] == '"':
			i++
		case strings.HasPrefix(w.text[i:], quotes):
			end := i + 3
			for n := 0; n < 2 && end < len(w.text) && w.text[end] == quotes[0]; n++ {
				end++ // up to two quotes may stand before the closing ones
			}
			w.line += strings.Count(w.text[w.pos:end], "\n")
			w.pos = end
			return nil
		}
	}
	return w.wrong(path, "the string does not end")
}

// note counts a key and remembers where it stands first.
func (w *walker) note(path string) error {
	if w.count++; w.count > maxKeys {
		return w.wrong("", "more than %d keys and values", maxKeys)
	}
	if len(path) > maxKey {
		return w.wrong("", "a key of more than %d bytes", maxKey)
	}
	if _, ok := w.lines[path]; !ok {
		w.lines[path] = w.line
	}
	return nil
}

func (w *walker) wrong(path, format string, args ...any) error {
	return Mistake{File: w.file, Line: w.line, Key: path, Code: CodeSyntax, Text: fmt.Sprintf(format, args...)}
}

// peek is the next byte, 0 at the end.
func (w *walker) peek() byte {
	if w.pos >= len(w.text) {
		return 0
	}
	return w.text[w.pos]
}

func (w *walker) spaces() {
	for w.peek() == ' ' || w.peek() == '\t' {
		w.pos++
	}
}

// blank skips spaces, comments and line ends.
func (w *walker) blank() {
	for w.pos < len(w.text) {
		switch w.text[w.pos] {
		case '\n':
			w.line++
			w.pos++
		case ' ', '\t', '\r':
			w.pos++
		case '#':
			for w.pos < len(w.text) && w.text[w.pos] != '\n' {
				w.pos++
			}
		default:
			return
		}
	}
}

func bare(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// Path is the whole key of a key below a table, whose own is "" for the root.
func Path(table, key string) string { return join(table, key) }

// join puts a key below a table, quoting what is not a bare key.
func join(path, part string) string {
	if part == "" || strings.ContainsFunc(part, func(r rune) bool { return r > 127 || !bare(byte(r)) }) {
		part = strconv.Quote(part)
	}
	if path == "" {
		return part
	}
	return path + "." + part
}
