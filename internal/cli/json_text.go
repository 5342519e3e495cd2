// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/quietsetup/quietsetup/internal/i18n"
)

// jsonText reads JSON that people write, value by value, so that every mistake
// has its place. Unlike the decoder of the standard library it tells upper from
// lower case in names, takes no name twice, and no text that is not UTF-8.
type jsonText struct {
	name string // of the file, for messages
	all  []byte
	dec  *json.Decoder
}

// newJSONText checks that a text is JSON at all.
func newJSONText(name string, text []byte) (*jsonText, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	j := &jsonText{name: name, all: text}
	if !utf8.Valid(text) {
		good := 0
		for good < len(text) {
			r, n := utf8.DecodeRune(text[good:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			good += n
		}
		return nil, fmt.Errorf("%s: not UTF-8 text", j.column(int64(good)))
	}
	var whole json.RawMessage
	if err := json.Unmarshal(text, &whole); err != nil {
		var bad *json.SyntaxError
		if errors.As(err, &bad) {
			return nil, fmt.Errorf("%s: not JSON: %w", j.column(max(0, bad.Offset-1)), err)
		}
		return nil, fmt.Errorf("%s: not JSON: %w", name, err)
	}
	j.dec = json.NewDecoder(bytes.NewReader(text))
	j.dec.UseNumber()
	return j, nil
}

// offset is where the last value that was read ends.
func (j *jsonText) offset() int64 { return j.dec.InputOffset() }

// line is "file:line" of an offset.
func (j *jsonText) line(offset int64) string {
	return fmt.Sprintf("%s:%d", i18n.Clean(j.name, 200), 1+bytes.Count(j.all[:offset], []byte{'\n'}))
}

// column is "file:line:column" of an offset, the column in bytes from 1.
func (j *jsonText) column(offset int64) string {
	return fmt.Sprintf("%s:%d", j.line(offset), offset-int64(bytes.LastIndexByte(j.all[:offset], '\n')))
}

// mistake is what is wrong with the value that was read last.
func (j *jsonText) mistake(key, what string) error {
	if key == "" {
		return fmt.Errorf("%s: %s", j.line(j.offset()), what)
	}
	return fmt.Errorf("%s: %s: %s", j.line(j.offset()), i18n.Clean(key, 200), what)
}

func (j *jsonText) wrongType(key, want string, got json.Token) error {
	return j.mistake(key, "must be "+want+", not "+typeName(got))
}

func typeName(t json.Token) string {
	switch t := t.(type) {
	case nil:
		return "null"
	case string:
		return "a text"
	case json.Number:
		return "a number"
	case bool:
		return fmt.Sprint(t)
	case json.Delim:
		if t == '[' {
			return "a list"
		}
	}
	return "an object"
}

// object reads an object and calls member for each name, which must read its value.
func (j *jsonText) object(key string, member func(name string) error) error {
	t, err := j.dec.Token()
	if err != nil {
		return err
	}
	if t != json.Delim('{') {
		return j.wrongType(key, "an object", t)
	}
	seen := map[string]bool{}
	for j.dec.More() {
		t, err := j.dec.Token()
		if err != nil {
			return err
		}
		name := t.(string) // nothing else stands there in valid JSON
		if seen[name] {
			return j.mistake(strings.TrimPrefix(key+"."+name, "."), "is there twice")
		}
		seen[name] = true
		if err := member(name); err != nil {
			return err
		}
	}
	_, err = j.dec.Token()
	return err
}

// array reads a list and calls element with the key of each, which must read it.
func (j *jsonText) array(key string, orNull bool, element func(key string) error) error {
	t, err := j.dec.Token()
	if err != nil {
		return err
	}
	if t == nil && orNull {
		return nil
	}
	if t != json.Delim('[') {
		return j.wrongType(key, "a list", t)
	}
	for i := 0; j.dec.More(); i++ {
		if err := element(fmt.Sprintf("%s[%d]", key, i)); err != nil {
			return err
		}
	}
	_, err = j.dec.Token()
	return err
}

// text reads a text or null.
func (j *jsonText) text(key string) (s string, null bool, err error) {
	t, err := j.dec.Token()
	if err != nil {
		return "", false, err
	}
	s, ok := t.(string)
	if !ok && t != nil {
		return "", false, j.wrongType(key, "a text", t)
	}
	return s, t == nil, nil
}

// number reads a number, as it is written, or null.
func (j *jsonText) number(key string) (s string, null bool, err error) {
	t, err := j.dec.Token()
	if err != nil {
		return "", false, err
	}
	n, ok := t.(json.Number)
	if !ok && t != nil {
		return "", false, j.wrongType(key, "a whole number", t)
	}
	return n.String(), t == nil, nil
}

// skip reads over a value of any kind.
func (j *jsonText) skip() error {
	for depth := 0; ; {
		t, err := j.dec.Token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}
