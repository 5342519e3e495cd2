// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// measured is what gremlins said of a package, kept so that a reason can be
// written and the page made anew without measuring again.
type measured struct {
	Source   string          `json:"source"` // of the package, without its tests
	Date     string          `json:"date"`
	Sample   int             `json:"sample"`
	Believed bool            `json:"believed,omitempty"`
	Gremlins json.RawMessage `json:"gremlins"`
}

func keptIn(memory, room string) string { return filepath.Join(memory, "measured-"+room+".json") }

func (m measured) keep(memory, room string) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return os.WriteFile(keptIn(memory, room), text, 0o644)
}

// readMeasured reads what was measured last. Of another source it says nothing.
func readMeasured(memory, room string) (m measured, err error) {
	text, err := os.ReadFile(keptIn(memory, room))
	if err != nil {
		return m, fmt.Errorf("%s was not measured yet: %w", room, err)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("cannot read %s: %w", keptIn(memory, room), err)
	}
	source, err := hashSource(room)
	if err == nil && source != m.Source {
		err = fmt.Errorf("%s has changed since it was measured", room)
	}
	return m, err
}
