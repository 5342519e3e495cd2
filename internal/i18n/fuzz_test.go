// SPDX-License-Identifier: Apache-2.0

package i18n_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
)

// unfit finds what a line on a screen must not hold.
func unfit(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp) || r == utf8.RuneError
}

// FuzzClean: whatever comes from outside becomes a line that is fit for a screen,
// is not longer than asked for, and stays as it is when it is cleaned again.
func FuzzClean(f *testing.F) {
	for _, s := range []string{"Firefox", "\x1b]0;x\x07\x1b[2J", "a\r\nb", "\u202egpj.exe", "a\u200bb\ufeff", "\xff\xfe", "\u0301a", "  a  b  ", "\u009b31m", "\u2028", "👩\u200d💻"} {
		f.Add(s, 10)
	}
	f.Add(strings.Repeat("é ", 500), 0)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		if limit %= 300; limit < 1 {
			limit = 1 - limit
		}
		got := i18n.Clean(s, limit)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, unfit) || strings.Contains(got, "  ") || strings.TrimSpace(got) != got {
			t.Fatalf("%q becomes %q", s, got)
		}
		if n := utf8.RuneCountInString(got); n > limit+1 || n > limit && !strings.HasSuffix(got, "…") {
			t.Fatalf("%q becomes %q: %d characters, at most %d", s, got, n, limit)
		}
		if again := i18n.Clean(got, limit+1); again != got {
			t.Fatalf("%q cleaned again is %q", got, again)
		}
	})
}

// FuzzWindow: whatever an event of the daemon asks, the words of its window are
// lines that are fit for a screen.
func FuzzWindow(f *testing.F) {
	for _, p := range []apitypes.Prompt{prompt(nil), {Members: []apitypes.Member{{Name: "\x1b[31m\n", Version: "\u202e1", Action: "uninstall"}}, Asker: "a\tb", Contact: "\u2028",
		Programs: []apitypes.Program{{Name: "x\r\n\x1b]0;y\x07", Count: -1}}, Choices: []string{"kill", "kill", "x"}, Default: "fail", DefersMax: 1 << 40}} {
		text, err := json.Marshal(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, true)
		f.Add(text, false)
	}
	f.Add([]byte(`{"deadline":"9999-12-31T23:59:59Z","opened":"0001-01-01T00:00:00Z","ask_again_s":9223372036854775807,"choices":["defer"]}`), true)
	words := map[bool]*i18n.Localizer{true: texts(f, "de"), false: texts(f, "en")}
	f.Fuzz(func(t *testing.T, text []byte, german bool) {
		var p apitypes.Prompt
		if json.Unmarshal(text, &p) != nil || len(p.Programs) > 100 {
			return
		}
		w := words[german].Window(p, now)
		lines := append(append([]string{w.Title, w.Intro}, w.Programs...), w.Lines...)
		keys := map[string]bool{}
		for _, c := range w.Choices {
			lines = append(lines, c.Label)
			if len([]rune(c.Key)) != 1 || !strings.Contains(strings.ToLower(c.Label), strings.ToLower(c.Key)) {
				t.Fatalf("key %q of %q", c.Key, c.Label)
			}
			keys[c.Key] = true
		}
		for _, l := range lines {
			if l == "" || strings.ContainsFunc(l, unfit) || utf8.RuneCountInString(l) > 1000 {
				t.Fatalf("%q in %+v", l, w)
			}
		}
	})
}
