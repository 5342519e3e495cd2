// SPDX-License-Identifier: Apache-2.0

//go:build unix

package draft

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/quietsetup/quietsetup/internal/metadata/draft/depottest"
	"github.com/quietsetup/quietsetup/internal/needs"
)

// TestOwnerOfTheFolder wants a file that root writes into somebody's folder to be theirs.
func TestOwnerOfTheFolder(t *testing.T) {
	needs.Root(t)
	dir := t.TempDir()
	if err := os.Chown(dir, 4321, 4322); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if _, err := Write(root, "a.toml", []byte("x"), false); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "a.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if st := info.Sys().(*syscall.Stat_t); st.Uid != 4321 || st.Gid != 4322 {
		t.Errorf("owner %d:%d", st.Uid, st.Gid)
	}
}

// TestPipes wants a pipe in the place of a script or an installer to be left alone.
func TestPipes(t *testing.T) {
	depot, _ := depottest.Make(t)
	for _, name := range []string{"setup.opsiscript", "files1/greptool.msi"} {
		path := filepath.Join(depot, "grepwin", "CLIENT_DATA", name)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(path, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	d, err := makeIn(t, depot, "grepwin")
	if err != nil || d.Sure != Nothing {
		t.Errorf("%v %v", d.Sure, err)
	}
}
