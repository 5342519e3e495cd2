// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/crashdisk"
	"github.com/quietsetup/quietsetup/internal/needs"
	"github.com/quietsetup/quietsetup/internal/rig"
)

const stateDir = "state" // on the disks of the rigs

// acknowledge puts a number among what the mounted disk is asked to do.
func acknowledge(mount string, seq uint64) error {
	return syscall.Setxattr(mount, crashdisk.MarkAttr, []byte(strconv.FormatUint(seq, 10)), 0)
}

// mountDisk mounts a disk and returns its directory.
func mountDisk(t testing.TB, tree crashdisk.Tree, refuse func(int, crashdisk.Op) syscall.Errno) (string, *crashdisk.Mounted) {
	t.Helper()
	needs.Root(t)
	dir, err := os.MkdirTemp("", "quietsetup-disk")
	if err != nil {
		t.Fatal(err)
	}
	m, err := crashdisk.Mount(dir, tree, refuse)
	if err != nil {
		_ = os.Remove(dir)
		needs.Missing(t, fmt.Sprint("needs FUSE: ", err))
	}
	return dir, m
}

func unmountDisk(t testing.TB, dir string, m *crashdisk.Mounted) {
	t.Helper()
	if err := errors.Join(m.Unmount(), os.Remove(dir)); err != nil {
		t.Error(err)
	}
}

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

// checker opens states of a disk with the real start.
type checker struct {
	t      testing.TB
	dir    string
	probes server
	count  int
	fears  int   // starts that fear the loss of what was not acknowledged
	told   *Lost // what the last start has told
	seen   func(*survey)
}

// probe asks a child that lives on, and every fiftieth time one of its own as the
// daemon does.
func (c *checker) probe(ctx context.Context, path string) error {
	if c.count%50 == 0 {
		return patientProbe(ctx, path)
	}
	return c.probes.probe(ctx, path)
}

// check returns how many records a start finds in a state, and what is wrong with
// it, "" if nothing is.
func (c *checker) check(r *recorded, s crashdisk.State) (last int, fault string) {
	c.count++
	acked := r.acked(s)
	st, f, err := c.open(s.Tree, "")
	if err != nil {
		return 0, fmt.Sprintf("does not open: %v", err)
	}
	seq, _ := st.Last()
	last = int(seq)
	if fault = c.look(r, st, c.feared(r, f, acked), acked); fault == "" {
		rec := r.Errand.next(seq+1, st.sum)
		if err := st.Append(&rec); err != nil {
			fault = fmt.Sprintf("the next append: %v", err)
		}
	}
	st.closed = true
	if err := st.release(); err != nil && fault == "" {
		fault = err.Error()
	}
	if fault == "" {
		fault = c.again(r, seq, f)
	}
	if fault == "" && r.Twins && !s.Garbled && len(f.Rebuilt) > 0 && acked > 0 {
		fault = c.eachTwin(s.Tree, acked)
	}
	return last, fault
}

// feared takes back a loss of the record that was being appended. When its line's
// end reached the disk and its middle did not, it looks like a record that was
// there and is damaged. Whether it was acknowledged nobody can tell: a disk that
// lies leaves the same. So it is right to fear it.
func (c *checker) feared(r *recorded, f Findings, acked int) Findings {
	c.told = f.Lost
	n := uint64(acked + 1)
	fear := Lost{n, n}
	if r.Lost != nil {
		fear.From = r.Lost.From // it is told together with what was lost before
	}
	if f.Lost != nil && *f.Lost == fear && slices.ContainsFunc(f.Rebuilt, func(b Rebuilt) bool {
		return b.Store == nameJournal && b.Reason == reasonDamaged
	}) {
		f.Lost = r.Lost
		c.fears++
	}
	return f
}

// acked is how many records were acknowledged when the power went.
func (r *recorded) acked(s crashdisk.State) int {
	n, _ := strconv.Atoi(s.Word) // no word, nothing acknowledged
	return max(n, r.Had)
}

// open puts a state where the checker works and opens it, without one twin if named.
func (c *checker) open(tree crashdisk.Tree, without string) (*Store, Findings, error) {
	if err := os.RemoveAll(c.dir); err != nil {
		return nil, Findings{}, err
	}
	if err := errors.Join(os.MkdirAll(c.dir, dirMode), tree.Save(c.dir)); err != nil {
		return nil, Findings{}, err
	}
	state := filepath.Join(c.dir, stateDir)
	if without != "" {
		if err := emptied(state, without); err != nil {
			return nil, Findings{}, err
		}
	}
	return Open(Options{Dir: state, Probe: c.probe, seen: c.seen})
}

// look compares what is there with what must be.
func (c *checker) look(r *recorded, st *Store, f Findings, acked int) string {
	seq, _ := st.Last()
	if int(seq) < acked || int(seq) > acked+1 {
		return fmt.Sprintf("%d records, %d were acknowledged", seq, acked)
	}
	if fmt.Sprint(deref(f.Lost)) != fmt.Sprint(deref(r.Lost)) || (f.Fork == nil) != (r.Fork == nil) {
		return fmt.Sprintf("told as lost %v, as a fork %v", f.Lost, f.Fork)
	}
	if f.Fork != nil && (f.Fork.Common != r.Fork.Common || fmt.Sprint(f.Fork.Products) != fmt.Sprint(r.Fork.Products)) {
		return fmt.Sprintf("told as a fork %+v, it is %+v", f.Fork, r.Fork)
	}
	records := st.Records(1)
	if r.First > 1 {
		records = st.SinceCheckpoint()
	}
	n := r.First - 1
	for rec, err := range records {
		if err != nil {
			return fmt.Sprintf("after record %d: %v", n, err)
		}
		if n++; int(rec.Seq) != n || n > r.First-1+len(r.Sums) || rec.Sum != r.Sums[n-r.First] {
			return fmt.Sprintf("record %d is not the one that was appended", rec.Seq)
		}
		if len(rec.Private) == 0 && int(rec.Seq)%7 == 0 && rec.Input.Type == events.InputName(events.Restarted{}) {
			return fmt.Sprintf("record %d has lost its private part", rec.Seq)
		}
	}
	if n != int(seq) {
		return fmt.Sprintf("%d of %d records can be read", n, seq)
	}
	return ""
}

// again opens the store once more after a record was appended.
func (c *checker) again(r *recorded, seq uint64, f Findings) string {
	st, g, err := Open(Options{Dir: filepath.Join(c.dir, stateDir), Probe: c.probe, seen: c.seen})
	if err != nil {
		return fmt.Sprintf("does not open again: %v", err)
	}
	defer func() { st.closed = true; _ = st.release() }()
	n, sum := st.Last()
	switch {
	case n != seq+1 || int(n) <= r.First-1+len(r.Sums) && r.Errand.Every > 0 && sum != r.Sums[int(n)-r.First]:
		return fmt.Sprintf("the next start ends with record %d", n)
	case len(g.Rebuilt) > 0 || g.Torn != "":
		return fmt.Sprintf("the next start mends again: %+v", g)
	case fmt.Sprint(deref(g.Lost)) != fmt.Sprint(deref(f.Lost)) || (g.Fork == nil) != (f.Fork == nil):
		return fmt.Sprintf("the next start tells other findings: %+v", g)
	}
	return ""
}

// eachTwin opens the state with one twin alone: both must hold what was acknowledged.
func (c *checker) eachTwin(tree crashdisk.Tree, acked int) string {
	for _, without := range []string{nameDB, dirJournal} {
		st, _, err := c.open(tree, without)
		if err != nil {
			return fmt.Sprintf("does not open without %s: %v", without, err)
		}
		seq, _ := st.Last()
		st.closed = true
		if err := st.release(); err != nil {
			return err.Error()
		}
		if int(seq) < acked {
			return fmt.Sprintf("without %s only %d of %d acknowledged records are there", without, seq, acked)
		}
	}
	return ""
}

// tally is what a search through states has found.
type tally struct {
	states, distinct, torn, garbled, feared int
	faults                                  []string
}

// search tries states of recorded runs until so many different ones are done, or
// max faults are found. Their states are kept in a directory; "" is the system's for
// temporary files.
func search(t *testing.T, runs []*recorded, target, max int, seed uint64, seen func(*survey), keep string) tally {
	t.Helper()
	type job struct {
		r *recorded
		s crashdisk.State
	}
	hash := maphash.MakeSeed()
	var (
		mu    sync.Mutex
		sum   tally
		found = map[uint64]int{} // records in a state that was tried
		jobs  = make(chan job, 64)
		stop  atomic.Bool
		wg    sync.WaitGroup
	)
	fault := func(j job, what string) {
		mu.Lock()
		defer mu.Unlock()
		if len(sum.faults) >= max {
			return
		}
		dir, err := keepState(keep, kept{j.r.expected, j.s.Word, j.s.Garbled}, j.s.Tree)
		if err != nil {
			t.Error(err)
		}
		sum.faults = append(sum.faults, fmt.Sprintf("%s: power cut before operation %d of %d (%s), %q acknowledged: %s\nrepeat: QUIETSETUP_STATE=%s go test -run TestRigDiskStates ./store",
			j.r.name, j.s.At, len(j.r.ops), j.s.How, j.s.Word, what, dir))
		stop.Store(len(sum.faults) >= max)
	}
	for range 2 {
		c := &checker{t: t, dir: filepath.Join(fast(t), "disk"), probes: server{kind: "probes"}, seen: seen}
		wg.Go(func() {
			for j := range jobs {
				if stop.Load() {
					continue
				}
				last, what := c.check(j.r, j.s)
				mu.Lock()
				found[j.s.Hash(hash)] = last
				mu.Unlock()
				if what != "" {
					fault(j, what)
				}
			}
			_ = c.probes.end()
			mu.Lock()
			defer mu.Unlock()
			sum.feared += c.fears
		})
	}
	tried := map[uint64]bool{}
	for round := seed; !stop.Load() && sum.distinct < target; round++ {
		before := sum.distinct
		for _, r := range runs {
			for s := range crashdisk.States(r.start, r.ops, round) {
				if stop.Load() || sum.distinct >= target {
					break
				}
				sum.states++
				h := s.Hash(hash)
				if tried[h] {
					mu.Lock()
					n, done := found[h]
					mu.Unlock()
					if done && n < r.acked(s) {
						fault(job{r, s}, fmt.Sprintf("%d records, %d were acknowledged", n, r.acked(s)))
					}
					continue
				}
				tried[h] = true
				sum.distinct++
				if s.Torn {
					sum.torn++
				}
				if s.Garbled {
					sum.garbled++
				}
				jobs <- job{r, s}
			}
		}
		if sum.distinct == before {
			break // there are no more
		}
	}
	close(jobs)
	wg.Wait()
	return sum
}

// TestRigDiskStates rebuilds what a power cut may leave at any moment of real runs,
// and opens it. QUIETSETUP_STATE is a directory that a fault was kept in.
func TestRigDiskStates(t *testing.T) {
	if dir := os.Getenv("QUIETSETUP_STATE"); dir != "" {
		tryKept(t, dir)
		return
	}
	target, seed := rig.Count(t, rig.DiskStates, 600), seedOf(t, 1)
	runs := append(append(lives(t, ""), failures(t)...), mends(t, "")...)
	for _, r := range runs {
		r.record(t)
	}
	began := time.Now()
	sum := search(t, runs, target, 10, seed, nil, "")
	t.Logf("%d states, %d distinct (%d torn, %d with rubbish, %d feared), %.0f/s", sum.states, sum.distinct, sum.torn, sum.garbled, sum.feared,
		float64(sum.distinct)/time.Since(began).Seconds())
	for _, f := range sum.faults {
		t.Error(f)
	}
	rig.Report(t, rig.DiskStates, sum.distinct, len(sum.faults))
}

// kept is a state that broke a promise, beside its files. The order of syncs that
// run side by side differs from run to run, so a seed would not bring it back.
type kept struct {
	Expected expected
	Word     string
	Garbled  bool
}

const keptFile = "expected.json"

func keepState(in string, k kept, tree crashdisk.Tree) (string, error) {
	dir, err := os.MkdirTemp(in, "quietsetup-state-")
	if err != nil {
		return "", err
	}
	b, err := json.Marshal(k)
	if err != nil {
		return "", err
	}
	return dir, errors.Join(tree.Save(dir), os.WriteFile(filepath.Join(dir, keptFile), b, 0o600))
}

// tryKept opens a kept state again. quietsetup replay reads it too.
func tryKept(t *testing.T, dir string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, keptFile))
	if err != nil {
		t.Fatal(err)
	}
	var k kept
	if err := json.Unmarshal(b, &k); err != nil {
		t.Fatal(err)
	}
	tree, err := crashdisk.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := &checker{t: t, dir: filepath.Join(fast(t), "disk"), probes: server{kind: "probes"}}
	defer func() { _ = c.probes.end() }()
	if _, fault := c.check(&recorded{expected: k.Expected}, crashdisk.State{Tree: tree, Word: k.Word, Garbled: k.Garbled}); fault != "" {
		t.Error(fault)
	}
}
