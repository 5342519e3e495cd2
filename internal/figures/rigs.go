// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// counted names the unit of each figure that "make rigs" counts and a row tells.
func counted() map[string]string {
	return map[string]string{
		"client-days":     "client-days",
		"crash positions": "crashes",
		"kill -9":         "kills",
		"damaged files":   "damaged-files",
		"fuzz inputs":     "fuzz-inputs",
	}
}

// rigs takes over what the last "make rigs" counted. Without its file these
// figures are not measured; a figure with faults is none.
func rigs(path string, into values) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot read what the rigs counted: %w", err)
	}
	var all struct {
		Figures []struct {
			Figure string  `json:"figure"`
			Count  float64 `json:"count"`
			Faults int     `json:"faults"`
		} `json:"figures"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return fmt.Errorf("cannot read %s: %w", path, err)
	}
	for _, f := range all.Figures {
		unit, told := counted()[f.Figure]
		switch {
		case !told || f.Count == 0:
		case f.Faults > 0:
			return fmt.Errorf("%s: %d faults among %s; mend them before the figures are written", path, f.Faults, f.Figure)
		default:
			into["internal/sim"] = append(into["internal/sim"], result{"CI", unit, f.Count})
		}
	}
	return nil
}

// planted draws the table of what the last "make planted" found, "" without its
// file. A bug that was not found is an error.
func planted(path string) (string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("cannot read what was planted: %w", err)
	}
	var all struct {
		Bugs []struct {
			Bug, Room, Test, How string
			Found                bool
		}
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return "", fmt.Errorf("cannot read %s: %w", path, err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `
## Planted bugs

That the rigs and tests would see a fault is tested with faults: each of these is
built in on purpose, and found by what is there for it. All %d of %d were found.

| bug | test | found |
|---|---|---|
`, len(all.Bugs), len(all.Bugs))
	for _, x := range all.Bugs {
		if !x.Found {
			return "", fmt.Errorf("%s: %s of %s was not found", path, x.Test, x.Room)
		}
		fmt.Fprintf(&b, "| %s | `%s` `%s` | %s |\n", cell(x.Bug), x.Room, x.Test, cell(x.How))
	}
	return b.String(), nil
}

// maxCell keeps a table readable, in characters.
const maxCell = 160

// cell is a text as one cell of a table, without folders that a test made.
func cell(s string) string {
	var words []string
	for _, word := range strings.Fields(strings.TrimSuffix(s, ".")) {
		if strings.HasPrefix(word, "/tmp/") || strings.HasPrefix(word, "/dev/shm/") {
			word = "…"
		}
		words = append(words, word)
	}
	r := []rune(strings.ReplaceAll(strings.Join(words, " "), "|", "/"))
	if len(r) > maxCell {
		r = append(r[:maxCell-2], ' ', '…')
	}
	return string(r)
}
