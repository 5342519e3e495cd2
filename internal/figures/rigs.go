// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
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
