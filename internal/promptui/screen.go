// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
)

// size is a terminal's, in characters.
type size struct{ width, height int }

// Styles of a line of the screen; "" without colour.
const (
	styleNone = ""
	styleBold = "\x1b[1m"
	styleMark = "\x1b[7m" // the highlighted choice
	styleOff  = "\x1b[0m"
)

// row is a line of the screen.
type row struct{ text, style string }

// layout puts a prompt on a screen: title, what is new, who and what for,
// programs, what happens, choices, countdown. What is too much for the screen goes in this
// order: programs (their number stays), then explanations. Choices and countdown
// are always there.
func layout(l *i18n.Localizer, p apitypes.Prompt, again bool, left time.Duration, now time.Time, s size) []row {
	w := l.Window(p, now)
	width := max(s.width-2, 18)
	head := append(wrap(w.Title, width, styleBold), row{})
	if again {
		head = append(append(head, wrap(l.Text("agent.changed", nil), width, styleBold)...), row{})
	}
	head = append(head, wrap(w.Intro, width, styleNone)...)
	body := []row{{}}
	ends := []int{0} // where body can be cut: never within a sentence
	for _, line := range w.Lines {
		body = append(body, wrap(line, width, styleNone)...)
		ends = append(ends, len(body))
	}
	tail := []row{{}, {text: l.Text("agent.press", nil)}}
	for i, c := range w.Choices {
		mark, style, enter := " ", styleNone, ""
		if c.Highlighted {
			mark, style = ">", styleMark
			if _, ok := choose("", []i18n.Choice{c}); ok {
				enter = " " + l.Text("agent.enter", nil)
			}
		}
		tail = append(tail, hang(fmt.Sprintf("%s [%d] [%s] ", mark, i+1, c.Key), c.Label+enter, width, style)...)
	}
	tail = append(append(tail, row{}), wrap(l.Left(left), width, styleBold)...)
	room := s.height - len(head) - len(body) - len(tail)
	programs := listed(l, w.Programs, max(room, 2), width)
	for i := len(ends) - 1; i >= 0 && len(head)+len(programs)+len(body)+len(tail) > s.height; i-- {
		body = body[:ends[i]]
	}
	rows := append(append(append(head, programs...), body...), tail...)
	if over := len(rows) - s.height; over > 0 {
		rows = rows[over:]
	}
	return rows
}

// listed names the programs in at most room rows.
func listed(l *i18n.Localizer, names []string, room, width int) []row {
	var rows []row
	for i, name := range names {
		if len(rows) == room-1 && i < len(names)-1 {
			return append(rows, row{text: "  " + l.More(len(names)-i)})
		}
		rows = append(rows, row{text: cut("  • "+name, width)})
	}
	return rows
}

// wrap breaks a text between words into rows of at most width characters.
func wrap(text string, width int, style string) []row {
	var rows []row
	line := ""
	for _, word := range strings.Fields(text) {
		for utf8.RuneCountInString(word) > width { // a word wider than the screen
			if line != "" {
				rows = append(rows, row{line, style})
				line = ""
			}
			r := []rune(word)
			rows = append(rows, row{string(r[:width]), style})
			word = string(r[width:])
		}
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			rows = append(rows, row{line, style})
			line = word
		}
	}
	if line != "" || len(rows) == 0 {
		rows = append(rows, row{line, style})
	}
	return rows
}

// hang puts a mark before the first row of a text and the others below the text.
func hang(mark, text string, width int, style string) []row {
	indent := utf8.RuneCountInString(mark)
	rows := wrap(text, max(width-indent, 8), style)
	for i := range rows {
		if i > 0 {
			mark = strings.Repeat(" ", indent)
		}
		rows[i].text = mark + rows[i].text
	}
	return rows
}

// cut shortens a text to width characters.
func cut(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + "…"
}

// printable takes out whatever a terminal would obey. The texts have none; this
// is the last door before the screen.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
}

// paint draws rows over the whole screen without clearing it first, so that it
// does not flicker.
func paint(rows []row, colour bool) string {
	var b strings.Builder
	b.WriteString("\x1b[H")
	for i, r := range rows {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteByte(' ')
		if colour && r.style != styleNone {
			b.WriteString(r.style + printable(r.text) + styleOff)
		} else {
			b.WriteString(printable(r.text))
		}
		b.WriteString("\x1b[K")
	}
	b.WriteString("\x1b[J")
	return b.String()
}
