// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/config"
)

// TestWordsBy: the agent's program finds the words, and one that fails is named.
func TestWordsBy(t *testing.T) {
	t.Setenv("LC_ALL", "de_DE.UTF-8")
	t.Setenv("LANGUAGE", "")
	p := apitypes.Prompt{ID: "app#1.1@c2", Members: []apitypes.Member{{Name: "The App", Action: "setup"}}, Choices: []string{"defer", "kill"}, Deadline: time.Now().Add(time.Hour)}
	w, err := wordsBy(t.Context(), os.Args[0], p) // which plays the agent when it is asked for words
	if err != nil || !strings.Contains(w.Title, "The App") || len(w.Choices) != 2 || !strings.HasPrefix(w.Choices[0].Label, "Später") {
		t.Errorf("%+v, %v", w, err)
	}
	if _, err := wordsBy(t.Context(), os.Args[0]+".none", p); err == nil || !strings.Contains(err.Error(), ".none") {
		t.Errorf("%v", err)
	}
}

// TestStandsIn: only a machine of an opsi site has an opsiclientd to ask by.
func TestStandsIn(t *testing.T) {
	var o Options
	if o.standIn(nil) != nil {
		t.Error("somebody stands in without an opsi server")
	}
	o.Config.Source.Kind = config.Opsi
	if o.standIn(nil) == nil {
		t.Error("nobody stands in")
	}
}
