// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
)

func TestKeys(t *testing.T) {
	for in, want := range map[string]string{
		"l":                          "l",
		"LiC1":                       "lic1",
		"\r\n":                       "\r\r",
		"\x03":                       "\x03",
		"\x1b[C":                     "",     // right arrow
		"\x1bOC":                     "",     // the same in application mode
		"\x1b[1;5Cl":                 "l",    // with control
		"\x1b[200~c\rc\x1b[201~l":    "l",    // pasted
		"\x1b[200~\x03":              "\x03", // Ctrl-C ends even while pasting
		"\x1bc":                      "",     // Alt-c
		"\x1b]0;c\x07":               "c",    // not a sequence we know: its text counts as typed
		"äöü日":                       "",
		"\x00\x01\x7f":               "",
		"\x1b[<0;10;10M":             "", // mouse
		"\x1b[0123456789012345678c;": "", // a long report
	} {
		var k keys
		got := ""
		for _, b := range []byte(in) {
			if key := k.feed(b, time.Unix(0, 0)); key != 0 {
				got += string(key)
			}
		}
		if want == "c" && in == "\x1b]0;c\x07" {
			want = "0c" // ESC ] is Alt-]; what follows is typed
		}
		if got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
	var k keys // ESC alone, and a key much later
	k.feed(0x1b, time.Unix(0, 0))
	if got := k.feed('l', time.Unix(1, 0)); got != 'l' {
		t.Errorf("a key a second after ESC gives %q", got)
	}
}

// Enter never closes a program; every other input that closes one is its own
// number or letter.
func TestEnterClosesNothing(t *testing.T) {
	for _, lang := range i18n.Languages() {
		l, err := i18n.New(lang)
		if err != nil {
			t.Fatal(err)
		}
		rapid.Check(t, func(t *rapid.T) {
			p := apitypes.Prompt{Members: []apitypes.Member{{Name: "X", Action: rapid.SampledFrom([]string{"setup", "uninstall", "custom"}).Draw(t, "action")}},
				Choices: rapid.Permutation([]string{"defer", "recheck", "kill"}).Draw(t, "choices")[:rapid.IntRange(1, 3).Draw(t, "n")],
				Default: rapid.SampledFrom([]string{"defer", "recheck", "kill", "fail"}).Draw(t, "default"), Final: rapid.Bool().Draw(t, "final")}
			choices := l.Window(p, time.Unix(0, 0)).Choices
			if c, ok := choose("", choices); ok && (c == "kill" || c != p.Default) {
				t.Fatalf("Enter chooses %s where %s is highlighted", c, p.Default)
			}
			input := rapid.OneOf(rapid.StringMatching(`[a-z0-9]{1,2}`), rapid.String()).Draw(t, "input")
			c, ok := choose(input, choices)
			if !ok || input == "" {
				return
			}
			for i, o := range choices {
				if o.Choice == c && (input == o.Key || input == string(rune('1'+i)) || len(input) == 1 && input[0]|0x20 == o.Key[0]) {
					return
				}
			}
			t.Fatalf("%q chooses %s of %v", input, c, choices)
		})
	}
}
