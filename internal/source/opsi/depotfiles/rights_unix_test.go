// SPDX-License-Identifier: Apache-2.0

//go:build unix

package depotfiles

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestRightsHere: what others could change, and what is no file at all, is not used.
func TestRightsHere(t *testing.T) {
	other := filepath.Join(t.TempDir(), "setup.sh")
	if err := os.WriteFile(other, []byte(firefox["setup.sh"]), 0o755); err != nil {
		t.Fatal(err)
	}
	instead := func(put func(p string) error) func(string) error {
		return func(d string) error {
			p := filepath.Join(d, "setup.sh")
			return errors.Join(os.Remove(p), put(p))
		}
	}
	for name, change := range map[string]func(data string) error{
		"a file for all":     func(d string) error { return os.Chmod(filepath.Join(d, "setup.sh"), 0o777) },
		"a folder for all":   func(d string) error { return os.Chmod(filepath.Join(d, "data"), 0o777) },
		"a record for all":   func(d string) error { return os.Chmod(filepath.Join(d, "..", recordFile), 0o666) },
		"a link to the same": instead(func(p string) error { return os.Symlink(other, p) }),
		"a pipe":             instead(func(p string) error { return syscall.Mkfifo(p, 0o644) }),
		"a link for a folder": func(d string) error {
			return errors.Join(os.RemoveAll(filepath.Join(d, "data")), os.Symlink("/", filepath.Join(d, "data")))
		},
		"a link for it all": func(d string) error {
			return errors.Join(os.RemoveAll(filepath.Dir(d)), os.Symlink("/", filepath.Dir(d)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			b.put("firefox", firefox)
			b.whole("firefox")
			if err := change(filepath.Join(b.dir, "firefox", "CLIENT_DATA")); err != nil {
				t.Fatal(err)
			}
			if err := b.Verify(t.Context(), "firefox"); !errors.Is(err, ErrChanged) {
				t.Errorf("it is used: %v", err)
			}
			b.whole("firefox")
			b.want("firefox", firefox)
			if err := b.Verify(t.Context(), "firefox"); err != nil {
				t.Error(err)
			}
		})
	}
	if _, err := os.Stat(other); err != nil {
		t.Errorf("something was taken away through a link: %v", err)
	}
}
