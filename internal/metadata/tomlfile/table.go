// SPDX-License-Identifier: Apache-2.0

package tomlfile

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/quietsetup/quietsetup/internal/meant"
)

// Table is one table of a document. Its methods read a value of the wanted
// type; a value of another type is a mistake of the document and reads as
// missing. A nil Table is an empty one.
type Table struct {
	doc    *Document
	path   string
	values map[string]any
}

// Has reports whether the key is there, whatever its type.
func (t *Table) Has(key string) bool {
	if t == nil {
		return false
	}
	_, ok := t.values[key]
	return ok
}

// Keys lists the table's keys in order.
func (t *Table) Keys() []string {
	if t == nil {
		return nil
	}
	keys := make([]string, 0, len(t.values))
	for k := range t.values {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Raw is the value as the library gave it: string, int64, float64, bool,
// time.Time, []any, map[string]any; nil if it is missing.
func (t *Table) Raw(key string) any {
	if t == nil {
		return nil
	}
	return t.values[key]
}

// Text reads a string.
func (t *Table) Text(key, missing string) string { return read(t, key, missing, "a string") }

// Bool reads true or false.
func (t *Table) Bool(key string, missing bool) bool { return read(t, key, missing, "true or false") }

// Int reads a whole number.
func (t *Table) Int(key string, missing int64) int64 { return read(t, key, missing, "a whole number") }

// Texts reads a list of strings.
func (t *Table) Texts(key string) []string { return list[string](t, key, "a string") }

// Ints reads a list of whole numbers.
func (t *Table) Ints(key string) []int64 { return list[int64](t, key, "a whole number") }

// Table reads a table, nil if it is missing.
func (t *Table) Table(key string) *Table {
	if v := read[map[string]any](t, key, nil, "a table"); v != nil {
		return &Table{doc: t.doc, path: join(t.path, key), values: v}
	}
	return nil
}

// Tables reads a list of tables.
func (t *Table) Tables(key string) []*Table {
	var out []*Table
	if !t.Has(key) {
		return nil
	}
	path := join(t.path, key)
	switch v := t.values[key].(type) {
	case []map[string]any:
		for i, m := range v {
			out = append(out, &Table{doc: t.doc, path: path + "[" + strconv.Itoa(i) + "]", values: m})
		}
	case []any:
		for i, x := range v {
			m, ok := x.(map[string]any)
			if !ok {
				t.WrongAs(CodeWrongType, Element(key, i), "must be a table, is %s", kind(x))
				continue
			}
			out = append(out, &Table{doc: t.doc, path: path + "[" + strconv.Itoa(i) + "]", values: m})
		}
	default:
		t.WrongAs(CodeWrongType, key, "must be a list of tables, is %s", kind(v))
	}
	return out
}

// OneTable reads a table that may also be written as a list with one table in
// it, nil if it is missing.
func (t *Table) OneTable(key string) *Table {
	switch t.Raw(key).(type) {
	case []map[string]any, []any:
	default:
		return t.Table(key)
	}
	many := t.Tables(key)
	if len(many) == 0 {
		return nil
	}
	if len(many) > 1 {
		t.WrongAs(CodeBadValue, key, "there is more than one, and only one can count")
	}
	return many[0]
}

// Wrong adds a mistake about the key to the document: a bad value.
func (t *Table) Wrong(key, format string, args ...any) { t.WrongAs(CodeBadValue, key, format, args...) }

// WrongAs is Wrong with a code.
func (t *Table) WrongAs(code, key, format string, args ...any) {
	t.Add(t.Doubt(code, key, format, args...))
}

// Add adds a mistake that Doubt made.
func (t *Table) Add(m Mistake) { t.doc.mistakes = append(t.doc.mistakes, m) }

// Doubt is a mistake with a code that is not added to the document: a warning.
// Key may be an Element; "" is the table itself.
func (t *Table) Doubt(code, key, format string, args ...any) Mistake {
	path := t.whole(key)
	return Mistake{File: t.doc.file, Line: t.doc.place(path), Key: path, Code: code, Text: fmt.Sprintf(format, args...)}
}

// Mistake is a Doubt about a value.
func (t *Table) Mistake(key, format string, args ...any) Mistake {
	return t.Doubt(CodeBadValue, key, format, args...)
}

// Place is "file:line" of a key, "" as in Mistake.
func (t *Table) Place(key string) string { return t.Mistake(key, "").Place() }

// Path is the table's own whole key, "" for the file's root.
func (t *Table) Path() string { return t.path }

// Element names an element of a list for Wrong and Mistake.
func Element(key string, i int) string { return key + "[" + strconv.Itoa(i) + "]" }

// Unknown gives a mistake for every key that is not listed. Its Hint is the
// listed one that was meant, if one is near enough.
func (t *Table) Unknown(known ...string) []Mistake {
	var out []Mistake
	for _, k := range t.Keys() {
		if !slices.Contains(known, k) {
			m := t.Doubt(CodeUnknownKey, k, "unknown key")
			m.Hint = meant.Word(k, known...)
			out = append(out, m)
		}
	}
	return out
}

// whole is the key below the table. An Element is not quoted.
func (t *Table) whole(key string) string {
	if key == "" {
		return t.path
	}
	if t.Has(key) || key[len(key)-1] != ']' {
		return join(t.path, key)
	}
	if t.path == "" {
		return key
	}
	return t.path + "." + key
}

func read[T any](t *Table, key string, missing T, want string) T {
	if !t.Has(key) {
		return missing
	}
	v, ok := t.values[key].(T)
	if !ok {
		t.WrongAs(CodeWrongType, key, "must be %s, is %s", want, kind(t.values[key]))
		return missing
	}
	return v
}

func list[T any](t *Table, key, want string) []T {
	if !t.Has(key) {
		return nil
	}
	values, ok := t.values[key].([]any)
	if !ok {
		t.WrongAs(CodeWrongType, key, "must be a list, is %s", kind(t.values[key]))
		return nil
	}
	out := make([]T, 0, len(values))
	for i, x := range values {
		v, ok := x.(T)
		if !ok {
			t.WrongAs(CodeWrongType, Element(key, i), "must be %s, is %s", want, kind(x))
			continue
		}
		out = append(out, v)
	}
	return out
}

// kind names a value's type in plain words.
func kind(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case int64:
		return "a whole number"
	case float64:
		return "a number with a fraction"
	case bool:
		return "true or false"
	case map[string]any:
		return "a table"
	case []map[string]any:
		return "a list of tables"
	case []any:
		return "a list"
	}
	return "a date or time"
}
