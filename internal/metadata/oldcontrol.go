// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

// The limits of an old control file, beside its size.
const (
	maxEntries = 10_000 // sections and keys
	maxList    = 1000   // elements of one list
)

// ParseOldControl reads a control file of the old form:
//
//	[Section]
//	key: value
//	 a value goes on after a blank
//	; a comment, as is a line with #
//
// Names count in any case. [ProductDependency] and [ProductProperty] may be
// repeated, and what follows [Changelog] is text to the end. The result has the
// shape of control.toml, so both are read by the same code. What is wrong in a
// line is a mistake of the document; the error is for a text that is none.
func ParseOldControl(file string, text []byte) (*tomlfile.Document, error) {
	if len(text) > tomlfile.MaxBytes {
		return nil, tomlfile.Mistake{File: file, Code: tomlfile.CodeTooLarge, Text: fmt.Sprintf("larger than %d bytes", tomlfile.MaxBytes)}
	}
	if !utf8.Valid(text) {
		return nil, tomlfile.Mistake{File: file, Code: tomlfile.CodeEncoding, Text: "not UTF-8 text"}
	}
	o := &oldControl{file: file, values: map[string]any{}, lines: map[string]int{}}
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		o.line++
		if !o.read(strings.TrimRight(line, "\r\n")) {
			break
		}
	}
	o.close()
	return tomlfile.New(file, o.values, o.lines, o.mistakes...), nil
}

// oldControl is one file being read.
type oldControl struct {
	file     string
	line     int
	count    int
	values   map[string]any
	lines    map[string]int
	mistakes []tomlfile.Mistake

	kind string            // the section's name as in control.toml, "" = none yet
	path string            // its whole key: "ProductDependency[1]"
	raw  map[string]string // its keys, as written
	key  string            // the key that a continuation line goes on
}

// read takes one line and reports whether reading goes on.
func (o *oldControl) read(line string) bool {
	switch trimmed := strings.TrimSpace(line); {
	case trimmed == "", line[0] == ';', line[0] == '#':
	case line[0] == ' ' || line[0] == '\t':
		if o.key == "" {
			o.wrong("", tomlfile.CodeSyntax, "a line that begins with a blank goes on with the key before it, and there is none")
			break
		}
		o.raw[o.key] += "\n" + line[1:]
	case line[0] == '[':
		return o.section(trimmed)
	default:
		return o.entry(line)
	}
	return true
}

func (o *oldControl) section(line string) bool {
	o.close()
	name, closed := strings.CutSuffix(line[1:], "]")
	i := slices.IndexFunc(controlSections(), func(s string) bool { return strings.EqualFold(s, strings.TrimSpace(name)) })
	if !closed || i < 0 {
		o.wrong("", CodeSection, "%.60q is no section of a control file", line)
		o.kind, o.path, o.raw = "", "", map[string]string{} // what follows belongs to nothing known
		return true
	}
	o.kind = controlSections()[i]
	o.path, o.raw = o.kind, map[string]string{}
	switch o.kind {
	case "Changelog":
		o.note(o.path)
		return false
	case "ProductDependency", "ProductProperty":
		n := 0
		if list, ok := o.values[o.kind].([]any); ok {
			n = len(list)
		}
		o.note(o.kind)
		o.path = tomlfile.Element(o.kind, n)
	default:
		if _, twice := o.values[o.kind]; twice {
			o.wrong(o.path, tomlfile.CodeSyntax, "the section [%s] is there already", o.kind)
		}
	}
	return o.note(o.path)
}

func (o *oldControl) entry(line string) bool {
	o.key = ""
	name, value, found := strings.Cut(line, ":")
	name = strings.TrimSpace(name)
	if !found || name == "" {
		o.wrong(o.path, tomlfile.CodeSyntax, "expected key: value, found %.60q", line)
		return true
	}
	if o.raw == nil {
		o.wrong("", tomlfile.CodeSyntax, "expected a [Section] before the first key")
		return true
	}
	key := strings.ToLower(name)
	if i := slices.IndexFunc(Known(o.kind), func(k string) bool { return strings.EqualFold(k, name) }); i >= 0 {
		key = Known(o.kind)[i]
	}
	path := tomlfile.Path(o.path, key)
	if _, twice := o.raw[key]; twice {
		o.wrong(path, tomlfile.CodeSyntax, "the key is there already")
		return true
	}
	o.raw[key], o.key = strings.TrimSpace(value), key
	return o.note(path)
}

// close puts the section that ends into the document.
func (o *oldControl) close() {
	kind, raw := o.kind, o.raw
	o.kind, o.raw, o.key = "", nil, ""
	if kind == "" || kind == "Changelog" {
		return
	}
	table := map[string]any{}
	for key, text := range raw {
		if v := o.value(kind, key, strings.TrimSpace(text)); v != nil {
			table[key] = v
		}
	}
	if kind == "ProductDependency" || kind == "ProductProperty" {
		list, _ := o.values[kind].([]any)
		o.values[kind] = append(list, table)
		return
	}
	o.values[kind] = table
}

// value turns a written value into what control.toml holds, nil for one that
// says nothing or is wrong.
func (o *oldControl) value(kind, key, text string) any {
	if kind == "Product" && strings.EqualFold(text, "none") {
		text = ""
	}
	switch kind + "." + key {
	case "Product.priority":
		if text == "" {
			return nil
		}
		if n, err := strconv.ParseInt(text, 10, 32); err == nil {
			return n
		}
		o.wrongAt(key, tomlfile.CodeWrongType, "must be a whole number, is %.60q", text)
		return nil
	case "Product.licenseRequired", "ProductProperty.editable", "ProductProperty.multivalue":
		return o.flag(key, text)
	case "Product.productClasses", "Windows.softwareIds":
		return o.list(key, text)
	case "ProductProperty.values", "ProductProperty.default":
		if text == "" {
			return nil
		}
		return o.list(key, text)
	case "Package.depends":
		return o.depends(text)
	}
	return text
}

func (o *oldControl) flag(key, text string) any {
	switch strings.ToLower(text) {
	case "true", "yes", "on", "1":
		return true
	case "false", "no", "off", "0":
		return false
	case "":
		return nil
	}
	o.wrongAt(key, tomlfile.CodeWrongType, "must be true or false, is %.60q", text)
	return nil
}

// list reads a JSON list or words between commas.
func (o *oldControl) list(key, text string) any {
	out := []any{}
	if strings.HasPrefix(text, "[") {
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			o.wrongAt(key, tomlfile.CodeBadValue, "begins like a JSON list and is none")
			return nil
		}
		for i, v := range out {
			switch v.(type) {
			case string, bool:
			default:
				o.wrongAt(key, tomlfile.CodeWrongType, "element %d must be a string or true or false", i)
				return nil
			}
		}
	} else if text != "" {
		for _, word := range strings.Split(text, ",") {
			out = append(out, strings.TrimSpace(word))
		}
	}
	if len(out) > maxList {
		o.wrongAt(key, tomlfile.CodeBadValue, "more than %d elements", maxList)
		return nil
	}
	return out
}

// depends reads "id (>= 1.0-2), other".
func (o *oldControl) depends(text string) any {
	form := regexp.MustCompile(`^([^\s()]+)\s*(?:\(\s*(<=|>=|=|<|>)?\s*([^\s()]+)\s*\))?$`)
	out := []any{}
	for _, one := range strings.Split(text, ",") {
		one = strings.TrimSpace(one)
		if one == "" {
			continue
		}
		m := form.FindStringSubmatch(one)
		if m == nil || len(out) >= maxList {
			o.wrongAt("depends", tomlfile.CodeBadValue, "must be like \"other (>= 1.0-2)\", is %.60q", one)
			return nil
		}
		t := map[string]any{"package": m[1]}
		if m[3] != "" {
			t["version"], t["condition"] = m[3], m[2]
			if m[2] == "" {
				t["condition"] = "="
			}
		}
		out = append(out, t)
	}
	return out
}

// note remembers a line and reports whether there may be more.
func (o *oldControl) note(path string) bool {
	if _, ok := o.lines[path]; !ok {
		o.lines[path] = o.line
	}
	if o.count++; o.count <= maxEntries {
		return true
	}
	o.wrong("", tomlfile.CodeSyntax, "more than %d sections and keys", maxEntries)
	return false
}

// wrong notes a mistake in the line that is being read.
func (o *oldControl) wrong(path, code, format string, args ...any) {
	const most = 100
	if len(o.mistakes) < most {
		o.mistakes = append(o.mistakes, tomlfile.Mistake{File: o.file, Line: o.line, Key: path, Code: code, Text: fmt.Sprintf(format, args...)})
	}
}

// wrongAt notes a mistake at a key of the section that ends.
func (o *oldControl) wrongAt(key, code, format string, args ...any) {
	path := tomlfile.Path(o.path, key)
	now := o.line
	o.line = o.lines[path]
	o.wrong(path, code, format, args...)
	o.line = now
}
