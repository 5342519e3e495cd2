// SPDX-License-Identifier: Apache-2.0

package opsidialog

import (
	"strings"
	"unicode"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// countdown is what the service puts the time left in the place of.
const countdown = "{timeout}"

// markdown is the text of a dialog. Each sentence is a paragraph, each program an item.
func markdown(w apitypes.Words) string {
	parts := []string{plain(w.Intro)}
	var items []string
	for _, p := range w.Programs {
		items = append(items, "* "+plain(p))
	}
	parts = append(parts, strings.Join(items, "\n"))
	for _, l := range w.Lines {
		parts = append(parts, plain(l))
	}
	if mark := plain(apitypes.CountdownMark); strings.Contains(plain(w.Left), mark) {
		parts = append(parts, strings.Replace(plain(w.Left), mark, countdown, 1))
	}
	return strings.Join(parts, "\n\n")
}

// title is a title, which is no Markdown but may have the countdown, too.
func title(w apitypes.Words) string {
	return strings.NewReplacer("{", "(", "}", ")").Replace(line(w.Title))
}

// plain writes a text so that Markdown shows it as it is. What every dialect takes a
// backslash before gets one; what only some do is written as an entity, which all
// know. Nothing is left that begins a list, a heading, a link or the countdown.
func plain(s string) string {
	s = line(s)
	var b strings.Builder
	for i, r := range s {
		switch r {
		case '\\', '`', '*', '_', '{', '}', '[', ']':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '&':
			b.WriteString("&amp;")
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '~':
			b.WriteString("&#126;")
		case '|':
			b.WriteString("&#124;")
		case '@':
			b.WriteString("&#64;")
		case '=':
			b.WriteString("&#61;")
		case '#', '+', '-':
			if i == 0 {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
		case ':':
			if strings.HasPrefix(s[i:], "://") {
				b.WriteString("&#58;") // no address
				continue
			}
			b.WriteByte(':')
		case '.', ')':
			before := s[:i]
			if before != "" && strings.Trim(before, "0123456789") == "" || len(before) >= 3 && strings.EqualFold(before[len(before)-3:], "www") {
				b.WriteByte('\\') // no number of a list, no address
			}
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// line makes a text one line. The words have none of what it takes out; this is the
// last door before the screen.
func line(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "")))
}
