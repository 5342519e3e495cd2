// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
)

// wordsCommand is the argument with which the program shows nothing: it puts a prompt
// into words for the service, which has a way to show one and no words.
const wordsCommand = "words"

// Limits of a prompt in words.
const (
	maxPromptBytes = 1 << 20
	maxWorded      = 12 // programs that are named
)

// words reads a prompt as JSON and writes its words as JSON.
func words(in io.Reader, out io.Writer, texts *i18n.Localizer, now time.Time) error {
	text, err := io.ReadAll(io.LimitReader(in, maxPromptBytes+1))
	if err == nil && len(text) > maxPromptBytes {
		err = errors.New("it is too large")
	}
	var p apitypes.Prompt
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		return fmt.Errorf("cannot read a prompt: %w", err)
	}
	w := texts.Window(p, now)
	v := apitypes.Words{Title: w.Title, Intro: w.Intro, Programs: w.Programs, Lines: w.Lines, Left: texts.Text("window.left", i18n.Data{"Left": apitypes.CountdownMark})}
	if n := len(v.Programs); n > maxWorded {
		v.Programs = append(v.Programs[:maxWorded-1:maxWorded-1], texts.More(n-maxWorded+1))
	}
	for _, c := range w.Choices {
		v.Choices = append(v.Choices, apitypes.WordedChoice{Choice: c.Choice, Label: c.Label})
	}
	if err := json.NewEncoder(out).Encode(v); err != nil {
		return fmt.Errorf("cannot write the words of a prompt: %w", err)
	}
	return nil
}
