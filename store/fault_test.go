// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/quietsetup/quietsetup/store/storetest"
)

// TestFaultAtEveryCall lets each call fail once, in each way a call can fail,
// and goes on after Recover.
func TestFaultAtEveryCall(t *testing.T) {
	const records = 12
	want := script(t, records)
	calls, armed := 0, false
	s, _ := mustOpen(t, Options{Dir: newDir(t), Seam: func(Call) error {
		if armed {
			calls++
		}
		return nil
	}})
	armed = true
	if _, err := follow(s, records); err != nil {
		t.Fatal(err)
	}
	unknown := 0
	for _, fault := range []error{syscall.ENOSPC, syscall.EIO, &Torn{Written: 100, Err: syscall.ENOSPC}, &Torn{Written: 1 << 20, Err: syscall.EIO}} {
		for at := 1; at <= calls; at += sparse() {
			dir := newDir(t)
			n, armed := 0, false
			s, _ := mustOpen(t, Options{Dir: dir, Seam: func(Call) error {
				if n++; armed && n == at {
					return fault
				}
				return nil
			}})
			n, armed = 0, true
			what := fmt.Sprintf("%v at call %d", fault, at)
			acked, err := follow(s, records)
			if err != nil {
				unknown++
				if !errors.Is(err, ErrOutcomeUnknown) {
					t.Fatalf("%s: %v", what, err)
				}
				r := storetest.Record(uint64(acked)+1, "", 0)
				if err := s.Append(&r); !errors.Is(err, ErrOutcomeUnknown) {
					t.Fatalf("%s: append before Recover: %v", what, err)
				}
				for _, err := range s.Records(1) {
					if !errors.Is(err, ErrOutcomeUnknown) {
						t.Fatalf("%s: read before Recover: %v", what, err)
					}
				}
				f, err := s.Recover()
				if err != nil {
					t.Fatalf("%s: recover: %v", what, err)
				}
				if f.Torn != "" || f.Lost != nil || f.Fork != nil {
					t.Errorf("%s: %+v", what, f)
				}
				if seq, _ := s.Last(); int(seq) != acked && int(seq) != acked+1 {
					t.Fatalf("%s: %d records after %d acknowledged", what, seq, acked)
				}
			}
			if _, err := follow(s, records); err != nil {
				t.Fatalf("%s: going on: %v", what, err)
			}
			storetest.Equal(t, what, storetest.Lines(t, s.Records(1)), want)
			mustClose(t, s)
			twinsEqual(t, dir, want)
			if bad, _ := filepath.Glob(filepath.Join(dir, dirJournal, "*.corrupt-*")); len(bad) > 0 {
				t.Errorf("%s: put aside %v", what, bad)
			}
			_ = os.RemoveAll(filepath.Dir(dir))
		}
	}
	t.Logf("%d calls, %d faults with unknown outcome", calls, unknown)
}

// TestManyFaults lets calls fail at random, also while recovering and opening.
func TestManyFaults(t *testing.T) {
	const records = 30
	want := script(t, records)
	faults, recoveries := 0, 0
	for seed := range uint64(40 / sparse()) {
		rng := rand.New(rand.NewPCG(seed, 3))
		dir := newDir(t)
		seam := func(c Call) error {
			if rng.IntN(25) > 0 {
				return nil
			}
			faults++
			if c.Op == OpWrite && rng.IntN(2) == 0 {
				return &Torn{Written: rng.IntN(c.Size + 1), Err: syscall.ENOSPC}
			}
			return []error{syscall.ENOSPC, syscall.EIO}[rng.IntN(2)]
		}
		var s *Store
		acked := 0
		for tries := 0; acked < records; tries++ {
			if tries > 2000 {
				t.Fatalf("seed %d: no end after %d records", seed, acked)
			}
			var err error
			if s == nil {
				if s, _, err = Open(Options{Dir: dir, Seam: seam}); err != nil {
					s = nil
					continue
				}
			}
			if seq, _ := s.Last(); int(seq) < acked {
				t.Fatalf("seed %d: %d records after %d acknowledged", seed, seq, acked)
			}
			var n int
			n, err = follow(s, records)
			acked = max(acked, n)
			if err == nil {
				break
			}
			switch rng.IntN(3) {
			case 0:
				_ = s.Close()
				s = nil
			default:
				recoveries++
				for _, err = s.Recover(); err != nil && rng.IntN(10) > 0; _, err = s.Recover() {
					recoveries++
				}
				if err != nil {
					_ = s.Close()
					s = nil
				}
			}
		}
		_ = s.Close()
		s, f := mustOpen(t, Options{Dir: dir})
		if f.Lost != nil || f.Fork != nil {
			t.Errorf("seed %d: %+v", seed, f)
		}
		storetest.Equal(t, fmt.Sprint("seed ", seed), storetest.Lines(t, s.Records(1)), want)
		drop(t, s)
		twinsEqual(t, dir, want)
	}
	t.Logf("40 seeds, %d faults, %d recoveries", faults, recoveries)
}

// TestFullDisk leaves no room at all for a while.
func TestFullDisk(t *testing.T) {
	dir := newDir(t)
	full := false
	s, _ := mustOpen(t, Options{Dir: dir, Seam: func(c Call) error {
		if full && (c.Op == OpWrite || c.Op == OpCommit || c.Op == OpCreate) {
			return fmt.Errorf("write %s: %w", c.Path, syscall.ENOSPC)
		}
		return nil
	}})
	want := storetest.Fill(t, s, 5)
	full = true
	for range 3 {
		seq, sum := s.Last()
		r := storetest.Record(seq+1, sum, 40)
		if err := s.Append(&r); !errors.Is(err, syscall.ENOSPC) || !errors.Is(err, ErrOutcomeUnknown) {
			t.Fatalf("append on a full disk: %v", err)
		}
		if _, err := s.Recover(); err != nil {
			t.Fatalf("recovering needs room: %v", err) // cutting a tail must not
		}
		storetest.Equal(t, "on a full disk", storetest.Lines(t, s.Records(1)), want)
	}
	full = false
	want = append(want, storetest.Fill(t, s, 2)...)
	mustClose(t, s)
	twinsEqual(t, dir, want)
}

// TestBoltPanic: a panic inside bbolt is an append with unknown outcome, not the end of the process.
func TestBoltPanic(t *testing.T) {
	dir := newDir(t)
	armed := false
	s, _ := mustOpen(t, Options{Dir: dir, Seam: func(c Call) error {
		if armed && c.Op == OpCommit {
			armed = false
			panic("page 7: unexpected page type")
		}
		return nil
	}})
	want := storetest.Fill(t, s, 3)
	seq, sum := s.Last()
	r := storetest.Record(seq+1, sum, 40)
	armed = true
	if err := s.Append(&r); !errors.Is(err, ErrOutcomeUnknown) || !errors.Is(err, ErrDamaged) {
		t.Fatalf("append: %v", err)
	}
	if _, err := s.Recover(); err != nil {
		t.Fatal(err)
	}
	storetest.Equal(t, "recovered", storetest.Lines(t, s.Records(1)), append(want, storetest.Line(t, r)))
}

// TestUpkeepFailure: what goes wrong after a checkpoint is durable must not fail its append.
func TestUpkeepFailure(t *testing.T) {
	dir := newDir(t)
	full := false
	opt := Options{Dir: dir, SegmentBytes: smallSegment, Seam: func(c Call) error {
		if full && (c.Op == OpRename || filepath.Ext(c.Path) == tmpSuffix) {
			return syscall.ENOSPC
		}
		return nil
	}}
	s, _ := mustOpen(t, opt)
	want := fillSegments(t, s, 1)
	full = true
	for range 3 {
		seq, sum := s.Last()
		want = append(want, storetest.Put(t, s, storetest.Checkpoint(seq+1, sum)))
		want = append(want, storetest.Fill(t, s, 2)...)
	}
	if !errors.Is(s.Upkeep(), syscall.ENOSPC) {
		t.Errorf("upkeep: %v", s.Upkeep())
	}
	full = false
	mustClose(t, s)
	s, f := mustOpen(t, opt)
	if s.Upkeep() != nil || !f.Clean || len(s.journal.segs) != 2 || s.first != s.journal.segs[0] {
		t.Errorf("made up for: %v, %v, log.db from %d, %+v", s.Upkeep(), s.journal.segs, s.first, f)
	}
	storetest.Equal(t, "all", storetest.Lines(t, s.Records(1)), want)
}

// TestDamageWhileOpen: a record that went bad under a running store is an error,
// never a wrong record, and the next start mends it.
func TestDamageWhileOpen(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // an open file is locked against this there
	}
	dir := newDir(t)
	s, _ := mustOpen(t, Options{Dir: dir})
	want := storetest.Fill(t, s, 20)
	path := filepath.Join(dir, nameDB)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(b) - 20 {
		if string(b[i:i+16]) == `"actor":"daemon"` {
			patch(t, path, int64(i), 'X')
		}
	}
	bad := 0
	for _, err := range s.Records(1) {
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Error(err)
			}
			bad++
		}
	}
	if bad != 1 {
		t.Errorf("%d errors", bad)
	}
	mustClose(t, s)
	if f := whole(t, dir, want); f.Clean || len(f.Rebuilt) != 1 {
		t.Errorf("next start: %+v", f)
	}
}

// TestSyncOfTheSegment: a record is not durable when the segment it was written to
// could not be synced, whatever log.db says.
func TestSyncOfTheSegment(t *testing.T) {
	armed := false
	s, _ := mustOpen(t, Options{Dir: newDir(t), Seam: func(c Call) error {
		if armed && c.Op == OpSync && filepath.Ext(c.Path) == ".ndjson" {
			return syscall.EIO
		}
		return nil
	}})
	storetest.Fill(t, s, 2) // the first record begins the segment; this is about those behind it
	armed = true
	seq, sum := s.Last()
	r := storetest.Record(seq+1, sum, 10)
	if err := s.Append(&r); !errors.Is(err, ErrOutcomeUnknown) || !errors.Is(err, syscall.EIO) {
		t.Fatalf("%v", err)
	}
	armed = false
	if _, err := s.Recover(); err != nil {
		t.Fatal(err)
	}
	storetest.Fill(t, s, 2)
}

// TestRecoverThatFails: while a recovery has not succeeded nothing can be done, and
// the first reason stays; of a store that was well before, too.
func TestRecoverThatFails(t *testing.T) {
	for _, failed := range []bool{false, true} {
		var fault error
		s, _ := mustOpen(t, Options{Dir: newDir(t), Seam: func(Call) error { return fault }})
		storetest.Fill(t, s, 2)
		seq, sum := s.Last()
		r := storetest.Record(seq+1, sum, 10)
		if fault = syscall.ENOSPC; failed {
			if err := s.Append(&r); !errors.Is(err, ErrOutcomeUnknown) {
				t.Fatalf("%v", err)
			}
		}
		fault = syscall.EIO
		if _, err := s.Recover(); err == nil {
			t.Fatal("it recovered")
		}
		if err := s.Append(&r); !errors.Is(err, ErrOutcomeUnknown) || errors.Is(err, syscall.ENOSPC) != failed {
			t.Errorf("failed before %v: %v", failed, err)
		}
		fault = nil
		if _, err := s.Recover(); err != nil {
			t.Fatal(err)
		}
		storetest.Fill(t, s, 2)
	}
}
