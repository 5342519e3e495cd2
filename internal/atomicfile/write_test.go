// SPDX-License-Identifier: Apache-2.0

package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

func folder(t *testing.T) (string, *os.Root) {
	t.Helper()
	dir := plainDir(t)
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return dir, root
}

// plainDir is a folder that is gone after the test. It is deleted name by name: the
// way that t.TempDir deletes is not known to older systems, and Wine 8 is one.
func plainDir(t *testing.T) string {
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

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

// wantFiles compares all plain files of a folder, by name, with what they should hold.
func wantFiles(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
		if got, err := os.ReadFile(filepath.Join(dir, e.Name())); err != nil || string(got) != want[e.Name()] {
			t.Errorf("%s holds %q, %v; want %q", e.Name(), got, err, want[e.Name()])
		}
	}
	if len(names) != len(want) {
		t.Errorf("there are %q", names)
	}
}

func TestWrite(t *testing.T) {
	dir, root := folder(t)
	if err := os.WriteFile(filepath.Join(dir, ".x"+suffix), []byte("left by a crash"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Write(root, "x", Options{Mode: 0o640, Fresh: true}, text("first")); err != nil {
		t.Fatal(err)
	}
	if info, err := root.Stat("x"); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o640 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	wantFiles(t, dir, map[string]string{"x": "first"})

	asked := false
	if err := Write(root, "x", Options{Mode: 0o600, Fresh: true}, func(io.Writer) error { asked = true; return nil }); !errors.Is(err, fs.ErrExist) || asked {
		t.Errorf("a name that is taken: %v, filled: %v", err, asked)
	}
	short := func(w io.Writer) error { return errors.Join(text("sec")(w), io.ErrShortWrite) }
	if err := Write(root, "x", Options{Mode: 0o600}, short); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("half of a text: %v", err)
	}
	stop := errors.New("stop")
	if err := Write(root, "x", Options{Mode: 0o600, Last: func() error { return stop }}, text("second")); !errors.Is(err, stop) {
		t.Errorf("stopped at the end: %v", err)
	}
	wantFiles(t, dir, map[string]string{"x": "first"})

	if err := Write(root, "x", Options{Mode: 0o600}, text("second")); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, map[string]string{"x": "second"})
}

// TestRaces: what comes while a file is written loses nothing of others.
func TestRaces(t *testing.T) {
	dir, root := folder(t)
	other := func(name string) func() error {
		return func() error { return os.WriteFile(filepath.Join(dir, name), []byte("theirs"), 0o600) }
	}
	if err := Write(root, "x", Options{Mode: 0o600, Fresh: true, Last: other("x")}, text("ours")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("the name was taken meanwhile: %v", err)
	}
	wantFiles(t, dir, map[string]string{"x": "theirs"})
	temp := ".y" + suffix
	second := func() error { return errors.Join(root.Rename(temp, ".z"), other(temp)()) }
	if err := Write(root, "y", Options{Mode: 0o600, Last: second}, text("ours")); err == nil {
		t.Error("the file of another writer was taken for ours")
	}
	wantFiles(t, dir, map[string]string{"x": "theirs", temp: "theirs", ".z": "ours"})
}

// TestFolderIsSynced when the new name is in it and no other, and no earlier.
func TestFolderIsSynced(t *testing.T) {
	for _, fresh := range []bool{true, false} {
		dir, root := folder(t)
		failed := errors.New("no")
		if err := write(root, "x", Options{Mode: 0o600, Fresh: fresh}, text("new"), func(r *os.Root) error {
			if r != root {
				t.Error("another folder")
			}
			wantFiles(t, dir, map[string]string{"x": "new"})
			return failed
		}); !errors.Is(err, failed) {
			t.Errorf("fresh %v: the folder was not synced, or its error lost: %v", fresh, err)
		}
	}
	_, root := folder(t)
	if err := SyncFolder(root); err != nil {
		t.Error(err)
	}
}

func TestNotPlain(t *testing.T) {
	dir, root := folder(t)
	names := []string{"folder"}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	victim := filepath.Join(plainDir(t), "victim")
	err := os.Symlink(victim, filepath.Join(dir, "link"))
	if err == nil {
		_, err = os.Lstat(filepath.Join(dir, "link")) // Wine 8 says that it made one
	}
	if err == nil {
		names = append(names, "link")
	} else if runtime.GOOS != "windows" { // not everybody may make links there
		t.Fatal(err)
	}
	for _, name := range names {
		for _, fresh := range []bool{false, true} {
			if err := Write(root, name, Options{Mode: 0o600, Fresh: fresh}, text("x")); !errors.Is(err, ErrNotPlain) {
				t.Errorf("%s, fresh %v: %v", name, fresh, err)
			}
		}
	}
	if _, err := os.Stat(victim); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the link was followed: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(names) {
		t.Errorf("%v, %v", entries, err)
	}
	for _, name := range []string{"../out", "folder/x", "..", ""} {
		if err := Write(root, name, Options{Mode: 0o600}, text("x")); err == nil {
			t.Errorf("%q was written", name)
		}
	}
	if up, err := os.ReadDir(filepath.Dir(dir)); err != nil || slices.ContainsFunc(up, func(e fs.DirEntry) bool { return e.Name() == "out" }) {
		t.Errorf("%v, %v", up, err)
	}
}
