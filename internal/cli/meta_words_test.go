// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/cli/words"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/metadata/draft"
)

// TestMetaHasWords wants a sentence in both languages for whatever meta init and
// meta explain may have to say.
func TestMetaHasWords(t *testing.T) {
	var keys []string
	for _, c := range draft.NoteCodes() {
		keys = append(keys, "note."+string(c))
		if text := (draft.Note{Code: c}).Text(); text == "" {
			t.Errorf("note %s has no English text for JSON", c)
		}
	}
	for _, s := range []draft.Sureness{draft.FromPackage, draft.Guessed, draft.Nothing} {
		keys = append(keys, "sure."+string(s))
	}
	for _, r := range []string{initWritten, initReplaced, initPrinted, initKept, initSkipped, initFailed} {
		keys = append(keys, "initresult."+r)
	}
	for _, r := range []metadata.Reason{metadata.ReasonChosen, metadata.ReasonSystem, metadata.ReasonArch, metadata.ReasonCloser, metadata.ReasonEarlier, metadata.ReasonWord} {
		keys = append(keys, "whyinstaller."+string(r))
	}
	for _, o := range []string{"before", "after", "any"} {
		keys = append(keys, "dependencyorder."+o)
	}
	for _, lang := range []string{"en", "de"} {
		w, err := words.New(time.UTC, lang)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			if strings.HasPrefix(w.Text(k, nil), "[") {
				t.Errorf("%s: no text for %s", lang, k)
			}
		}
	}
}
