// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/quietsetup/quietsetup/internal/metadata/draft/depottest"
)

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func holds(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v; want %q", filepath.Base(path), got, err, want)
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	file := filepath.Join(dir, "a.toml")

	if backup, err := Write(root, "a.toml", []byte("one"), false); err != nil || backup != "" {
		t.Fatalf("%q %v", backup, err)
	}
	holds(t, file, "one")
	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o644 && runtime.GOOS != "windows" { // where a file's list of rights counts
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := Write(root, "a.toml", []byte("two"), false); !errors.Is(err, ErrExists) {
		t.Errorf("got %v, want ErrExists", err)
	}
	holds(t, file, "one")
	for i, want := range []string{"a.toml.bak-1", "a.toml.bak-2", "a.toml.bak-3"} {
		if backup, err := Write(root, "a.toml", []byte{byte('2' + i)}, true); err != nil || backup != want {
			t.Errorf("backup %q, %v; want %s", backup, err, want)
		}
	}
	holds(t, file, "4")
	holds(t, file+".bak-1", "one")
	holds(t, file+".bak-2", "2")
	holds(t, file+".bak-3", "3")
	// A name that is taken is passed over, whatever lies there.
	if err := os.Mkdir(file+".bak-4", 0o700); err != nil {
		t.Fatal(err)
	}
	if backup, err := Write(root, "a.toml", []byte("5"), true); err != nil || backup != "a.toml.bak-5" {
		t.Errorf("backup %q, %v", backup, err)
	}
	if got, want := names(t, dir), []string{"a.toml", "a.toml.bak-1", "a.toml.bak-2", "a.toml.bak-3", "a.toml.bak-4", "a.toml.bak-5"}; !slices.Equal(got, want) {
		t.Errorf("the folder holds %q, want %q", got, want)
	}
}

// TestWriteThroughNothing wants neither a link nor a folder in the file's place
// to be written through or replaced.
func TestWriteThroughNothing(t *testing.T) {
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "victim")
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	made := linked(t, outside, filepath.Join(dir, "link.toml"))
	if err := os.Mkdir(filepath.Join(dir, "folder.toml"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"link.toml", "folder.toml"} {
		for _, replace := range []bool{false, true} {
			if name == "link.toml" && !made {
				continue
			}
			if _, err := Write(root, name, []byte("x"), replace); err == nil {
				t.Errorf("%s was written, replace %v", name, replace)
			}
		}
	}
	if _, err := os.Stat(outside); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the link was followed: %v", err)
	}
	if got := names(t, dir); len(got) > 2 || slices.ContainsFunc(got, func(name string) bool { return name != "link.toml" && name != "folder.toml" }) {
		t.Errorf("something was left behind: %q", got)
	}
}

// linked makes a link. Windows does not let everybody, and Wine only says that it did.
func linked(t *testing.T, to, link string) bool {
	t.Helper()
	err := os.Symlink(to, link)
	if _, there := os.Lstat(link); there == nil {
		return true
	}
	if runtime.GOOS != "windows" {
		t.Fatal(err)
	}
	return false
}

// TestHostilePackage opens nothing that could keep it waiting or lead out.
func TestHostilePackage(t *testing.T) {
	depot, _ := depottest.Make(t)
	d, err := makeIn(t, depot, "links-out")
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range d.Installers {
		if slices.Contains(in.Processes, "secret.exe") {
			t.Error("a script outside was read")
		}
	}
	dir := filepath.Join(depot, "7zip", "CLIENT_DATA")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if !linked(t, filepath.Join(depot, "grepwin", "CLIENT_DATA"), dir) {
		return
	}
	if _, err := makeIn(t, depot, "7zip"); !errors.Is(err, ErrBroken) {
		t.Errorf("a linked CLIENT_DATA: %v", err)
	}
}
