// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

const (
	gap       = 2  // blanks between two columns
	leastCell = 4  // no column is made narrower, however narrow the terminal is
	leastWrap = 10 // a narrower column is cut: it cannot be read in pieces
	goodWrap  = 20 // as wide should the prose be before times are told short
)

// fit makes columns so narrow that all stand on a line of the width given; 0 is
// any width. The last column, which has the prose and can be wrapped, gives way
// first, and then the widest ones.
func fit(widths []int, width int) []int {
	if width <= 0 || len(widths) == 0 {
		return widths
	}
	out := slices.Clone(widths)
	last := len(out) - 1
	prose := out[last]
	room := width - gap*last
	others := func(most int) (n int) {
		for _, w := range widths[:last] {
			n += min(w, most)
		}
		return n
	}
	most := slices.Max(widths)
	for most > leastCell && others(most)+min(prose, leastWrap) > room {
		most--
	}
	for i := range out[:last] {
		out[i] = min(out[i], most)
	}
	out[last] = min(prose, max(room-others(most), leastCell))
	return out
}

// cut shortens a text to a width in columns of a terminal, where some signs take
// two.
func cut(s string, width int) string {
	if text.StringWidth(s) <= width {
		return s
	}
	var b strings.Builder
	n := 1 // the sign that something is missing
	for _, r := range s {
		if n += text.RuneWidth(r); n > width {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimRight(b.String(), " ") + "…"
}

// wrap breaks a text between words into lines of a width; a word that is longer
// than a line is broken.
func wrap(s string, width int) string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		switch both := line + " " + word; {
		case line == "":
			line = word
		case text.StringWidth(both) <= width:
			line = both
		default:
			lines = append(lines, line)
			line = word
		}
		for text.StringWidth(line) > width {
			head, n := "", 0
			for _, r := range line {
				if n += text.RuneWidth(r); n > width && head != "" {
					break
				}
				head += string(r)
			}
			lines, line = append(lines, head), line[len(head):]
		}
	}
	return strings.Join(append(lines, line), "\n")
}
