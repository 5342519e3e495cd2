// SPDX-License-Identifier: Apache-2.0

package desktop

import (
	"strings"
	"testing"
)

func TestBareWord(t *testing.T) {
	for word, want := range map[string]string{"&Yes": "Yes", "Abbre&chen": "Abbrechen", "是(&Y)": "是", "いいえ(&N)": "いいえ", "No": "No", "&": "", "": ""} {
		if got := bareWord(word); got != want {
			t.Errorf("%q becomes %q, want %q", word, got, want)
		}
	}
}

// TestButtonWord: there is always a word, and never a mark in it.
func TestButtonWord(t *testing.T) {
	for number, otherwise := range map[int]string{wordYes: "Yes", wordNo: "No", wordCancel: "Cancel", 12345: "none"} {
		got := buttonWord(number, otherwise)
		if got == "" || strings.Contains(got, "&") || number == 12345 && got != otherwise {
			t.Errorf("button %d is called %q", number, got)
		}
	}
}
