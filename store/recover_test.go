// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/store/storetest"
)

// original makes a closed store with three segments, of which one is archived.
func original(t *testing.T) (dir string, want []string) {
	t.Helper()
	dir = newDir(t)
	s, _ := mustOpen(t, Options{Dir: dir, SegmentBytes: smallSegment})
	want = fillSegments(t, s, 2)
	mustClose(t, s)
	return dir, want
}

// whole opens a store, checks that it holds everything, can be appended to, and
// that both twins are mended.
func whole(t *testing.T, dir string, want []string) Findings {
	t.Helper()
	s, f := mustOpen(t, Options{Dir: dir, Probe: childProbe})
	storetest.Equal(t, "recovered", storetest.Lines(t, s.Records(1)), want)
	next := append(want[:len(want):len(want)], storetest.Fill(t, s, 1)...)
	mustClose(t, s)
	twinsEqual(t, dir, next)
	storetest.Equal(t, "directory", rawLines(t, dir), next)
	return f
}

func lastSegment(t testing.TB, dir string) string {
	t.Helper()
	firsts, err := listSegments(filepath.Join(dir, dirJournal))
	if err != nil || len(firsts) == 0 {
		t.Fatalf("segments %v, %v", firsts, err)
	}
	return filepath.Join(dir, dirJournal, segmentName(firsts[len(firsts)-1]))
}

func TestTruncatedJournal(t *testing.T) {
	dir, want := original(t)
	info, err := os.Stat(lastSegment(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	size := info.Size()                               // a checkpoint and two records
	tail := size - int64(len(want[len(want)-1])) - 10 // every byte of the last record and the end of the one before
	lost, places := 0, 0
	for cut := int64(0); cut < size; cut++ {
		if cut < tail && cut%17 > 0 {
			continue
		}
		places++
		d := copyDir(t, dir)
		if err := os.Truncate(lastSegment(t, d), cut); err != nil {
			t.Fatal(err)
		}
		s, f := mustOpen(t, Options{Dir: d, Probe: passProbe})
		if f.Clean || f.Lost != nil || f.Fork != nil {
			t.Fatalf("cut at %d: %+v", cut, f)
		}
		for _, r := range f.Rebuilt {
			if r.Kept != "" {
				t.Fatalf("cut at %d: kept %s, all of which is in log.db", cut, r.Kept)
			}
		}
		if seq, _ := s.Last(); int(seq) != len(want) {
			lost++
		}
		drop(t, s)
		twinsEqual(t, d, want)
		_ = os.RemoveAll(filepath.Dir(d))
	}
	t.Logf("%d places, %d with a loss", places, lost)
	if lost > 0 {
		t.Error("records were lost")
	}
}

// TestTornTail cuts the journal where log.db does not have the record: a stop in the middle of an append.
func TestTornTail(t *testing.T) {
	dir, want := original(t)
	before := len(want)
	s, _ := mustOpen(t, Options{Dir: dir, SegmentBytes: smallSegment})
	extra := storetest.Fill(t, s, 1)[0]
	seq, sum := s.Last()
	checkpoint := storetest.Line(t, storetest.Checkpoint(seq, mustPrev(t, extra)))
	_ = sum
	mustClose(t, s)
	dir, want = original(t)
	for _, line := range []string{extra, checkpoint} {
		for cut := 0; cut <= len(line)+1; cut++ {
			if cut > 3 && cut < len(line)-3 && cut%7 > 0 {
				continue
			}
			d := copyDir(t, dir)
			remove(t, d, fileClean)
			seg := lastSegment(t, d)
			flag := os.O_WRONLY | os.O_APPEND
			if strings.Contains(line, checkpointInput) {
				seg = filepath.Join(d, dirJournal, segmentName(seq))
				flag |= os.O_CREATE
			}
			f, err := os.OpenFile(seg, flag, fileMode)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteString((line + "\n")[:cut]); err != nil {
				t.Fatal(err)
			}
			f.Close()
			s, found := mustOpen(t, Options{Dir: d, Probe: passProbe})
			wanted := want
			if cut >= len(line) {
				wanted = append(want[:before:before], line)
			}
			if found.Lost != nil || found.Fork != nil || (found.Torn != "") != (cut > 0 && cut < len(line)) {
				t.Fatalf("cut at %d of %d: %+v", cut, len(line), found)
			}
			if found.Torn != "" {
				if b, err := os.ReadFile(found.Torn); err != nil || string(b) != line[:cut] {
					t.Fatalf("kept %q, %v", b, err)
				}
			}
			storetest.Equal(t, "recovered", storetest.Lines(t, s.SinceCheckpoint()), wanted[s.journal.segs[len(s.journal.segs)-1]-1:])
			drop(t, s)
			twinsEqual(t, d, wanted)
			_ = os.RemoveAll(filepath.Dir(d))
		}
	}
}

func mustPrev(t *testing.T, line string) string {
	t.Helper()
	i := strings.LastIndex(line, `"prev":"`)
	return line[i+8 : i+8+64]
}

func TestMissingTwin(t *testing.T) {
	dir, want := original(t)
	segs, err := listSegments(filepath.Join(dir, dirJournal))
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name    string
		gone    []string
		rebuilt string
	}{
		{"log.db", []string{nameDB}, "[{log.db missing }]"},
		{"journal", []string{dirJournal}, "[{journal missing }]"},
		{"first segment", []string{dirJournal + "/" + segmentName(segs[0])}, "[{journal missing }]"},
		{"last segment", []string{dirJournal + "/" + segmentName(segs[1])}, "[{journal behind }]"},
		{"store.json", []string{fileIdentity}, "[]"},
		{"log.db and store.json", []string{nameDB, fileIdentity}, "[{log.db missing }]"},
		{"clean", []string{fileClean}, "[]"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := copyDir(t, dir)
			for _, name := range c.gone {
				remove(t, d, name)
			}
			f := whole(t, d, want)
			if got := fmt.Sprint(f.Rebuilt); got != c.rebuilt || f.Lost != nil || f.Fork != nil {
				t.Errorf("rebuilt %s, want %s; %+v", got, c.rebuilt, f)
			}
		})
	}
	t.Run("id survives", func(t *testing.T) {
		d := newDir(t)
		s, _ := mustOpen(t, Options{Dir: d})
		r := storetest.Record(1, "", 0)
		storetest.Put(t, s, r)
		id := s.ID()
		mustClose(t, s)
		remove(t, d, fileIdentity)
		s, _ = mustOpen(t, Options{Dir: d})
		if s.ID() != id {
			t.Errorf("id %s from log.db, want %s", s.ID(), id)
		}
		mustClose(t, s)
		remove(t, d, nameDB)
		s, _ = mustOpen(t, Options{Dir: d})
		if s.ID() != id {
			t.Errorf("id %s from store.json, want %s", s.ID(), id)
		}
		mustClose(t, s)
		remove(t, d, nameDB)
		remove(t, d, fileIdentity)
		s, _ = mustOpen(t, Options{Dir: d})
		if s.ID() != "0123456789abcdef" { // what the first record says
			t.Errorf("id %s from the first record", s.ID())
		}
	})
}

// TestFlippedBytes damages one twin in many places, with and without the mark
// of a clean stop; the other one is intact, so nothing may be lost.
func TestFlippedBytes(t *testing.T) {
	dir, want := original(t)
	seed := uint64(20261122)
	rng := rand.New(rand.NewPCG(seed, 1))
	places, noticed := 0, 0
	for i := range 240 / sparse() {
		d := copyDir(t, dir)
		target := filepath.Join(d, nameDB)
		if i%3 == 0 { // the journal needs no child to be read, log.db has more to break
			target = lastSegment(t, d)
			if i%2 == 0 {
				segs, _ := listSegments(filepath.Join(d, dirJournal))
				target = filepath.Join(d, dirJournal, segmentName(segs[0]))
			}
		}
		b, err := os.ReadFile(target)
		if err != nil {
			t.Fatal(err)
		}
		b = bytes.TrimRight(b, "\x00") // bbolt reserves room behind its pages
		at := rng.IntN(len(b))
		flip := byte(1) << rng.IntN(8)
		patch(t, target, int64(at), b[at]^flip)
		clean := i%4 < 2
		if !clean {
			remove(t, d, fileClean)
		}
		f := whole(t, d, want)
		if f.Clean {
			t.Errorf("%s at %d ^ %#x: seen as clean", filepath.Base(target), at, flip)
		}
		if f.Lost != nil || f.Fork != nil {
			t.Errorf("%s at %d ^ %#x (clean %v): lost %v, fork %v", filepath.Base(target), at, flip, clean, f.Lost, f.Fork)
		}
		places++
		if len(f.Rebuilt) > 0 || f.Torn != "" {
			noticed++
		}
		_ = os.RemoveAll(filepath.Dir(d))
	}
	t.Logf("seed %d: %d damaged stores, %d mended, 0 records lost or changed", seed, places, noticed)
}

func patch(t testing.TB, path string, at int64, b byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{b}, at); err != nil {
		t.Fatal(err)
	}
}

// TestTruncatedDB cuts log.db, which kills a process that maps it.
func TestTruncatedDB(t *testing.T) {
	dir, want := original(t)
	info, err := os.Stat(filepath.Join(dir, nameDB))
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{0, 1, 100, 4096, 5000, 8192, 12288, 20000, 28672, info.Size() / 2, info.Size() - 4096} {
		d := copyDir(t, dir)
		remove(t, d, fileClean)
		if err := os.Truncate(filepath.Join(d, nameDB), size); err != nil {
			t.Fatal(err)
		}
		if f := whole(t, d, want); f.Lost != nil || f.Fork != nil {
			t.Errorf("cut at %d: %+v", size, f)
		}
	}
}

// TestRolledBack gives one twin an older state of itself.
func TestRolledBack(t *testing.T) {
	dir, _ := original(t)
	s, _ := mustOpen(t, Options{Dir: dir, SegmentBytes: smallSegment})
	old := copyDir(t, dir)
	more := storetest.Fill(t, s, 3)
	mustClose(t, s)
	_, want := original(t)
	want = append(want, more...)
	for _, name := range []string{nameDB, dirJournal} {
		d := copyDir(t, dir)
		remove(t, d, name)
		if err := os.Rename(filepath.Join(old, name), filepath.Join(d, name)); err != nil {
			t.Fatal(err)
		}
		f := whole(t, d, want)
		if len(f.Rebuilt) != 1 || f.Rebuilt[0].Reason != reasonBehind || f.Lost != nil {
			t.Errorf("%s older: %+v", name, f)
		}
	}
}

func TestFork(t *testing.T) {
	dir, want := original(t)
	a, b := copyDir(t, dir), copyDir(t, dir)
	extend := func(d string, n, pad int) []string {
		s, _ := mustOpen(t, Options{Dir: d})
		defer mustClose(t, s)
		var out []string
		for range n {
			seq, sum := s.Last()
			out = append(out, storetest.Put(t, s, storetest.Record(seq+1, sum, pad)))
		}
		return out
	}
	inA, inB := extend(a, 2, 1), extend(b, 4, 2)
	for name, clean := range map[string]bool{"clean": true, "stopped": false} {
		t.Run(name, func(t *testing.T) {
			d := copyDir(t, a) // a's journal, b's log.db
			other, err := os.ReadFile(filepath.Join(b, nameDB))
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(d, nameDB), string(other))
			if !clean {
				remove(t, d, fileClean)
			}
			s, f := mustOpen(t, Options{Dir: d, Probe: childProbe})
			if f.Fork == nil || int(f.Fork.Common) != len(want) || len(f.Fork.Products) != 3 || f.Clean {
				t.Fatalf("findings %+v, fork %+v", f, f.Fork)
			}
			storetest.Equal(t, "common part", storetest.Lines(t, s.Records(1)), want)
			storetest.Equal(t, "journal's rest", rawLines(t, filepath.Join(f.Fork.Kept, "journal.ndjson")), inA)
			storetest.Equal(t, "log.db's rest", rawLines(t, filepath.Join(f.Fork.Kept, "log.db.ndjson")), inB)
			more := storetest.Fill(t, s, 1)
			mustClose(t, s)

			// It is told again until it stands in the log.
			s, again := mustOpen(t, Options{Dir: d, Probe: childProbe})
			if again.Fork == nil || again.Fork.Common != f.Fork.Common || !again.Clean {
				t.Errorf("second start: %+v", again)
			}
			seq, sum := s.Last()
			r := storetest.Record(seq+1, sum, 0)
			r.Input.Type = noticeInput
			more = append(more, storetest.Put(t, s, r))
			drop(t, s)
			s, again = mustOpen(t, Options{Dir: d, Probe: childProbe})
			if again.Fork != nil {
				t.Error("the fork is told after it was recorded")
			}
			drop(t, s)
			twinsEqual(t, d, append(want[:len(want):len(want)], more...))
		})
	}
}

func TestOtherStoresTwin(t *testing.T) {
	a, b := newDir(t), newDir(t)
	fill := func(d string, n, pad int) []string {
		s, _ := mustOpen(t, Options{Dir: d})
		defer mustClose(t, s)
		var out []string
		for range n {
			seq, sum := s.Last()
			out = append(out, storetest.Put(t, s, storetest.Record(seq+1, sum, pad)))
		}
		return out
	}
	long, _ := fill(a, 9, 1), fill(b, 3, 2)
	remove(t, a, nameDB)
	if err := os.Rename(filepath.Join(b, nameDB), filepath.Join(a, nameDB)); err != nil {
		t.Fatal(err)
	}
	s, f := mustOpen(t, Options{Dir: a, Probe: childProbe})
	if f.Fork == nil || f.Fork.Common != 0 {
		t.Fatalf("findings %+v", f)
	}
	storetest.Equal(t, "the longer chain", storetest.Lines(t, s.Records(1)), long)
	drop(t, s)
	twinsEqual(t, a, long)
}
