// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
)

// FuzzEvent draws what an event of the daemon asks on screens of any size: it
// fits, nothing of it is obeyed, and the choices are there.
func FuzzEvent(f *testing.F) {
	f.Add([]byte(`{"kind":"ask","prompt":{"id":"a#1.1@c2","name":"Firefox","action":"setup","choices":["defer","recheck","kill"],"default":"defer","programs":[{"name":"x","count":1}]}}`), 80, 24)
	f.Add([]byte(`{"kind":"update","prompt":{"name":"\u001b[2J","choices":["kill"],"final":true,"default":"kill","programs":[{"name":"\u202e\n"}]}}`), 20, 5)
	f.Add([]byte(`{"prompt":{"name":"`+strings.Repeat("w", 300)+`","contact":"\u009b31m","asker":"\r\n"}}`), 1, 1)
	f.Add([]byte(`{"kind":"cancel","reason":"over"}`), 0, -1)
	words, err := i18n.New("de")
	if err != nil {
		f.Fatal(err)
	}
	now := time.Date(2026, 11, 21, 14, 4, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text []byte, width, height int) {
		var e apitypes.PromptEvent
		if json.Unmarshal(text, &e) != nil || e.Prompt == nil || len(e.Prompt.Programs) > 100 || len(e.Prompt.Choices) > 9 {
			return
		}
		s := size{max(0, width%300), max(0, height%100)}
		rows := layout(words, *e.Prompt, true, time.Duration(e.Prompt.RemainingMS%1e9)*time.Millisecond, now, s)
		if len(rows) > s.height {
			t.Fatalf("%d rows on a screen of %d", len(rows), s.height)
		}
		for _, r := range rows {
			if r.text != printable(r.text) || strings.ContainsFunc(r.text, func(c rune) bool { return unicode.In(c, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }) {
				t.Fatalf("%q", r.text)
			}
			if s.width > 60 && utf8.RuneCountInString(r.text) > s.width {
				t.Fatalf("%q is wider than %d", r.text, s.width)
			}
		}
		screen := paint(rows, true)
		for _, ours := range []string{"\x1b[H", "\x1b[K", "\x1b[J", styleBold, styleMark, styleOff, "\r\n"} {
			screen = strings.ReplaceAll(screen, ours, "")
		}
		if strings.ContainsFunc(screen, unicode.IsControl) {
			t.Fatalf("%q", screen)
		}
	})
}
