// SPDX-License-Identifier: Apache-2.0

package winfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"
)

func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "quietsetup-test-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		entries, err := os.ReadDir(dir)
		for _, e := range entries {
			err = errors.Join(err, os.Remove(filepath.Join(dir, e.Name())))
		}
		if err := errors.Join(err, os.Remove(dir)); err != nil {
			t.Errorf("cannot clean up: %v", err)
		}
	})
	return dir
}

// TestJudge: what an access list says, written as Windows writes it.
func TestJudge(t *testing.T) {
	me, err := self()
	if err != nil {
		t.Fatal(err)
	}
	const strangers = "S-1-5-21-1-2-3-1001"
	for _, c := range []struct{ list, want string }{
		{"O:SYD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)", ""},
		{"O:BAD:P(A;;FA;;;SY)(A;;FRFX;;;BU)", ""},
		{"O:" + me + "D:(A;;FA;;;" + me + ")", ""},
		{"O:" + installerOfWindows + "D:(A;;FA;;;SY)", ""},
		{"O:SYD:P(D;;FA;;;WD)", ""},
		{"O:SYD:P", ""},
		{"O:" + strangers + "D:P(A;;FA;;;SY)", "it belongs to " + strangers},
		{"O:BUD:P(A;;FA;;;SY)", "it belongs to S-1-5-32-545"},
		{"D:P(A;;FA;;;SY)", "its owner cannot be read"},
		{"O:SY", "no access list"},
		{"O:SYD:(A;;FA;;;SY)(A;;FA;;;WD)", "S-1-1-0 can write to it"},
		{"O:SYD:(A;;FW;;;BU)", "S-1-5-32-545 can write to it"},
		{"O:SYD:(A;;DC;;;BU)", "can write to it"},
		{"O:SYD:(A;;SD;;;" + strangers + ")", strangers + " can write to it"},
		{"O:SYD:(A;;WD;;;AU)", "can write to it"},
		{"O:SYD:(A;;WO;;;AU)", "can write to it"},
		{"O:SYD:(A;;GA;;;AU)", "can write to it"},
		{"O:SYD:(A;;GW;;;AU)", "can write to it"},
		{"O:SYD:(A;OICIIO;FA;;;AU)", ""}, // handed down only: the file below is asked itself
		{"O:SYD:(A;OICIIO;GA;;;CO)", ""},
		{"O:SYD:(A;;FRFX;;;WD)(A;;RC;;;WD)", ""},
		{"O:SYD:(A;OICI;FA;;;CO)(A;;FA;;;CG)", ""}, // nobody's token bears these
		{"O:SYD:(A;;FA;;;OW)", ""},                 // the owner, who is judged as such
		{"O:" + strangers + "D:(A;;FA;;;OW)", "it belongs to " + strangers},
	} {
		sd, err := windows.SecurityDescriptorFromString(c.list)
		if err != nil {
			t.Errorf("%s: %v", c.list, err)
			continue
		}
		switch err := judge(sd, changing); {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.list, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", c.list, err, c.want)
		}
	}
}

// TestJudgeSecret: what nobody else may read either.
func TestJudgeSecret(t *testing.T) {
	for list, want := range map[string]string{
		"O:SYD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)": "",
		"O:BAD:P(A;;FA;;;SY)(A;;FRFX;;;BU)":       "S-1-5-32-545 can read it",
		"O:BAD:P(A;;FA;;;SY)(A;;GR;;;WD)":         "S-1-1-0 can read it",
		"O:BAD:P(A;;FA;;;SY)(A;;FW;;;BU)":         "S-1-5-32-545 can write to it",
		"O:SYD:P(A;;RC;;;WD)":                     "", // who may read the list alone
		"O:SYD:(A;OICIIO;FA;;;AU)":                "",
	} {
		sd, err := windows.SecurityDescriptorFromString(list)
		if err != nil {
			t.Errorf("%s: %v", list, err)
			continue
		}
		if err := judge(sd, reading|changing); want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s: %v, want %q", list, err, want)
		}
	}
}

func TestCheckFollowsTheList(t *testing.T) {
	path := filepath.Join(folder(t), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Check(path); err != nil {
		t.Errorf("a file of ours: %v", err)
	}
	open(t, path, nil)
	sd, err := windows.SecurityDescriptorFromString("D:P(A;;FA;;;SY)(A;;FA;;;WD)")
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := sd.DACL()
	if err != nil {
		t.Fatal(err)
	}
	if err := windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION, nil, nil, list, nil); err != nil {
		t.Fatal(err)
	}
	if err := Check(path); err == nil || !strings.Contains(err.Error(), "S-1-1-0 can write to it") {
		t.Errorf("a file that all can write: %v", err)
	}
	open(t, path, Check(path))
	if err := Check(path + "2"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

// open expects the same of the open file.
func open(t *testing.T, path string, want error) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := CheckOpen(f); (err == nil) != (want == nil) || err != nil && err.Error() != want.Error() {
		t.Errorf("open: %v, want %v", err, want)
	}
}

func TestMakeFolders(t *testing.T) {
	dir := folder(t)
	for name, create := range map[string]func(string) error{"private": MakePrivate, "guarded": MakeGuarded} {
		path := filepath.Join(dir, name)
		if err := create(path); err != nil {
			t.Fatal(err)
		}
		if err := Check(path); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := create(path); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s again: %v", name, err)
		}
		if err := create(filepath.Join(dir, "none", name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s below nothing: %v", name, err)
		}
		sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
		if err != nil {
			t.Fatal(err)
		}
		if all := strings.Contains(sd.String(), ";;;WD)") || strings.Contains(sd.String(), ";;;BU)"); all && name == "private" {
			t.Errorf("others reach the private folder: %s", sd)
		}
	}
}

// TestNames: a name that a reader holds open is given to another file once the
// reader is done.
func TestNames(t *testing.T) {
	dir := folder(t)
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, name := range []string{"old", "new"} {
		if err := root.WriteFile(name, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	reader, err := os.Open(filepath.Join(dir, "old"))
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(200*time.Millisecond, func() { reader.Close() })
	if err := Rename(root, "new", "old"); err != nil {
		t.Errorf("Rename: %v", err)
	}
	if text, err := root.ReadFile("old"); err != nil || string(text) != "new" {
		t.Errorf("%q, %v", text, err)
	}
	if err := Flush(root); err != nil {
		t.Errorf("Flush: %v", err)
	}
	if err := errors.Join(Remove(root, "old"), root.Mkdir("empty", 0o700), Remove(root, "empty")); err != nil {
		t.Errorf("Remove: %v", err)
	}
	for _, name := range []string{"old", "none"} {
		if err := Remove(root, name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Remove of %s: %v", name, err)
		}
	}
}

func TestRemoveAll(t *testing.T) {
	top := filepath.Join(folder(t), "top")
	if err := errors.Join(os.MkdirAll(filepath.Join(top, "a", "b"), 0o700), os.WriteFile(filepath.Join(top, "a", "b", "file"), nil, 0o600),
		os.WriteFile(filepath.Join(top, "file"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is gone
		if err := RemoveAll(top); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Lstat(top); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("left: %v", err)
	}
}

// TestRemoveOldWay: names that lead elsewhere are not taken.
func TestRemoveOldWay(t *testing.T) {
	dir := folder(t)
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := root.WriteFile("file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", ".", "..", `..\x`, "a/b", "file:stream"} {
		if err := removeOld(root, name); !errors.Is(err, windows.ERROR_INVALID_NAME) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := removeOld(root, "file"); err != nil {
		t.Error(err)
	}
	if err := removeOld(root, "file"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("again: %v", err)
	}
}

// TestReplacing: to create something in a folder is harmless for what is there, as in
// ProgramData; to delete or to own is not.
func TestReplacing(t *testing.T) {
	for list, want := range map[string]string{
		"O:SYD:(A;OICI;FA;;;SY)(A;OICI;FRFX;;;BU)(A;CI;DCLCRPCR;;;BU)(A;OICIIO;GA;;;CO)": "", // ProgramData
		"O:SYD:(A;;0x40;;;BU)": "S-1-5-32-545 can",
		"O:SYD:(A;;SD;;;BU)":   "S-1-5-32-545 can",
		"O:SYD:(A;;WD;;;BU)":   "S-1-5-32-545 can",
		"O:SYD:(A;;WO;;;BU)":   "S-1-5-32-545 can",
		"O:SYD:(A;;GA;;;BU)":   "S-1-5-32-545 can",
		"O:BUD:(A;;FA;;;SY)":   "it belongs to",
	} {
		sd, err := windows.SecurityDescriptorFromString(list)
		if err != nil {
			t.Fatal(err)
		}
		switch err := judge(sd, replacing); {
		case want == "" && err != nil:
			t.Errorf("%s: %v", list, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", list, err, want)
		}
	}
}
