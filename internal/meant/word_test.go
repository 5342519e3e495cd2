// SPDX-License-Identifier: Apache-2.0

package meant

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestWord(t *testing.T) {
	keys := []string{"active", "default_action", "max_defer", "max_defer_action", "max_recheck", "dialog_timeout", "defer_interval"}
	for written, want := range map[string]string{
		"max_defers":               "max_defer",
		"Max-Defer":                "max_defer",
		"maxdefer":                 "max_defer",
		"max_defre":                "max_defer",
		"deafult_action":           "default_action",
		"dialogtimeout":            "dialog_timeout",
		"activ":                    "active",
		"max_defer_aktion":         "max_defer_action",
		"":                         "",
		"x":                        "",
		"policy":                   "",
		"blackout":                 "",
		"interval":                 "",
		"max_unanswered":           "",
		"\x00\xff":                 "",
		strings.Repeat("a", 1<<20): "",
	} {
		if got := Word(written, keys...); got != want {
			t.Errorf("%.40q: %q, want %q", written, got, want)
		}
	}
	if got := Word("ab_c", "ab_d", "ab_e"); got != "ab_d" {
		t.Errorf("of equally close words: %q", got)
	}
}

// TestSlips compares with the plain definition, without a limit.
func TestSlips(t *testing.T) {
	var plainly func(a, b string) int
	plainly = func(a, b string) int {
		if a == "" || b == "" {
			return len(a) + len(b)
		}
		differ := 1
		if a[0] == b[0] {
			differ = 0
		}
		n := min(plainly(a[1:], b)+1, plainly(a, b[1:])+1, plainly(a[1:], b[1:])+differ)
		if len(a) > 1 && len(b) > 1 && a[0] == b[1] && a[1] == b[0] {
			n = min(n, plainly(a[2:], b[2:])+1)
		}
		return n
	}
	word := rapid.StringMatching(`[abc]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b, limit := word.Draw(t, "a"), word.Draw(t, "b"), rapid.IntRange(1, 8).Draw(t, "limit")
		if got, want := slips(a, b, limit), min(plainly(a, b), limit); got != want {
			t.Fatalf("%q and %q below %d: %d, want %d", a, b, limit, got, want)
		}
	})
}
