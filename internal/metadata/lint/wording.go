// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

// wording judges how the values of a metadata file are written, apart from what
// they say.
func (p *pack) wording(name string, text []byte) {
	items, err := tomlfile.Items(name, text)
	if err != nil {
		return // the reader says why
	}
	constant := regexp.MustCompile(`%[A-Za-z][A-Za-z0-9_]*%`)
	for _, item := range items {
		for _, t := range item.Value {
			said, ok := t.String()
			if !ok {
				continue
			}
			at := Finding{File: name, Line: t.Line, Column: t.Column}
			note := func(code, message string) {
				at.Code, at.Message = code, strings.Join(item.Parts, ".")+": "+message
				p.add(at)
			}
			path := constant.MatchString(said) || len(said) > 1 && said[1] == ':'
			if escapes := strings.HasPrefix(t.Text, `"`); escapes {
				switch {
				case path && strings.ContainsFunc(said, unicode.IsControl):
					note("backslash-escape", `a backslash in "…" begins an escape; write '…'`)
				case slices.ContainsFunc(constant.FindAllString(said, -1), holdsBackslash):
					note("constant-in-basic-string", `a constant stands in "…"; write '…'`)
				}
				if strings.Contains(said, "'") {
					note("apostrophe", "the value holds an apostrophe")
				}
			}
			// Two backslashes at the beginning are a path on another machine.
			if len(said) > 2 && strings.Contains(said[1:], `\\`) {
				note("doubled-backslash", "backslashes are doubled; nothing is escaped in '…'")
			}
		}
	}
}

// holdsBackslash reports whether a constant stands for a path, which has
// backslashes on Windows.
func holdsBackslash(constant string) bool {
	name := strings.ToLower(strings.Trim(constant, "%"))
	value := metadata.StandardConstants(machines()[0])[name]
	return strings.Contains(value, `\`) || slices.Contains([]string{"scriptpath", "scriptdir", "realscriptpath"}, name)
}

// unreadable says why a text cannot be parsed, and names the usual reasons.
func (p *pack) unreadable(name string, err error, text []byte) {
	var m tomlfile.Mistake
	if !errors.As(err, &m) {
		m = tomlfile.Mistake{File: name, Text: err.Error(), Code: tomlfile.CodeSyntax}
	}
	if m.Code == tomlfile.CodeEncoding {
		m.Line = 1 + strings.Count(string(text[:badByte(text)]), "\n")
	}
	line := ""
	if lines := strings.Split(string(text), "\n"); m.Line > 0 && m.Line <= len(lines) {
		line = lines[m.Line-1]
	}
	if m.Code == tomlfile.CodeSyntax {
		switch {
		case strings.Contains(m.Text, "escape"):
			m.Code = "backslash-escape"
			m.Text += `: write '…' where a backslash is one`
		case strings.Count(line, "'")%2 == 1:
			m.Code = "unclosed-apostrophe"
			m.Text += `: an apostrophe ends a value in '…'`
		}
	}
	p.mistake(m)
}

// badByte is where a text stops being UTF-8.
func badByte(text []byte) int {
	i := 0
	for i < len(text) {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		i += n
	}
	return i
}
