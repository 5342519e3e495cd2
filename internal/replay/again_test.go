// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/quietsetup/quietsetup/fsm"
)

// TestDecidedAgainFoldsAlike: verifying folds what it decided, folding what it
// decoded. After every record both give the same state, to the byte.
func TestDecidedAgainFoldsAlike(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(histories, "ok", "*.ndjson"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no histories: %v", err)
	}
	table, err := fsm.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	decided := 0
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		verifying, folding := newFolder(table), newFolder(table)
		for l, err := range read(filepath.Base(name), text) {
			if err != nil {
				break // a torn tail; other tests judge it
			}
			s, d := folding.open(l)
			if d != nil {
				t.Fatal(d)
			}
			folding.take(s)
			if verifying.again(l) {
				decided++
			} else if d, _, err := verifying.verify(l, nil); d != nil || err != nil {
				t.Fatal(d, err)
			}
			if a, b := state(t, verifying.c), state(t, folding.c); !bytes.Equal(a, b) {
				t.Fatalf("%s:%d: decided:\n%s\ndecoded:\n%s", l.File, l.Number, a, b)
			}
		}
	}
	if decided == 0 {
		t.Error("no record was decided again: nothing was compared")
	}
}

func state(t *testing.T, c *fsm.Client) []byte {
	t.Helper()
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
