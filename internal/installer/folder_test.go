// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// tempDir is a folder that is gone after the test. It is deleted name by name: the
// way that t.TempDir deletes is not known to older systems, and Wine 8 is one.
func tempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "quietsetup-test-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := removeAll(dir); err != nil {
			t.Errorf("cannot clean up: %v", err)
		}
	})
	return dir
}

// removeAll deletes a folder from within. What a process that is just ending still
// holds is tried again.
func removeAll(dir string) error {
	deadline := time.Now().Add(10 * time.Second)
	for {
		var last error
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			if e.IsDir() {
				last = errors.Join(last, removeAll(path))
			} else {
				last = errors.Join(last, os.Remove(path))
			}
		}
		if last == nil {
			last = os.Remove(dir)
		}
		if last == nil || time.Now().After(deadline) {
			return last
		}
		time.Sleep(20 * time.Millisecond)
	}
}
