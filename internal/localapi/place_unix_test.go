// SPDX-License-Identifier: Apache-2.0

//go:build unix

package localapi

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// place is a socket in a folder that any user may enter, with a short path.
// Nothing is left of it at the end.
func place(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "qs")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "api.sock")
	t.Cleanup(func() {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Error("the socket is still there")
		}
		os.RemoveAll(dir)
	})
	return path
}
