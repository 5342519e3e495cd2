// SPDX-License-Identifier: Apache-2.0

package opsidialog

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// dialog is what the service shows.
type dialog struct {
	title, message string
	seconds        int
	buttons        []button
}

// button is one of a dialog, in the service's own form.
type button struct {
	ID      string `json:"id"`
	Label   string `json:"label"`
	Order   int    `json:"order"`
	Default bool   `json:"default"` // Enter presses it, and the time's end names it

	choice string
}

// buttonsOf makes the buttons. Their ids are this dialog's alone.
func buttonsOf(choices []apitypes.WordedChoice) []button {
	names := map[string]string{apitypes.ChoiceDefer: "defer", apitypes.ChoiceRecheck: "recheck", apitypes.ChoiceKill: "close"}
	mark := rand.Text()
	var out []button
	for _, c := range choices {
		if names[c.Choice] != "" {
			out = append(out, button{ID: names[c.Choice] + "-" + mark, Label: c.Label, Order: len(out) + 1, choice: c.Choice})
		}
	}
	for _, harmless := range []string{apitypes.ChoiceDefer, apitypes.ChoiceRecheck} {
		if i := slices.IndexFunc(out, func(b button) bool { return b.choice == harmless }); i >= 0 {
			out[i].Default = true
			break
		}
	}
	return out
}

// Results of a dialog that are no answer.
var (
	errOver     = errors.New("the dialog's time was over")
	errReplaced = errors.New("a newer dialog took its place")
	errUnclear  = errors.New("the result does not say that a button of the dialog was pressed")
)

// answerOf is the choice of the button that was pressed. Everything must say that it
// was: what is absent, null or of another form is no answer.
func answerOf(result json.RawMessage, buttons []button) (choice string, err error) {
	var r struct {
		Action   *string `json:"action"`
		TimedOut *bool   `json:"timed_out"`
		Canceled *bool   `json:"canceled"`
		Pressed  *struct {
			ID *string `json:"id"`
		} `json:"button_pressed"`
	}
	if err := json.Unmarshal(result, &r); err != nil {
		return "", fmt.Errorf("%w: it has not the form of one", errUnclear)
	}
	switch {
	case r.Canceled != nil && *r.Canceled:
		return "", errReplaced
	case r.TimedOut != nil && *r.TimedOut:
		return "", errOver
	case r.Canceled == nil, r.TimedOut == nil, r.Action == nil, r.Pressed == nil, r.Pressed.ID == nil, *r.Pressed.ID != *r.Action:
		return "", errUnclear
	}
	i := slices.IndexFunc(buttons, func(b button) bool { return b.ID == *r.Action })
	if i < 0 {
		return "", errUnclear
	}
	return buttons[i].choice, nil
}
