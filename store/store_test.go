// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/store/storetest"
)

const smallSegment = 4000

func TestConformance(t *testing.T) {
	t.Run("disk", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) storetest.Opened {
			opt := Options{Dir: newDir(t), SegmentBytes: smallSegment}
			s, _ := mustOpen(t, opt)
			return storetest.Opened{Log: s,
				WantsCheckpoint: func() bool { return s.WantsCheckpoint() },
				Reopen: func() storetest.Log {
					mustClose(t, s)
					var f Findings
					if s, f = mustOpen(t, opt); !f.Clean {
						t.Errorf("findings after Close: %+v", f)
					}
					return s
				}}
		})
	})
	t.Run("disk, stopped out of order", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) storetest.Opened {
			opt := Options{Dir: newDir(t), SegmentBytes: smallSegment}
			s, _ := mustOpen(t, opt)
			return storetest.Opened{Log: s,
				WantsCheckpoint: func() bool { return s.WantsCheckpoint() },
				Reopen: func() storetest.Log {
					drop(t, s)
					var f Findings
					if s, f = mustOpen(t, opt); f.Clean || len(f.Rebuilt) > 0 || f.Lost != nil {
						t.Errorf("findings after a stop: %+v", f)
					}
					return s
				}}
		})
	})
	t.Run("memory", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) storetest.Opened {
			m := NewMemory(MemoryOptions{SegmentBytes: smallSegment})
			return storetest.Opened{Log: m, WantsCheckpoint: m.WantsCheckpoint,
				Reopen: func() storetest.Log {
					if err := m.Close(); err != nil {
						t.Fatal(err)
					}
					if f, err := m.Reopen(); err != nil || !f.Clean {
						t.Errorf("findings after Close: %+v, %v", f, err)
					}
					return m
				}}
		})
	})
}

func TestCreate(t *testing.T) {
	dir := newDir(t)
	s, f := mustOpen(t, Options{Dir: dir})
	if !f.Created || f.Clean || f.Lost != nil || len(f.Rebuilt) > 0 {
		t.Errorf("findings of a new store: %+v", f)
	}
	id := s.ID()
	if len(id) != 16 {
		t.Errorf("id %q", id)
	}
	mustClose(t, s)
	s, f = mustOpen(t, Options{Dir: dir})
	if s.ID() != id || !f.Clean || f.Created {
		t.Errorf("reopened empty: id %s, findings %+v", s.ID(), f)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	r := storetest.Record(1, "", 0)
	if err := s.Append(&r); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("append after Close: %v", err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		want := fileMode
		if e.IsDir() {
			want = dirMode
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestInUse(t *testing.T) {
	dir := newDir(t)
	s, _ := mustOpen(t, Options{Dir: dir})
	storetest.Fill(t, s, 2)
	if _, _, err := Open(Options{Dir: dir, LockTimeout: 30 * time.Millisecond}); !errors.Is(err, ErrInUse) {
		t.Errorf("second opener: %v", err)
	}
	for _, err := range ReadLog(filepath.Join(dir, nameDB)) {
		if !errors.Is(err, ErrInUse) {
			t.Errorf("reading a live log.db: %v", err)
		}
	}
	mustClose(t, s)
	db, err := bbolt.Open(filepath.Join(dir, nameDB), fileMode, nil) // some other tool
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, _, err := Open(Options{Dir: dir, LockTimeout: 30 * time.Millisecond}); !errors.Is(err, ErrInUse) {
		t.Errorf("log.db held by another: %v", err)
	}
}

// snapshot is every file of a directory with its bytes.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			var b []byte
			b, err = os.ReadFile(path)
			out[path] = string(b)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNewer(t *testing.T) {
	stamp := func(t *testing.T, dir, key, value string) {
		db, err := bbolt.Open(filepath.Join(dir, nameDB), fileMode, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		id, err := readIdentity(db)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(value)
		if err != nil {
			t.Fatal(err)
		}
		if key == keyReader {
			id.Reader = n
		} else {
			id.Format = n
		}
		if err := db.Update(func(tx *bbolt.Tx) error {
			meta := tx.Bucket([]byte(bucketMeta))
			return errors.Join(meta.Put([]byte(key), []byte(value)), meta.Put([]byte(keyCheck), []byte(id.check())))
		}); err != nil {
			t.Fatal(err)
		}
	}
	later := func(t *testing.T, dir string) string {
		seg := filepath.Join(dir, dirJournal, segmentName(1))
		b, err := os.ReadFile(seg)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitAfter(string(b), "\n")
		r, err := events.DecodeRecord([]byte(strings.TrimSuffix(lines[2], "\n")))
		if err != nil {
			t.Fatal(err)
		}
		next := storetest.Record(4, r.Sum, 0)
		next.V = 2
		return storetest.Line(t, next) + "\n"
	}
	cases := map[string]func(t *testing.T, dir string){
		"store.json": func(t *testing.T, dir string) {
			writeFile(t, filepath.Join(dir, fileIdentity), sealed(t, identity{3, 2, "0123456789abcdef"}))
		},
		"log.db":                func(t *testing.T, dir string) { stamp(t, dir, keyReader, "2") },
		"log.db, no store.json": func(t *testing.T, dir string) { stamp(t, dir, keyReader, "2"); remove(t, dir, fileIdentity) },
		"journal record": func(t *testing.T, dir string) {
			seg := filepath.Join(dir, dirJournal, segmentName(1))
			b, _ := os.ReadFile(seg)
			writeFile(t, seg, string(b)+later(t, dir))
		},
		"journal record, log.db damaged": func(t *testing.T, dir string) {
			seg := filepath.Join(dir, dirJournal, segmentName(1))
			b, _ := os.ReadFile(seg)
			writeFile(t, seg, string(b)+later(t, dir))
			writeFile(t, filepath.Join(dir, nameDB), "nonsense")
		},
	}
	for name, change := range cases {
		for _, clean := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				dir := newDir(t)
				s, _ := mustOpen(t, Options{Dir: dir})
				storetest.Fill(t, s, 3)
				if clean {
					mustClose(t, s)
				} else {
					drop(t, s)
				}
				change(t, dir)
				before := snapshot(t, dir)
				if _, _, err := Open(Options{Dir: dir, Probe: childProbe}); !errors.Is(err, ErrNewer) {
					t.Errorf("clean %v: %v, want ErrNewer", clean, err)
				}
				after := snapshot(t, dir)
				if len(before) != len(after) {
					t.Errorf("files changed: %d before, %d after", len(before), len(after))
				}
				for path := range before {
					if before[path] != after[path] {
						t.Errorf("%s changed", path)
					}
				}
			})
		}
	}
	t.Run("newer format, old enough reader", func(t *testing.T) {
		dir := newDir(t)
		s, _ := mustOpen(t, Options{Dir: dir})
		id := s.ID()
		mustClose(t, s)
		writeFile(t, filepath.Join(dir, fileIdentity), sealed(t, identity{2, 1, id}))
		stamp(t, dir, keyFormat, "2")
		if s, _, err := Open(Options{Dir: dir}); err != nil {
			t.Error(err)
		} else {
			mustClose(t, s)
		}
	})
}

func sealed(t testing.TB, v any) string {
	t.Helper()
	b, err := seal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func writeFile(t testing.TB, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), fileMode); err != nil {
		t.Fatal(err)
	}
	return path
}

func remove(t testing.TB, dir, name string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

func TestUnsafeFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // there the directory's access list decides
	}
	link := func(t *testing.T, path string) {
		other := newDir(t)
		if err := os.Rename(path, other); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(other, path); err != nil {
			t.Fatal(err)
		}
	}
	open := func(t *testing.T, path string) {
		if err := os.Chmod(path, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{nameDB, dirJournal, dirJournal + "/" + segmentName(1), dirArchive, fileIdentity, fileLock, fileClean, "."} {
		for how, spoil := range map[string]func(*testing.T, string){"link": link, "writable": open} {
			if name == "." && how == "link" {
				continue // where the state directory is, is the admin's choice
			}
			t.Run(name+" "+how, func(t *testing.T) {
				dir := newDir(t)
				s, _ := mustOpen(t, Options{Dir: dir})
				storetest.Fill(t, s, 2)
				mustClose(t, s)
				spoil(t, filepath.Join(dir, name))
				s, _, err := Open(Options{Dir: dir})
				if err == nil {
					mustClose(t, s)
				}
				if !errors.Is(err, ErrUnsafe) {
					t.Errorf("got %v, want ErrUnsafe", err)
				}
			})
		}
	}
}

// Files of the log that others can read are private again after a start.
func TestReadableFilesAreHidden(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // there the directory's access list decides
	}
	dir := newDir(t)
	s, _ := mustOpen(t, Options{Dir: dir})
	storetest.Fill(t, s, 2)
	mustClose(t, s)
	names := []string{nameDB, dirJournal + "/" + segmentName(1)}
	for _, name := range names {
		if err := os.Chmod(filepath.Join(dir, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s, _ = mustOpen(t, Options{Dir: dir})
	mustClose(t, s)
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != fileMode {
			t.Errorf("%s has mode %v, %v", name, info.Mode(), err)
		}
	}
}

// A link in the place of a log file is never a way to change somebody's mode:
// neither one that was there before, nor one that comes while it is opened.
func TestHideFollowsNoLink(t *testing.T) {
	if !modes {
		return
	}
	dir := t.TempDir()
	victim, folder := filepath.Join(dir, "victim"), filepath.Join(dir, "folder")
	path, link := filepath.Join(dir, "log.db"), filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(victim, nil, 0o600), os.Chmod(victim, 0o644), os.Mkdir(folder, 0o700), os.Chmod(folder, 0o755)); err != nil {
		t.Fatal(err)
	}
	whole := func() {
		t.Helper()
		for path, want := range map[string]os.FileMode{victim: 0o644, folder: 0o755} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
				t.Fatalf("%s has mode %v, %v", path, info.Mode(), err)
			}
		}
	}
	for _, to := range []string{victim, folder} {
		_ = os.Remove(path)
		if err := os.Symlink(to, path); err != nil {
			t.Fatal(err)
		}
		if err := hide(path); !errors.Is(err, ErrUnsafe) {
			t.Errorf("a link to %s: %v", to, err)
		}
		whole()
		stop, ended := make(chan struct{}), make(chan error, 1)
		go func() {
			for {
				select {
				case <-stop:
					ended <- nil
					return
				default:
				}
				err := errors.Join(os.WriteFile(link, nil, 0o600), os.Chmod(link, 0o644), os.Rename(link, path),
					os.Symlink(to, link), os.Rename(link, path))
				if err != nil {
					ended <- err
					return
				}
			}
		}()
		for range 2000 {
			_ = hide(path)
		}
		close(stop)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		whole()
	}
}

// Whatever was looked at before: a link or a file that others can write is not
// opened as the store's own.
func TestOwnBoltIsJudgedWhenOpen(t *testing.T) {
	if !modes {
		return
	}
	dir := newDir(t)
	s, _ := mustOpen(t, Options{Dir: dir})
	storetest.Fill(t, s, 2)
	mustClose(t, s)
	path, link := filepath.Join(dir, nameDB), filepath.Join(dir, "link")
	db, err := openOwnBolt(path, true, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(closeBolt(db), os.Symlink(path, link), os.Chmod(path, 0o622)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, link} {
		for _, readOnly := range []bool{true, false} {
			if db, err := openOwnBolt(path, readOnly, time.Second); err == nil {
				t.Errorf("%s is opened: %v", path, closeBolt(db))
			}
		}
	}
	if err := os.Chmod(path, fileMode); err != nil {
		t.Fatal(err)
	}
	if db, err := openOwnBolt(link, true, time.Second); err == nil {
		t.Errorf("a link is opened: %v", closeBolt(db))
	}
}

func TestExportAndCopy(t *testing.T) {
	dir := newDir(t)
	s, _ := mustOpen(t, Options{Dir: dir, SegmentBytes: smallSegment})
	want := fillSegments(t, s, 4)
	var full, redacted bytes.Buffer
	if err := errors.Join(s.Export(&full, false), s.Export(&redacted, true)); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(want, "\n") + "\n"; got != full.String() {
		t.Error("the export differs from what was appended")
	}
	if !strings.Contains(full.String(), "user 7") || strings.Contains(redacted.String(), `"user `) {
		t.Error("private parts are not where they should be")
	}
	dest := filepath.Join(t.TempDir(), "export.ndjson")
	writeFile(t, dest, redacted.String())
	seq, sum := uint64(0), ""
	for l, err := range ReadLog(dest) {
		if err == nil {
			err = l.Record.Follows(seq, sum)
		}
		if err != nil {
			t.Fatal(err)
		}
		seq, sum = l.Record.Seq, l.Record.Sum
	}
	if int(seq) != len(want) {
		t.Errorf("the export has %d records, want %d", seq, len(want))
	}

	dest = filepath.Join(t.TempDir(), "copy.db")
	if err := s.Copy(dest); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(dest)
	if err != nil {
		t.Fatal(err)
	}
	got := rawLines(t, dest)
	storetest.Equal(t, "copy", got, want[len(want)-len(got):])
	if len(got) < 2 {
		t.Errorf("the copy has %d records", len(got))
	}
	after, err := os.ReadFile(dest)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, after) {
		t.Error("reading the copy changed it")
	}
	if err := ProbeFile(dest); err != nil {
		t.Errorf("probe of the copy: %v", err)
	}
	if err := s.Copy(filepath.Join(t.TempDir(), "missing", "copy.db")); err == nil {
		t.Error("a copy into a missing directory succeeded")
	}
}

// fillSegments appends until there are n checkpoints, and a few more records.
func fillSegments(t testing.TB, s *Store, n int) []string {
	t.Helper()
	var want []string
	for range n {
		for !s.WantsCheckpoint() {
			want = append(want, storetest.Fill(t, s, 1)...)
		}
		seq, sum := s.Last()
		want = append(want, storetest.Put(t, s, storetest.Checkpoint(seq+1, sum)))
		if err := s.Upkeep(); err != nil {
			t.Fatal(err)
		}
	}
	return append(want, storetest.Fill(t, s, 2)...)
}

func TestArchive(t *testing.T) {
	dir := newDir(t)
	s, _ := mustOpen(t, Options{Dir: dir, SegmentBytes: smallSegment})
	want := fillSegments(t, s, 6)
	archived, err := listSegments(filepath.Join(dir, dirArchive))
	if err != nil {
		t.Fatal(err)
	}
	kept, err := listSegments(filepath.Join(dir, dirJournal))
	if err != nil {
		t.Fatal(err)
	}
	if len(archived) != 5 || len(kept) != 2 || s.first != kept[0] {
		t.Errorf("archived %v, kept %v, log.db from %d", archived, kept, s.first)
	}
	mustClose(t, s)
	storetest.Equal(t, "the directory", rawLines(t, dir), want)
	storetest.Equal(t, "the archive", rawLines(t, filepath.Join(dir, dirArchive)), want[:kept[0]-1])

	s, _ = mustOpen(t, Options{Dir: dir})
	remove(t, dir, dirArchive+"/"+segmentName(archived[1])) // an admin may take old segments away
	n := uint64(0)
	for r, err := range s.Records(1) {
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Error(err)
			}
			break
		}
		n = r.Seq
	}
	if n != archived[1]-1 {
		t.Errorf("read up to %d, want %d", n, archived[1]-1)
	}
	if err := s.Export(&bytes.Buffer{}, true); err != nil {
		t.Errorf("export without an archived segment: %v", err)
	}
}

func TestMigrate(t *testing.T) {
	dir := newDir(t)
	s, _ := mustOpen(t, Options{Dir: dir})
	mustClose(t, s)
	var ran []int
	note := func(n int) func(*disk, string) error {
		return func(*disk, string) error { ran = append(ran, n); return nil }
	}
	d := &disk{now: time.Now}
	id, err := migrate(d, dir, s.id, 3, []step{{1, note(1)}, {2, note(2)}, {3, note(3)}})
	if err != nil || id.Format != 3 || len(ran) != 2 {
		t.Errorf("migrated to %+v by steps %v: %v", id, ran, err)
	}
	if kept, _ := filepath.Glob(filepath.Join(dir, nameDB+".format-*")); len(kept) != 2 {
		t.Errorf("kept %v", kept)
	}
	if stamped, _, err := readStoreFile(d, dir); err != nil || stamped != id {
		t.Errorf("stamped %+v, %v", stamped, err)
	}
	if _, err := migrate(d, dir, s.id, 3, nil); !errors.Is(err, ErrDamaged) {
		t.Errorf("without a step: %v", err)
	}
	broken := errors.New("broken")
	if _, err := migrate(d, dir, s.id, 2, []step{{1, func(*disk, string) error { return broken }}}); !errors.Is(err, broken) {
		t.Errorf("failing step: %v", err)
	}
}

func TestProbeIsAskedAfterAnUncleanStop(t *testing.T) {
	dir := newDir(t)
	asked := 0
	opt := Options{Dir: dir, Probe: func(_ context.Context, path string) error { asked++; return ProbeFile(path) }}
	s, _ := mustOpen(t, opt)
	storetest.Fill(t, s, 3)
	mustClose(t, s)
	s, _ = mustOpen(t, opt)
	if asked != 0 {
		t.Error("probed after a clean stop")
	}
	drop(t, s)
	_, f := mustOpen(t, opt)
	if asked != 1 || f.ProbeTook <= 0 {
		t.Errorf("probed %d times, took %v", asked, f.ProbeTook)
	}
}

func TestMemoryOutcomes(t *testing.T) {
	for op, there := range map[Op]uint64{OpWrite: 2, OpCommit: 3} {
		fail := false
		m := NewMemory(MemoryOptions{Seam: func(c Call) error {
			if fail && c.Op == op {
				return errors.New("no")
			}
			return nil
		}})
		storetest.Fill(t, m, 2)
		_, sum := m.Last()
		r := storetest.Record(3, sum, 0)
		fail = true
		if err := m.Append(&r); !errors.Is(err, ErrOutcomeUnknown) {
			t.Errorf("%s: %v", op, err)
		}
		if err := m.Append(&r); !errors.Is(err, ErrOutcomeUnknown) {
			t.Errorf("%s, again: %v", op, err)
		}
		fail = false
		if _, err := m.Recover(); err != nil {
			t.Fatal(err)
		}
		if seq, _ := m.Last(); seq != there {
			t.Errorf("%s: ends with %d, want %d", op, seq, there)
		}
		storetest.Fill(t, m, 1)
	}
}

// TestAppendRefuses: product names that are no key of log.db, and a record that
// could not be read back.
func TestAppendRefuses(t *testing.T) {
	s, _ := mustOpen(t, Options{Dir: newDir(t)})
	for name, ok := range map[string]bool{"": false, "\x00a": false, "a\x00": false, strings.Repeat("x", 1024): true, strings.Repeat("x", 1025): false} {
		seq, sum := s.Last()
		r := storetest.Record(seq+1, sum, 0)
		r.Products = []string{name}
		if err := s.Append(&r); (err == nil) != ok || errors.Is(err, ErrOutcomeUnknown) {
			t.Errorf("%d bytes, %.5q: %v", len(name), name, err)
		}
	}
	seq, sum := s.Last()
	r := storetest.Record(seq+1, sum, maxLine)
	if err := s.Append(&r); err == nil || errors.Is(err, ErrOutcomeUnknown) {
		t.Errorf("a record longer than what is read: %v", err)
	}
	storetest.Fill(t, s, 1)
}

// TestCopyIsWholeOrNotThere: whichever call of a copy fails, it is said and nothing
// of the copy stays.
func TestCopyIsWholeOrNotThere(t *testing.T) {
	failing, n := 0, 0
	armed := false
	s, _ := mustOpen(t, Options{Dir: newDir(t), Seam: func(c Call) error {
		if armed {
			if n++; n == failing {
				return syscall.EIO
			}
		}
		return nil
	}})
	want := storetest.Fill(t, s, 5)
	armed = true
	to := filepath.Join(t.TempDir(), "copy.db")
	if err := s.Copy(to); err != nil || n < 5 {
		t.Fatalf("%v after %d calls", err, n)
	}
	storetest.Equal(t, "the copy", rawLines(t, to), want)
	calls := n
	for failing = 1; failing <= calls; failing++ {
		n = 0
		dir := t.TempDir()
		err := s.Copy(filepath.Join(dir, "copy.db"))
		left, derr := os.ReadDir(dir)
		if !errors.Is(err, syscall.EIO) || derr != nil || len(left) > 0 && failing < calls { // the last one syncs the name
			t.Errorf("call %d fails: %v; left %v", failing, err, left)
		}
	}
}

// TestMemoryReopens as a store on disk does: new once, clean after Close.
func TestMemoryReopens(t *testing.T) {
	m := NewMemory(MemoryOptions{})
	for _, c := range []struct {
		name           string
		do             func()
		created, clean bool
	}{
		{"at first", func() {}, true, false},
		{"closed empty", func() { _ = m.Close() }, false, true},
		{"killed", func() { storetest.Fill(t, m, 2) }, false, false},
		{"closed", func() { _ = m.Close() }, false, true},
	} {
		c.do()
		if f, err := m.Reopen(); err != nil || f.Created != c.created || f.Clean != c.clean {
			t.Errorf("%s: %+v, %v", c.name, f, err)
		}
	}
}

// TestMemoryWantsCheckpoint as a store on disk does: when the segment has its size.
func TestMemoryWantsCheckpoint(t *testing.T) {
	m := NewMemory(MemoryOptions{})
	storetest.Fill(t, m, 3)
	if m.WantsCheckpoint() {
		t.Error("after three records")
	}
	// The first record's line is not counted, the second one's is.
	size := int64(len(storetest.Lines(t, m.Records(2))[0]) + 1)
	for limit, want := range map[int64]bool{size: true, size + 1: false} {
		m := NewMemory(MemoryOptions{SegmentBytes: limit})
		if storetest.Fill(t, m, 2); m.WantsCheckpoint() != want {
			t.Errorf("%d bytes of %d: %v", size, limit, !want)
		}
	}
}

// TestMemorySeam: calls are numbered in their order.
func TestMemorySeam(t *testing.T) {
	var got []int
	m := NewMemory(MemoryOptions{Seam: func(c Call) error { got = append(got, c.N); return nil }})
	if storetest.Fill(t, m, 2); !slices.Equal(got, []int{1, 2, 3, 4}) {
		t.Errorf("calls %v", got)
	}
}
