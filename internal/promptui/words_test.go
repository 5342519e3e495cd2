// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
)

// TestWords: a prompt without a default, as a dialog that proves nobody's presence is
// given, promises nothing but that it is asked again.
func TestWords(t *testing.T) {
	now := time.Date(2026, 11, 16, 14, 0, 0, 0, time.UTC)
	p := apitypes.Prompt{Members: []apitypes.Member{{Name: "Fire\x1bfox", Action: "setup", Version: "2.0-1", Installed: true}},
		Choices: []string{"defer", "recheck", "kill"}, Deadline: now.Add(5 * time.Minute), RemainingMS: 300_000, DefersMax: 5, AskAgain: 86400}
	for i := range 20 {
		p.Programs = append(p.Programs, apitypes.Program{Name: fmt.Sprintf("app%d", i), OwnerIsYou: true, Count: 1})
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	for lang, want := range map[string][]string{
		"en": {"Fire fox update", "Without an answer by 14:05, nothing is closed", "Time left: {left}", "and 9 more programs", "Close and update"},
		"de": {"Fire fox aktualisieren", "Ohne Antwort bis 14:05 Uhr", "Noch {left}", "und 9 weitere Programme", "Schließen und aktualisieren"},
	} {
		texts, err := i18n.New(lang)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := words(bytes.NewReader(text), &out, texts, now); err != nil {
			t.Fatal(err)
		}
		var w apitypes.Words
		if err := json.Unmarshal(out.Bytes(), &w); err != nil || len(w.Programs) != maxWorded || len(w.Choices) != 3 {
			t.Errorf("%s: %+v, %v", lang, w, err)
		}
		for _, s := range want {
			if !strings.Contains(out.String(), s) {
				t.Errorf("%s: %q is not in %s", lang, s, out.String())
			}
		}
	}
	texts, _ := i18n.New("en")
	for _, in := range []string{"", "{", `{"id":7}`, `"` + strings.Repeat("x", maxPromptBytes) + `"`} {
		if err := words(strings.NewReader(in), &bytes.Buffer{}, texts, now); err == nil {
			t.Errorf("%.20q was read", in)
		}
	}
}
