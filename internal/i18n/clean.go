// SPDX-License-Identifier: Apache-2.0

package i18n

import (
	"strings"
	"unicode"
)

// Clean makes foreign text fit for a line on a screen: no control characters, no
// line ends, nothing that is invisible or turns the direction of writing, single
// blanks, valid UTF-8 and at most limit characters.
func Clean(s string, limit int) string {
	var b strings.Builder
	n, blank := 0, false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			blank = n > 0
			continue
		case r == unicode.ReplacementChar, !unicode.IsGraphic(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r):
			continue
		case unicode.Is(unicode.Mn, r) && n == 0:
			continue // a mark needs something to stand on
		}
		if blank {
			n++
		}
		if n >= limit {
			return b.String() + "…"
		}
		if blank {
			b.WriteByte(' ')
			blank = false
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}
