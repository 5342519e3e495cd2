// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/quietsetup/quietsetup/internal/crashdisk"
)

// recorded is a run of a real store on a mounted disk, and what must be left of it
// at any moment.
type recorded struct {
	name  string
	start crashdisk.Tree
	ops   []crashdisk.Op
	expected
}

// expected is what must be left.
type expected struct {
	Errand errand
	First  int      // number of the first record that must be there
	Sums   []string // of the records from there on, more than the run has appended
	Had    int      // the last record that was there before the run
	Lost   *Lost    // what every start must tell
	Fork   *Fork
	Twins  bool // each twin alone must hold what was acknowledged
}

// record runs an errand on a disk that begins with a tree.
func (r *recorded) record(t *testing.T) {
	t.Helper()
	dir, m := mountDisk(t, r.start, nil)
	defer unmountDisk(t, dir, m)
	r.Errand.Dir, r.Errand.Marks = filepath.Join(dir, stateDir), dir
	if out, err := r.Errand.command(t).CombinedOutput(); err != nil {
		t.Errorf("%s: %v: %s", r.name, err, out)
	}
	r.ops = m.Run()
}

// lives are stores that come into being, grow, archive and are opened again.
func lives(t *testing.T, bug string) []*recorded {
	var out []*recorded
	for name, e := range map[string]errand{
		"life":         {UpTo: []int{12, 18}, Every: 5, Pad: 20},
		"long records": {UpTo: []int{6, 10}, Every: 4, Pad: 9000},
		"killed":       {UpTo: []int{2, 5, 11, 12, 16}, Every: 6, Pad: 700, Killed: true},
	} {
		e.Bug = bug
		n := e.UpTo[len(e.UpTo)-1]
		out = append(out, &recorded{name, crashdisk.NewTree(), nil, expected{Errand: e, First: 1, Sums: sums(t, e.lines(t, n+2)), Twins: true}})
	}
	return out
}

// failures are stores that recover after a call has failed.
func failures(t *testing.T) []*recorded {
	var out []*recorded
	for _, at := range []int{31, 34, 37, 43, 52, 55} {
		e := errand{UpTo: []int{9}, Every: 4, Pad: 30, FailAt: at}
		out = append(out, &recorded{fmt.Sprint("call ", at, " fails"), crashdisk.NewTree(), nil,
			expected{Errand: e, First: 1, Sums: sums(t, e.lines(t, 11)), Twins: true}})
	}
	return out
}

// mends are starts on a store that was damaged.
func mends(t *testing.T, bug string) []*recorded {
	dir, _ := original(t)
	fork := copyDir(t, dir)
	for i, d := range []string{dir, fork} {
		s, _ := mustOpen(t, Options{Dir: d})
		seq, sum := s.Last()
		r := errand{Pad: 100 * (i + 1)}.next(seq+1, sum)
		if err := s.Append(&r); err != nil {
			t.Fatal(err)
		}
		mustClose(t, s)
	}
	var out []*recorded
	for name, spoil := range map[string]func(d string){
		"log.db gone":     func(d string) { remove(t, d, nameDB) },
		"journal gone":    func(d string) { remove(t, d, dirJournal) },
		"journal behind":  func(d string) { cutFile(t, lastSegment(t, d), 20) },
		"journal damaged": func(d string) { patch(t, segmentsOf(t, d)[0], 100, 'X') },
		"log.db rubbish":  func(d string) { writeFile(t, filepath.Join(d, nameDB), "rubbish") },
		"fork":            func(d string) { copyFile(t, filepath.Join(fork, nameDB), filepath.Join(d, nameDB)) },
		"log.db gone, journal damaged": func(d string) {
			remove(t, d, nameDB)
			patch(t, segmentsOf(t, d)[0], 100, 'X')
		},
		"all gone but the archive": func(d string) { remove(t, d, nameDB); remove(t, d, dirJournal) },
	} {
		d := copyDir(t, dir)
		spoil(d)
		r := &recorded{name: name, expected: expected{Errand: errand{Pad: 50, Bug: bug}}}
		top := fast(t)
		if err := os.Rename(d, filepath.Join(top, stateDir)); err != nil {
			t.Fatal(err)
		}
		var err error
		if r.start, err = crashdisk.Load(top); err != nil {
			t.Fatal(err)
		}
		// What an undisturbed start leaves, and what may be appended to it.
		s, f := mustOpen(t, Options{Dir: filepath.Join(top, stateDir), Probe: childProbe})
		seq, _ := s.Last()
		r.Had, r.Lost, r.Fork = int(seq), f.Lost, f.Fork
		for range 4 {
			seq, sum := s.Last()
			rec := r.Errand.next(seq+1, sum)
			if err := s.Append(&rec); err != nil {
				t.Fatal(err)
			}
		}
		from := s.Records(1)
		if f.Lost != nil {
			from = s.SinceCheckpoint()
		}
		for rec, err := range from {
			if err != nil {
				t.Fatal(err)
			}
			if r.First == 0 {
				r.First = int(rec.Seq)
			}
			r.Sums = append(r.Sums, rec.Sum)
		}
		drop(t, s)
		r.Errand.UpTo = []int{int(seq) + 2}
		out = append(out, r)
	}
	return out
}
