// SPDX-License-Identifier: Apache-2.0

package tomlfile

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// Document is a parsed file together with the place of each key and the
// mistakes found while its values were read.
type Document struct {
	file     string
	lines    map[string]int
	values   map[string]any
	mistakes []Mistake
}

// byteOrderMark may stand before a text and means nothing.
const byteOrderMark = "\ufeff"

// New makes a document of values that were read from another form than TOML, so
// that they are read and judged like one. The values have the types of
// Table.Raw. lines holds the line of each whole key ("Product.id",
// "ProductDependency[0]"); mistakes are those found already.
func New(file string, values map[string]any, lines map[string]int, mistakes ...Mistake) *Document {
	return &Document{file: file, lines: lines, values: values, mistakes: mistakes}
}

// Parse reads a TOML text; file is how messages name it. Every error is a
// Mistake: too large, not UTF-8, over a limit, or not TOML.
func Parse(file string, text []byte) (*Document, error) {
	if len(text) > MaxBytes {
		return nil, Mistake{File: file, Code: CodeTooLarge, Text: fmt.Sprintf("larger than %d bytes", MaxBytes)}
	}
	if !utf8.Valid(text) {
		return nil, Mistake{File: file, Code: CodeEncoding, Text: "not UTF-8 text"}
	}
	s := strings.TrimPrefix(string(text), byteOrderMark)
	lines, err := walk(file, s)
	if err != nil {
		return nil, err
	}
	d := &Document{file: file, lines: lines, values: map[string]any{}}
	if err := decode(s, &d.values); err != nil {
		m := Mistake{File: file, Code: CodeSyntax, Text: strings.TrimPrefix(err.Error(), "toml: ")}
		if pe := (toml.ParseError{}); errors.As(err, &pe) {
			m.Line, m.Key, m.Text = pe.Position.Line, pe.LastKey, pe.Message
		}
		return nil, m
	}
	return d, nil
}

// decode calls the library, which panics where it finds a bug of its own; the
// text is not ours, so that is one more way of being unreadable.
func decode(s string, into *map[string]any) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cannot be read as TOML: %v", r)
		}
	}()
	_, err = toml.Decode(s, into)
	return err
}

// Root is the table of the whole file.
func (d *Document) Root() *Table { return &Table{doc: d, values: d.values} }

// Mistakes are those found so far, in the order they were found.
func (d *Document) Mistakes() []Mistake { return d.mistakes }

// Err is nil without mistakes, else all of them joined.
func (d *Document) Err() error {
	errs := make([]error, len(d.mistakes))
	for i, m := range d.mistakes {
		errs[i] = m
	}
	return errors.Join(errs...)
}

// place finds the line of a whole key, or of the nearest thing around it.
func (d *Document) place(path string) int {
	for path != "" {
		if n, ok := d.lines[path]; ok {
			return n
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return 0
}
