// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/crashdisk"
)

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
