// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// newDisk is a disk on which one call may fail, with the calls that it was asked for.
func newDisk(failing int, err error) (*disk, *[]Op) {
	var calls []Op
	return &disk{now: time.Now, seam: func(c Call) error {
		calls = append(calls, c.Op)
		if len(calls) == failing {
			return err
		}
		return nil
	}}, &calls
}

// TestACallThatFailsIsTheLast: what is made becomes durable in the one order that
// leaves the old or the new, and after a call that failed nothing more is done.
func TestACallThatFailsIsTheLast(t *testing.T) {
	failed := errors.New("no")
	write := func(t *testing.T, path string) {
		t.Helper()
		if err := os.WriteFile(path, []byte("old text"), fileMode); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		do   func(d *disk, dir string) error
		want []Op
	}{
		{"a directory", func(d *disk, dir string) error { return d.mkdir(filepath.Join(dir, "new")) }, []Op{OpMkdir, OpSyncDir}},
		{"a directory that is there", func(d *disk, dir string) error { return d.mkdir(dir) }, nil},
		{"a small file", func(d *disk, dir string) error { return d.writeFile(filepath.Join(dir, "f"), []byte("x")) },
			[]Op{OpRemove, OpCreate, OpWrite, OpSync, OpRename, OpSyncDir}},
		{"a cut", func(d *disk, dir string) error { return d.cut(filepath.Join(dir, "old"), 3) }, []Op{OpTruncate, OpSync}},
		{"a second name", func(d *disk, dir string) error { _, err := d.keep(filepath.Join(dir, "old"), "why"); return err }, []Op{OpLink, OpSyncDir}},
		{"a removal", func(d *disk, dir string) error { return d.remove(filepath.Join(dir, "old")) }, []Op{OpRemove}},
		{"a removal of nothing", func(d *disk, dir string) error { return d.remove(filepath.Join(dir, "none")) }, []Op{OpRemove}},
		{"a reading", func(d *disk, dir string) error { _, err := d.readSmall(filepath.Join(dir, "old")); return err }, []Op{OpOpen}},
		{"the mark of a clean end", func(d *disk, dir string) error { return removeMark(d, dir) }, []Op{OpRemove, OpSyncDir}},
		{"store.json", func(d *disk, dir string) error { return writeStoreFile(d, dir, newIdentity()) }, []Op{OpRemove, OpCreate, OpWrite, OpSync, OpRename, OpSyncDir}},
		{"an empty log.db", func(d *disk, dir string) error {
			return createDB(d, filepath.Join(dir, nameDB), identity{Format: 1, Reader: 1, ID: "0123456789abcdef"})
		}, []Op{OpRemove, OpCreate, OpSync, OpRename, OpSyncDir}},
	} {
		for failing := 0; failing <= len(c.want); failing++ {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "old"))
			d, calls := newDisk(failing, failed)
			err := c.do(d, dir)
			want := c.want
			if failing > 0 {
				want = want[:failing]
			}
			if failing == 0 && err != nil || failing > 0 && !errors.Is(err, failed) || !slices.Equal(*calls, want) {
				t.Errorf("%s, call %d fails: %v after %v, want %v", c.name, failing, err, *calls, want)
			}
		}
	}
}

// TestTornWrite: what a full disk takes of a write is what stands in the file.
func TestTornWrite(t *testing.T) {
	failed := errors.New("full")
	for written, want := range map[int]string{-1: "", 0: "", 3: "abc", 6: "abcdef", 9: "abcdef"} {
		d, _ := newDisk(2, &Torn{Written: written, Err: failed})
		path := filepath.Join(t.TempDir(), "f")
		f, err := d.create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.write(f, []byte("abcdef")); !errors.Is(err, failed) {
			t.Errorf("%d: %v", written, err)
		}
		f.Close()
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%d: %q, %v", written, got, err)
		}
	}
}

// TestAsideNeverTakesANameTwice: what is put aside within one second stays too.
func TestAsideNeverTakesANameTwice(t *testing.T) {
	d, _ := newDisk(0, nil)
	d.now = func() time.Time { return time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC) }
	path := filepath.Join(t.TempDir(), "f")
	for _, want := range []string{"f.bad-20261122T080000Z", "f.bad-20261122T080000Z-2", "f.bad-20261122T080000Z-3"} {
		got, err := d.aside(path, "bad")
		if err != nil || filepath.Base(got) != want {
			t.Fatalf("%s, %v; want %s", got, err, want)
		}
		if err := os.WriteFile(got, nil, fileMode); err != nil {
			t.Fatal(err)
		}
	}
	// Windows says of a path below a file that it is not there.
	if _, err := d.aside(filepath.Join(path+".bad-20261122T080000Z", "below"), "bad"); runtime.GOOS != "windows" && (err == nil || strings.Contains(err.Error(), "no free name")) {
		t.Errorf("below a file: %v", err)
	}
}

// TestCheckedLooksAgain: what took a file's place after the look is refused.
func TestCheckedLooksAgain(t *testing.T) {
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := checked(dir, nil); !errors.Is(err, ErrUnsafe) {
		t.Errorf("a directory: %v", err)
	}
	d, _ := newDisk(0, nil)
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, nil, fileMode); err != nil {
		t.Fatal(err)
	}
	if err := d.remove(filepath.Dir(path)); err == nil {
		t.Error("a directory that is not empty was removed, or nobody says that it was not")
	}
	if err := d.mkdir(path); !errors.Is(err, ErrUnsafe) {
		t.Errorf("a file where a directory belongs: %v", err)
	}
}
