// SPDX-License-Identifier: Apache-2.0

//go:build unix

package opsi

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestLooseKeyFile: a key that others can read is no secret.
func TestLooseKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("0123456789abcdef0123456789abcdef"), 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, good := range map[fs.FileMode]bool{0o600: true, 0o400: true, 0o640: false, 0o604: false, 0o620: false, 0o602: false, 0o644: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := ReadCredentials(path, me, nil)
		if good != (err == nil) || err != nil && (!errors.Is(err, ErrLooseFile) || !strings.Contains(err.Error(), "chmod 600 "+path)) {
			t.Errorf("%o: %v", mode, err)
		}
	}
	pipe := path + ".pipe"
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadCredentials(pipe, me, nil); err == nil || !strings.Contains(err.Error(), "not a plain file") {
		t.Errorf("%v", err)
	}
}
