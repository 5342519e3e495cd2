// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Severity says how much a finding matters.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // the package cannot be used as it is, or not by opsi's own programs
	Warning Severity = "warning" // most likely not meant
	Hint    Severity = "hint"    // worth knowing
)

// Finding is one thing that was found.
type Finding struct {
	File     string   `json:"file"`             // below the path that was asked for
	Line     int      `json:"line"`             // from 1; 1 too for what is about the whole file
	Column   int      `json:"column,omitempty"` // in characters, from 1; 0 = not known
	Code     string   `json:"code"`
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`           // one line, beginning with the key it is about
	Product  string   `json:"product,omitempty"` // "" = a file without a package
}

// String is "file:line: code message", one printable line.
func (f Finding) String() string {
	return printable(f.File) + ":" + strconv.Itoa(f.Line) + ": " + f.Code + " " + printable(f.Message)
}

// Told is String with the severity in the words of whoever reads it:
// "file:line: code message (warning)".
func (f Finding) Told(severity string) string { return f.String() + " (" + severity + ")" }

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// Count is how many findings have a severity.
func Count(findings []Finding, s Severity) int {
	n := 0
	for _, f := range findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// tidy sorts findings and leaves out those that are there already.
func tidy(fs []Finding) []Finding {
	slices.SortFunc(fs, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(fs, func(a, b Finding) bool {
		return a.File == b.File && a.Line == b.Line && a.Code == b.Code && a.Message == b.Message
	})
}
