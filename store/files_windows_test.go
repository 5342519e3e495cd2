// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/windows"
)

// TestFilesOfOthers: a file that everybody can write is no file of the store.
func TestFilesOfOthers(t *testing.T) {
	base, err := os.MkdirTemp("", "quietsetup-test-*")
	if err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(base, "above", "state")
	path := filepath.Join(state, "file")
	t.Cleanup(func() {
		if err := errors.Join(os.Remove(path), os.Remove(state), os.Remove(filepath.Dir(state)), os.Remove(base)); err != nil {
			t.Error(err)
		}
	})
	for range 2 { // the second time it is there
		if err := makeDir(state); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(checkOwner(state, nil), check(path), syncDirectory(state)); err != nil {
		t.Fatal(err)
	}
	sd, err := windows.SecurityDescriptorFromString("D:P(A;;FA;;;SY)(A;;FA;;;WD)")
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := sd.DACL()
	if err == nil {
		err = windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION, nil, nil, list, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := check(path); !errors.Is(err, ErrUnsafe) {
		t.Errorf("a file that all can write: %v", err)
	}
	if _, err := checked(os.Open(path)); !errors.Is(err, ErrUnsafe) {
		t.Errorf("opened: %v", err)
	}
}
