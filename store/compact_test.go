// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/quietsetup/quietsetup/store/storetest"
)

// bulky is a store that was closed in order, with free pages in log.db and, as
// after upkeep that failed, segments that belong into the archive.
func bulky(t *testing.T) (dir string, want []string) {
	t.Helper()
	dir = newDir(t)
	failing := false
	s, _ := mustOpen(t, Options{Dir: dir, SegmentBytes: smallSegment, Seam: func(c Call) error {
		if failing && (c.Op == OpRename || c.Op == OpCreate && filepath.Base(c.Path) == nameDB+tmpSuffix) {
			return syscall.EIO
		}
		return nil
	}})
	failing = true
	for seq := uint64(1); seq <= 22; seq++ {
		_, sum := s.Last()
		r := storetest.Record(seq, sum, 8000)
		if seq%5 == 0 {
			r = storetest.Checkpoint(seq, sum)
		}
		want = append(want, storetest.Put(t, s, r))
	}
	if s.Upkeep() == nil {
		t.Fatal("upkeep was to fail")
	}
	failing = false
	mustClose(t, s)
	return dir, want
}

func compactIn(dir string, seam Seam, probe func(context.Context, string) error) (Compacted, error) {
	s, _, err := Open(Options{Dir: dir, OnlyClean: true, Seam: seam, Probe: probe})
	if err != nil {
		return Compacted{}, err
	}
	c, err := s.Compact()
	if errors.Is(err, errCrashed) {
		s.closed = true
		_ = s.release() // the process is gone
		return c, err
	}
	return c, errors.Join(err, s.Close())
}

func TestCompact(t *testing.T) {
	dir, want := bulky(t)
	c, err := compactIn(dir, nil, childProbe)
	if err != nil || c.Archived != 3 || c.After >= c.Before {
		t.Fatalf("%+v, %v", c, err)
	}
	if e := lookAt(t, dir, childProbe); len(e.codes()) > 0 {
		t.Errorf("%q", e.codes())
	}
	storetest.Equal(t, "after it", rawLines(t, dir), want)
	twinsEqual(t, dir, want)
	s, f := mustOpen(t, Options{Dir: dir})
	if !f.Clean || s.Upkeep() != nil {
		t.Errorf("%+v, %v", f, s.Upkeep())
	}
	mustClose(t, s)
	if c, err := compactIn(dir, nil, childProbe); err != nil || c.Archived != 0 || c.After != c.Before {
		t.Errorf("once more: %+v, %v", c, err)
	}
	empty := newDir(t)
	s, _ = mustOpen(t, Options{Dir: empty})
	mustClose(t, s)
	if _, err := compactIn(empty, nil, childProbe); err != nil {
		t.Errorf("an empty log: %v", err)
	}
}

func TestCompactRefuses(t *testing.T) {
	dir, _ := bulky(t)
	s, _ := mustOpen(t, Options{Dir: dir})
	if _, err := compactIn(dir, nil, nil); !errors.Is(err, ErrInUse) {
		t.Errorf("in use: %v", err)
	}
	drop(t, s)
	before := fingerprint(t, dir)
	if _, err := compactIn(dir, nil, nil); !errors.Is(err, ErrUnclean) {
		t.Errorf("not closed in order: %v", err)
	}
	if fingerprint(t, dir) != before {
		t.Error("it changed something")
	}
	missing := newDir(t)
	if _, err := compactIn(missing, nil, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
	if _, err := os.Lstat(missing); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it made something: %v", err)
	}
	// A new file that does not pass never takes the place of the old one.
	dir, want := bulky(t)
	old, err := os.ReadFile(filepath.Join(dir, nameDB))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := compactIn(dir, nil, func(context.Context, string) error { return ErrDamaged }); !errors.Is(err, ErrDamaged) {
		t.Errorf("a file that does not pass: %v", err)
	}
	now, err := os.ReadFile(filepath.Join(dir, nameDB))
	if err != nil || string(now) != string(old) {
		t.Errorf("log.db was replaced: %v", err)
	}
	storetest.Equal(t, "after it", rawLines(t, dir), want)
}

// TestCompactCrash stops the world, or fills the disk, at every call.
func TestCompactCrash(t *testing.T) {
	origin, want := bulky(t)
	calls := 0
	if _, err := compactIn(copyDir(t, origin), func(Call) error { calls++; return nil }, passProbe); err != nil {
		t.Fatal(err)
	}
	runs := 0
	for stop := 1; stop <= calls; stop += sparse() {
		for _, kind := range []string{"killed", "power cut", "power cut, torn", "disk full"} {
			dir := copyDir(t, origin)
			m := newMachine(t, stop)
			seam := m.seam
			if kind == "disk full" {
				n := 0
				seam = func(c Call) error {
					if n++; n >= stop && (c.Op == OpCreate || c.Op == OpWrite || c.Op == OpSync || c.Op == OpCommit || c.Op == OpLink) {
						return syscall.ENOSPC
					}
					return nil
				}
			}
			_, err := compactIn(dir, seam, passProbe)
			if kind == "disk full" && err != nil && !errors.Is(err, syscall.ENOSPC) || kind != "disk full" && !errors.Is(err, errCrashed) && !errors.Is(err, ErrUnclean) { // a file that cannot be read is not as it was left
				t.Fatalf("%s at call %d: %v", kind, stop, err)
			}
			if kind == "power cut" || kind == "power cut, torn" {
				m.cutPower(rand.New(rand.NewPCG(uint64(stop), 5)), kind == "power cut, torn")
			}
			s, f, err := Open(Options{Dir: dir})
			if err != nil || f.Lost != nil || f.Fork != nil || len(f.Rebuilt) > 0 || f.Torn != "" {
				t.Fatalf("%s at call %d of %d: %+v, %v", kind, stop, calls, f, err)
			}
			storetest.Equal(t, kind, storetest.Lines(t, s.Records(1)), want)
			next := append(want[:len(want):len(want)], storetest.Fill(t, s, 1)...)
			mustClose(t, s)
			twinsEqual(t, dir, next)
			_, _ = os.RemoveAll(filepath.Dir(dir)), os.RemoveAll(filepath.Dir(m.spare))
			runs++
		}
	}
	t.Logf("%d calls, %d runs, nothing lost", calls, runs)
}
