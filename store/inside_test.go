// SPDX-License-Identifier: Apache-2.0

package store

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/store/storetest"
)

// TestInside: what a folder and a file are counts, not their names.
func TestInside(t *testing.T) {
	dir, _ := original(t)
	out := filepath.Join(filepath.Dir(dir), "out") // of the same disk
	if err := os.Mkdir(out, 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(out, "own"), "x")
	seg := lastSegment(t, dir)
	second := filepath.Join(out, "second")
	if err := os.Link(seg, second); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, folder, file string
		want               bool
	}{
		{"itself", dir, "", true},
		{"a folder of it", filepath.Join(dir, dirJournal), "", true},
		{"around it", filepath.Dir(dir), "", false},
		{"elsewhere", out, filepath.Join(out, "own"), false},
		{"a second name", out, second, true},
	} {
		folder, err := os.Stat(c.folder)
		if err != nil {
			t.Fatal(err)
		}
		var file os.FileInfo
		if c.file != "" {
			if file, err = os.Lstat(c.file); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := Inside(dir, folder, file); got != c.want || err != nil {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
		if got, err := Inside(filepath.Join(dir, "nowhere"), folder, file); got || err != nil {
			t.Errorf("%s, of what is not there: %v, %v", c.name, got, err)
		}
		if runtime.GOOS == "windows" {
			continue // not everybody may make links there
		}
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(dir, link); err != nil {
			t.Fatal(err)
		}
		if got, err := Inside(link, folder, file); got != c.want || err != nil {
			t.Errorf("%s, by a link: %v, %v", c.name, got, err)
		}
	}
}

// TestDuplicateIntoItself refuses a place in the store of a running service,
// also one that is empty, by whatever path it is named; not a name is made there.
func TestDuplicateIntoItself(t *testing.T) {
	dir := newDir(t)
	s, _ := mustOpen(t, Options{Dir: dir}) // its archive is empty
	storetest.Fill(t, s, 2)
	around := filepath.Dir(dir)
	before := fingerprint(t, dir)
	for cwd, sources := range map[string][]string{dir: {dir, "."}, around: {dir, filepath.Base(dir)}, filepath.Join(dir, dirArchive): {dir, ".."}} {
		t.Chdir(cwd)
		for _, from := range sources {
			for _, to := range []string{filepath.Join(dir, dirArchive), filepath.Join(dir, "copy"), filepath.Join(dir, dirJournal, "copy"), dir} {
				for _, to := range []string{to, relative(t, cwd, to)} {
					if _, _, err := Duplicate(from, to); err == nil || !strings.Contains(err.Error(), "one lies in the other") {
						t.Errorf("in %s: a copy of %s to %s: %v", cwd, from, to, err)
					}
				}
			}
		}
	}
	if runtime.GOOS != "windows" { // not everybody may make links there
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(dir, link); err != nil {
			t.Fatal(err)
		}
		t.Chdir(filepath.Dir(link))
		for _, p := range [][2]string{{dir, "link/archive"}, {"link", "link/archive"}, {"link", filepath.Join(dir, "copy")}, {link, "link/copy"}} {
			if _, _, err := Duplicate(p[0], p[1]); err == nil || !strings.Contains(err.Error(), "one lies in the other") {
				t.Errorf("a copy of %s to %s: %v", p[0], p[1], err)
			}
		}
	}
	if fingerprint(t, dir) != before {
		t.Error("the store was changed")
	}
	// Beside it a relative place is as good as any.
	cwd := filepath.Join(around, "beside")
	if err := os.Mkdir(cwd, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(cwd)
	if files, _, err := Duplicate(relative(t, cwd, dir), "copy"); err != nil || len(files) == 0 {
		t.Errorf("%v, %v", files, err)
	}
}

func relative(t *testing.T, from, to string) string {
	t.Helper()
	r, err := filepath.Rel(from, to)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
