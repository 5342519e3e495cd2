// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/quietsetup/quietsetup/store/storetest"
)

func TestDuplicate(t *testing.T) {
	dir := newDir(t)
	s, _ := mustOpen(t, Options{Dir: dir, SegmentBytes: smallSegment})
	want := fillSegments(t, s, 4)
	if err := os.MkdirAll(filepath.Join(dir, "outcome"), dirMode); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "outcome", "t.json"), "{}")
	writeFile(t, filepath.Join(dir, "outcome", "t.log"), "what the installer printed")
	live := filepath.Join(t.TempDir(), "live")
	files, used, err := Duplicate(dir, live)
	if err != nil || !used || len(files) == 0 {
		t.Fatalf("%v, in use %v, %v", files, used, err)
	}
	storetest.Equal(t, "copy of a working store", rawLines(t, live), want)
	if e := lookAt(t, live, childProbe); e.InUse || !slices.Equal(e.codes(), []string{"log.db: not_copied"}) {
		t.Errorf("%q", e.codes())
	}
	mustClose(t, s)
	still := filepath.Join(t.TempDir(), "still")
	if err := os.Mkdir(still, 0o755); err != nil { // an empty one is taken
		t.Fatal(err)
	}
	before := fingerprint(t, dir)
	files, used, err = Duplicate(dir, still)
	if err != nil || used {
		t.Fatalf("in use %v, %v", used, err)
	}
	if fingerprint(t, dir) != before {
		t.Error("the original was changed")
	}
	if e := lookAt(t, still, childProbe); e.part(PartDB).State != StateOK || e.worst() != StateOK && runtime.GOOS != "windows" && !slices.Equal(e.codes(), []string{"files: readable"}) {
		t.Errorf("%q", e.codes())
	}
	var names []string
	for _, f := range files {
		names = append(names, f.File)
		info, err := os.Lstat(filepath.Join(still, filepath.FromSlash(f.File)))
		if err != nil || info.Size() != f.Bytes || len(f.SHA256) != 64 || runtime.GOOS != "windows" && info.Mode() != fileMode {
			t.Errorf("%+v: %v", f, err)
		}
	}
	for _, must := range []string{nameDB, fileIdentity, fileClean, "outcome/t.json", "archive/" + segmentName(1)} {
		if !slices.Contains(names, must) {
			t.Errorf("%s is not in %q", must, names)
		}
	}
	if slices.Contains(names, "outcome/t.log") || slices.Contains(names, fileLock) {
		t.Errorf("copied %q", names)
	}
	mended, _ := mustOpen(t, Options{Dir: copyDir(t, still)})
	storetest.Equal(t, "a store made of the copy", storetest.Lines(t, mended.Records(1)), want)
}

// TestDuplicateWhileWriting takes copies while records are appended and segments
// move to the archive: each copy is a whole chain.
func TestDuplicateWhileWriting(t *testing.T) {
	dir := newDir(t)
	s, _ := mustOpen(t, Options{Dir: dir, SegmentBytes: smallSegment})
	storetest.Fill(t, s, 2)
	const rounds = 20
	turns, done := make(chan bool, rounds), make(chan error, 1)
	go func() {
		for range turns {
			for range 20 { // beside one copy
				seq, sum := s.Last()
				r := storetest.Record(seq+1, sum, 40)
				if s.WantsCheckpoint() {
					r = storetest.Checkpoint(seq+1, sum)
				}
				if err := s.Append(&r); err != nil {
					done <- err
					return
				}
			}
		}
		done <- nil
	}()
	end := sync.OnceValue(func() error { close(turns); return <-done })
	t.Cleanup(func() { _ = end() }) // before the store is released beneath it
	shortest, longest := 1<<30, 0
	for range rounds {
		turns <- true
		to := filepath.Join(t.TempDir(), "copy")
		if _, used, err := Duplicate(dir, to); err != nil || !used {
			t.Fatalf("in use %v, %v", used, err)
		}
		n := 0
		for _, path := range []string{to, dir} { // a growing log is read as a whole chain, too
			var seq uint64
			var sum string
			n = 0
			for l, err := range ReadLog(path) {
				if errors.Is(err, ErrTornTail) && path == dir {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if err := l.Record.Follows(seq, sum); err != nil {
					t.Fatalf("%s: %v", path, err)
				}
				seq, sum = l.Record.Seq, l.Record.Sum
				n++
			}
		}
		shortest, longest = min(shortest, n), max(longest, n)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d copies of %d to %d records", rounds, shortest, longest)
}

func TestDuplicateRefuses(t *testing.T) {
	dir, _ := original(t)
	full := t.TempDir()
	writeFile(t, filepath.Join(full, "x"), "x")
	parent := t.TempDir()
	file := filepath.Join(parent, "file")
	writeFile(t, file, "x")
	link := filepath.Join(parent, "link")
	places := map[string]string{"not empty": full, "a file": file, "a link": link,
		"inside": filepath.Join(dir, "copy"), "itself": dir, "around": filepath.Dir(dir), "no parent": filepath.Join(parent, "a", "b")}
	made := os.Symlink(t.TempDir(), link)
	if _, err := os.Lstat(link); err != nil { // Windows does not let everybody make one, and Wine only says that it did
		if runtime.GOOS != "windows" {
			t.Fatal(made, err)
		}
		delete(places, "a link")
	}
	for name, to := range places {
		if _, _, err := Duplicate(dir, to); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if b, err := os.ReadFile(file); err != nil || !bytes.Equal(b, []byte("x")) {
		t.Errorf("%q, %v", b, err)
	}
	for name, from := range map[string]string{"nothing there": filepath.Join(parent, "nowhere"), "no store": t.TempDir()} {
		to := filepath.Join(t.TempDir(), "copy")
		if _, _, err := Duplicate(from, to); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: something stayed: %v", name, err)
		}
	}
	// A link in place of a segment is not followed, and nothing stays.
	d := copyDir(t, dir)
	seg := lastSegment(t, d)
	if err := errors.Join(os.Rename(seg, seg+".x"), os.Symlink(seg+".x", seg)); err != nil && runtime.GOOS != "windows" {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "copy")
	if _, _, err := Duplicate(d, to); runtime.GOOS != "windows" && (!errors.Is(err, ErrUnsafe) || !strings.Contains(err.Error(), "is a link")) {
		t.Errorf("a link: %v", err)
	}
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) && runtime.GOOS != "windows" {
		t.Errorf("something stayed: %v", err)
	}
}

// TestBelow: what lies in a folder by its name, and what cannot be compared.
func TestBelow(t *testing.T) {
	at := func(parts ...string) string {
		return filepath.Join(append([]string{filepath.VolumeName(t.TempDir()) + string(filepath.Separator)}, parts...)...)
	}
	for _, c := range []struct {
		dir, path string
		want      bool
	}{
		{at("a"), at("a"), true},
		{at("a"), at("a", "b"), true},
		{at("a"), at("a", "..b"), true},
		{at("a", "b"), at("a"), false},
		{at("a", "b"), at("a", "c"), false},
		{at("a"), at("ab"), false},
	} {
		if got := below(c.dir, c.path); got != c.want {
			t.Errorf("%s in %s: %v", c.path, c.dir, got)
		}
	}
	if runtime.GOOS != "windows" && !below(at("a"), "b") {
		t.Error("what cannot be compared counts as inside")
	}
}

// TestOutside: a folder in the state directory is refused by what it is.
func TestOutside(t *testing.T) {
	dir, _ := original(t)
	for path, inside := range map[string]bool{dir: true, filepath.Join(dir, dirJournal): true, t.TempDir(): false} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := outside(dir, info); errors.Is(err, errInside) != inside || !inside && err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestDuplicateIntoWhatOthersWrite: an empty folder that others may change is not taken.
func TestDuplicateIntoWhatOthersWrite(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // rights are other things there; see files_windows_test.go
	}
	dir, _ := original(t)
	to := filepath.Join(t.TempDir(), "copy")
	if err := errors.Join(os.Mkdir(to, 0o700), os.Chmod(to, 0o777)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Duplicate(dir, to); !errors.Is(err, ErrUnsafe) {
		t.Errorf("%v", err)
	}
}

// TestDuplicateTellsOfLogDB: that log.db could not be copied is told, and nothing stays.
func TestDuplicateTellsOfLogDB(t *testing.T) {
	dir, _ := original(t)
	d := copyDir(t, dir)
	path := filepath.Join(d, nameDB)
	if err := errors.Join(os.Remove(path), os.Mkdir(path, dirMode)); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "copy")
	if files, _, err := Duplicate(d, to); err == nil {
		t.Errorf("copied %v", files)
	}
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something stayed: %v", err)
	}
}
