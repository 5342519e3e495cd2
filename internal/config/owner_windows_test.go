// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/internal/winfile"
)

// TestAFileOthersCanWrite: whoever has all rights refuses it, anybody else is warned.
func TestAFileOthersCanWrite(t *testing.T) {
	dir, err := os.MkdirTemp("", "quietsetup-test-*")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "quietsetup.toml")
	t.Cleanup(func() {
		if err := errors.Join(os.Remove(path), os.Remove(dir)); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(path, []byte("[log]\nlevel = 'warn'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := Load(path); err != nil || len(c.Warnings()) > 0 {
		t.Fatalf("a file of ours: %v, %v", err, c.Warnings())
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
	c, err := Load(path)
	said := ""
	switch {
	case winfile.Privileged() && !errors.Is(err, ErrInvalid):
		t.Fatalf("it is used: %v", err)
	case winfile.Privileged():
		said = err.Error()
	case err != nil || len(c.Warnings()) == 0:
		t.Fatalf("%v, %v", err, c.Warnings())
	default:
		said = c.Warnings()[0].String()
	}
	for _, want := range []string{"S-1-1-0 can write to it", `mend it with: icacls "` + path + `" /setowner`, "/inheritance:r", "*S-1-5-32-545:RX"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in %s", want, said)
		}
	}
}

// TestAFileSomebodyHolds: a file that somebody holds open is waited for, and one that
// is not let go is no invalid one: the service is started again.
func TestAFileSomebodyHolds(t *testing.T) {
	dir, err := os.MkdirTemp("", "quietsetup-test-*")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "quietsetup.toml")
	t.Cleanup(func() {
		if err := errors.Join(os.Remove(path), os.Remove(dir)); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(path, []byte("[log]\nlevel = 'warn'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	held, err := windows.CreateFile(name, windows.GENERIC_READ, 0, nil, windows.OPEN_EXISTING, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); !errors.Is(err, ErrUnread) || errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), path) {
		t.Errorf("held all the time: %v", err)
	}
	let := time.AfterFunc(200*time.Millisecond, func() { _ = windows.CloseHandle(held) })
	defer let.Stop()
	if _, err := Load(path); err != nil {
		t.Errorf("held for a moment: %v", err)
	}
	if _, err := Load(path + "2"); !errors.Is(err, ErrInvalid) || errors.Is(err, ErrUnread) {
		t.Errorf("a missing one: %v", err)
	}
}
