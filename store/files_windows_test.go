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
	if err := CheckPlace(state); err != nil {
		t.Fatal(err)
	}
	opened(t, path)
	if err := check(path); !errors.Is(err, ErrUnsafe) {
		t.Errorf("a file that all can write: %v", err)
	}
	if _, err := checked(os.Open(path)); !errors.Is(err, ErrUnsafe) {
		t.Errorf("opened: %v", err)
	}
}

// opened lets everybody write to a file or folder.
func opened(t *testing.T, path string) {
	t.Helper()
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
}

// TestFolderOfOthersAbove: whoever can replace the folder above the state directory
// can replace that too, whatever its own rights are.
func TestFolderOfOthersAbove(t *testing.T) {
	base, err := os.MkdirTemp("", "quietsetup-test-*")
	if err != nil {
		t.Fatal(err)
	}
	above := filepath.Join(base, "above")
	state := filepath.Join(above, "state")
	t.Cleanup(func() {
		if err := errors.Join(os.Remove(state), os.Remove(above), os.Remove(base)); err != nil {
			t.Error(err)
		}
	})
	if err := makeDir(state); err != nil {
		t.Fatal(err)
	}
	opened(t, above)
	if err := checkOwner(state, nil); err != nil {
		t.Fatalf("the directory itself: %v", err)
	}
	if err := CheckPlace(state); !errors.Is(err, ErrUnsafe) {
		t.Errorf("its place: %v", err)
	}
	if s, _, err := Open(Options{Dir: state}); !errors.Is(err, ErrUnsafe) {
		t.Errorf("the store opens: %v", errors.Join(err, s.Close()))
	}
	if entries, err := os.ReadDir(state); err != nil || len(entries) != 0 {
		t.Errorf("something was written: %v, %v", entries, err)
	}
}
