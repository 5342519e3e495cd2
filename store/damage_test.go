// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/quietsetup/quietsetup/store/storetest"
)

func TestBothDamaged(t *testing.T) {
	spoilLine := func(t *testing.T, d string, seq int, want []string) {
		for _, path := range segmentsOf(t, d) {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if i := strings.Index(string(b), want[seq-1]); i >= 0 {
				patch(t, path, int64(i+len(want[seq-1])/2), b[i+len(want[seq-1])/2]^1)
				return
			}
		}
		t.Fatalf("record %d is not in the journal", seq)
	}
	spoilValue := func(t *testing.T, d string, seq int, want []string) {
		path := filepath.Join(d, nameDB)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text, found := string(b), 0
		for at := 0; ; {
			i := strings.Index(text[at:], want[seq-1]) // also the old copies in free pages
			if i < 0 {
				break
			}
			at += i + len(want[seq-1])
			patch(t, path, int64(at-len(want[seq-1])/2), text[at-len(want[seq-1])/2]^1)
			found++
		}
		if found == 0 {
			t.Fatalf("record %d is not in log.db", seq)
		}
	}
	dir, want := original(t)
	n := len(want)
	segs, err := listSegments(filepath.Join(dir, dirJournal))
	if err != nil {
		t.Fatal(err)
	}
	previous, current := int(segs[0]), int(segs[1])
	cases := []struct {
		name       string
		jrnl, db   int // record that is damaged there
		from, to   int // what is left
		lost       *Lost
		noDB, noJr bool
	}{
		{name: "different places", jrnl: n - 1, db: n, from: 1, to: n},
		{name: "different segments", jrnl: current - 1, db: n - 1, from: 1, to: n},
		{name: "the last record", jrnl: n, db: n, from: 1, to: n - 1, lost: &Lost{uint64(n), uint64(n)}},
		{name: "the last but one", jrnl: n - 1, db: n - 1, from: 1, to: n - 2, lost: &Lost{uint64(n - 1), uint64(n)}},
		{name: "before the last checkpoint", jrnl: current - 1, db: current - 1, from: current, to: n, lost: &Lost{uint64(current - 1), uint64(current - 1)}},
		{name: "the first that is kept", jrnl: previous, db: previous, from: current, to: n, lost: &Lost{uint64(previous), uint64(current - 1)}},
		{name: "the last checkpoint", jrnl: current, db: current, from: 1, to: current - 1, lost: &Lost{uint64(current), uint64(n)}},
		{name: "one is gone", noDB: true, jrnl: n, from: 1, to: n - 1, lost: &Lost{uint64(n), uint64(n)}},
		{name: "both are gone", noDB: true, noJr: true, from: 1, to: previous - 1, lost: &Lost{uint64(previous), uint64(n)}},
	}
	for _, clean := range []bool{true, false} {
		for _, c := range cases {
			t.Run(fmt.Sprintf("%s, clean %v", c.name, clean), func(t *testing.T) {
				d := copyDir(t, dir)
				if c.jrnl > 0 {
					spoilLine(t, d, c.jrnl, want)
				}
				if c.db > 0 {
					spoilValue(t, d, c.db, want)
				}
				if c.noDB {
					remove(t, d, nameDB)
				}
				if c.noJr {
					remove(t, d, dirJournal)
				}
				if !clean {
					remove(t, d, fileClean)
				}
				s, f := mustOpen(t, Options{Dir: d, Probe: childProbe})
				lost := c.lost
				if c.noJr && !clean {
					lost = &Lost{uint64(previous), uint64(previous)} // nothing tells how much there was
				}
				if fmt.Sprint(deref(f.Lost)) != fmt.Sprint(deref(lost)) || f.Clean || f.Fork != nil {
					t.Errorf("lost %v, want %v; %+v", deref(f.Lost), deref(lost), f)
				}
				left := want[c.from-1 : c.to]
				if c.from == 1 {
					storetest.Equal(t, "left", storetest.Lines(t, s.Records(1)), left)
				} else {
					storetest.Equal(t, "left", storetest.Lines(t, s.SinceCheckpoint()), left)
				}
				left = append(left[:len(left):len(left)], storetest.Fill(t, s, 1)...)
				drop(t, s)
				twinsEqual(t, d, left)
				_, again := mustOpen(t, Options{Dir: d, Probe: childProbe})
				if fmt.Sprint(deref(again.Lost)) != fmt.Sprint(deref(f.Lost)) || len(again.Rebuilt) > 0 {
					t.Errorf("second start: lost %v, %+v", deref(again.Lost), again)
				}
			})
		}
	}
}

func deref(l *Lost) Lost {
	if l == nil {
		return Lost{}
	}
	return *l
}

func segmentsOf(t testing.TB, dir string) []string {
	t.Helper()
	firsts, err := listSegments(filepath.Join(dir, dirJournal))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, n := range firsts {
		out = append(out, filepath.Join(dir, dirJournal, segmentName(n)))
	}
	return out
}

// TestForgedRecord: an event was changed and the sum with it, in one twin. The
// record behind it names the true one.
func TestForgedRecord(t *testing.T) {
	dir, want := original(t)
	seg := lastSegment(t, dir)
	b, err := os.ReadFile(seg)
	if err != nil {
		t.Fatal(err)
	}
	n := len(want) - 1
	forged := storetest.Record(uint64(n), mustPrev(t, want[n-1]), 3)
	writeFile(t, seg, strings.Replace(string(b), want[n-1], storetest.Line(t, forged), 1))
	f := whole(t, dir, want)
	if len(f.Rebuilt) != 1 || f.Rebuilt[0].Store != nameJournal || f.Rebuilt[0].Kept == "" {
		t.Errorf("findings %+v", f)
	}
}

func TestDamagedIndex(t *testing.T) {
	dir, want := original(t)
	db, err := bbolt.Open(filepath.Join(dir, nameDB), fileMode, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucketStream)).Delete(streamKey(storetest.Product(uint64(len(want))), uint64(len(want))))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if f := whole(t, dir, want); len(f.Rebuilt) != 1 || f.Rebuilt[0].Reason != reasonDamaged {
		t.Errorf("findings %+v", f)
	}
}

// TestPrivateSpelling: JSON finds a member whatever the case of its name, so a
// flipped bit there decodes to the same record. The line is damaged all the same.
func TestPrivateSpelling(t *testing.T) {
	dir, want := original(t)
	spoilt := 0
	for _, seg := range segmentsOf(t, dir) {
		b, err := os.ReadFile(seg)
		if err != nil {
			t.Fatal(err)
		}
		spoilt += strings.Count(string(b), `{"salt":`)
		writeFile(t, seg, strings.ReplaceAll(string(b), `{"salt":`, `{"Salt":`))
	}
	if spoilt == 0 {
		t.Fatal("no private part in the journal")
	}
	if f := whole(t, dir, want); len(f.Rebuilt) != 1 || f.Rebuilt[0].Reason != reasonDamaged || f.Rebuilt[0].Store != nameJournal {
		t.Errorf("findings %+v", f)
	}
}
