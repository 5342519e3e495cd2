// SPDX-License-Identifier: Apache-2.0

package tomlfile

import (
	"errors"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMessage is the length of a mistake's text in bytes; what it quotes is not ours.
const maxMessage = 400

// Mistake is one thing wrong at one place of a file. It is an error.
type Mistake struct {
	File string
	Line int    // from 1; 0 = no line can be named
	Key  string // "installers[0].install_dir"; "" = the file as a whole
	Text string // what is wrong, without the place
	Code string // one word for what kind of mistake it is: "wrong-type"; for programs
	Hint string // what was meant, where it can be guessed; not part of the error
}

// The codes of mistakes that are found here. Callers have their own.
const (
	CodeTooLarge   = "too-large"
	CodeEncoding   = "not-utf8"
	CodeSyntax     = "syntax"
	CodeWrongType  = "wrong-type"
	CodeBadValue   = "bad-value" // the right type, and not a value that can be used
	CodeUnknownKey = "unknown-key"
)

// Error is one printable line: "file:line: key: what".
func (m Mistake) Error() string {
	s := m.Place() + ": "
	if m.Key != "" {
		s += m.Key + ": "
	}
	return oneLine(s + m.Text)
}

// Place is "file:line", or "file" without a line.
func (m Mistake) Place() string {
	if m.Line == 0 {
		return m.File
	}
	return m.File + ":" + strconv.Itoa(m.Line)
}

// Mistakes are all that an error wraps, in order.
func Mistakes(err error) []Mistake {
	switch e := err.(type) {
	case Mistake:
		return []Mistake{e}
	case interface{ Unwrap() []error }:
		var out []Mistake
		for _, one := range e.Unwrap() {
			out = append(out, Mistakes(one)...)
		}
		return out
	}
	if inner := errors.Unwrap(err); inner != nil {
		return Mistakes(inner)
	}
	return nil
}

// Join is the whole key of a part below a table, as Mistake.Key has it.
func Join(table, part string) string { return join(table, part) }

// oneLine makes hostile text safe to print: no control characters, bounded.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if len(s) <= maxMessage {
		return s
	}
	cut := maxMessage
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
