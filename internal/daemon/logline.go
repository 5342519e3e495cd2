// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// maxLogLine is the longest line of the log, in bytes; the journal cuts longer
// ones into several.
const maxLogLine = 32 << 10

// oneLine writes each event of the log as one line that moves no cursor. Errors
// carry names and paths that others chose. The logger escapes what JSON must
// escape; a terminal obeys more than that, and the console form escapes nothing
// of a message.
type oneLine struct {
	to   io.Writer
	json bool
}

// Write takes one event, as the logger hands it over.
func (o oneLine) Write(event []byte) (int, error) {
	text := strings.TrimSuffix(string(event), "\n")
	if strings.ContainsFunc(text, obeyed) {
		text = escape(text)
	}
	if len(text) > maxLogLine {
		begin := strings.ToValidUTF8(text[:maxLogLine/4], "")
		text = fmt.Sprintf("a line of %d bytes begins with %s", len(text), begin)
		if o.json {
			message, err := json.Marshal(text)
			if err != nil {
				return 0, err
			}
			text = `{"level":"warn","message":` + string(message) + `}`
		}
	}
	if _, err := io.WriteString(o.to, text+"\n"); err != nil {
		return 0, err
	}
	return len(event), nil
}

// obeyed reports what a terminal or a reader of lines may obey instead of
// showing it.
func obeyed(r rune) bool {
	return unicode.IsControl(r) || r == utf8.RuneError || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co)
}

// escape writes such characters as JSON does. In JSON they stand in strings only.
func escape(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case !obeyed(r):
			b.WriteRune(r)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
