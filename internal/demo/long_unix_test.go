// SPDX-License-Identifier: Apache-2.0

//go:build unix

package demo

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTooLongFolder: a folder in which no socket fits is refused and removed.
func TestTooLongFolder(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("x", 90))
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", long)
	t.Setenv("TMP", long)
	if _, err := unpack("/bin/true"); err == nil || !strings.Contains(err.Error(), "set TMPDIR") {
		t.Errorf("%v", err)
	}
	if names, err := os.ReadDir(long); err != nil || len(names) > 0 {
		t.Errorf("left behind: %v, %v", names, err)
	}
}
