// SPDX-License-Identifier: Apache-2.0

package canon

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/metadata"
)

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
}

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f.toml")
	put(t, path, "old")
	if err := os.Chmod(path, 0o604); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, ".f.toml.quietsetup-new"), "left by a crash")
	if err := Replace(path, []byte("old"), []byte("new")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o604 {
		t.Errorf("mode %v", info.Mode())
	}
	if err := Replace(path, []byte("old"), []byte("newer")); err == nil || !strings.Contains(err.Error(), "somebody changed it") {
		t.Error(err)
	}
	if text, err := Read(path); err != nil || string(text) != "new" {
		t.Errorf("%q, %v", text, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	meta := filepath.FromSlash(metadata.MetaFile)
	for _, name := range []string{filepath.Join("b", meta), filepath.Join("a", meta), "c/x", "lone.toml"} {
		put(t, filepath.Join(dir, name), "")
	}
	for path, want := range map[string][]string{
		dir:                             {filepath.Join(dir, "a", meta), filepath.Join(dir, "b", meta)},
		filepath.Join(dir, "a"):         {filepath.Join(dir, "a", meta)},
		filepath.Join(dir, "lone.toml"): {filepath.Join(dir, "lone.toml")},
	} {
		if got, err := Find(path); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
	if _, err := Find(filepath.Join(dir, "c")); !errors.Is(err, ErrNoFile) {
		t.Error(err)
	}
	if _, err := Find(filepath.Join(dir, "gone")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if runtime.GOOS == "windows" {
		return // not everybody may make links there
	}
	link := filepath.Join(dir, "link.toml")
	if err := os.Symlink("lone.toml", link); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(link); !errors.Is(err, metadata.ErrNotPlain) {
		t.Error(err)
	}
}
