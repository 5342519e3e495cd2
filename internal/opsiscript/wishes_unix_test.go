// SPDX-License-Identifier: Apache-2.0

//go:build unix

package opsiscript

import (
	"path/filepath"
	"testing"
)

// TestLeave: a wish that is left is one that is found; without the agent's folder it is
// an error.
func TestLeave(t *testing.T) {
	f := Files(t.TempDir())
	for range 2 {
		if err := f.leave("reboot"); err != nil {
			t.Fatal(err)
		}
	}
	if w, err := f.Look(); err != nil || w != Reboot {
		t.Errorf("%v, %v", w, err)
	}
	if err := f.Clear(); err != nil {
		t.Fatal(err)
	}
	if w, err := f.Look(); err != nil || w != NoWish {
		t.Errorf("%v, %v", w, err)
	}
	if err := Files(filepath.Join(string(f), "nothing")).leave("reboot"); err == nil {
		t.Error("left in no folder")
	}
}
