// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/rig"
)

// hang is how long a start may take on any file.
const hang = 10 * time.Second

// subject is a sound store that is damaged in copies.
type subject struct {
	dir    string
	id     string
	sums   []string // of all records
	since  int      // records since the last checkpoint
	before int      // records between the last two checkpoints
	notice bool     // a fork is still to be told
}

// subjects are a store that was closed, one that was killed, and one that still
// has to tell of a fork. All hold five deferrals of one product, an archived segment
// and two checkpoints.
func subjects(t testing.TB) []subject {
	t.Helper()
	var out []subject
	for _, clean := range []bool{true, false} {
		dir, records := newDir(t), history(t, 14, 11)
		keepHistory(t, dir, records, clean)
		s := subject{dir: dir, since: 12, before: 15}
		for _, r := range records {
			s.sums = append(s.sums, r.Sum)
		}
		id, found, err := readStoreFile(&disk{now: time.Now}, dir)
		if err != nil || !found {
			t.Fatal(found, err)
		}
		s.id = id.ID
		out = append(out, s)
	}
	forked := out[1]
	forked.dir, forked.notice = copyDir(t, forked.dir), true
	n := notice{Fork: &Fork{Common: 3, Products: []string{"editor"}, Kept: "twins.fork"}}
	if err := n.write(&disk{now: time.Now}, forked.dir); err != nil {
		t.Fatal(err)
	}
	return append(out, forked)
}

// harm is what is done to a copy.
type harm struct {
	seed    uint64
	subject subject
	done    []string // "file: mutation"
	twins   map[string]bool
	archive bool
	back    bool // what is left of the journal is sound and merely older
}

// damage damages one file of a copy, or one in each twin.
func (s subject) damage(t testing.TB, dir string, seed uint64) harm {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 0xda4a6e))
	h := harm{seed: seed, subject: s, twins: map[string]bool{}}
	kinds := []string{nameDB, nameDB, nameDB, nameDB, dirJournal, dirJournal, dirJournal, dirArchive, "small", "both"}
	if s.notice {
		kinds = []string{fileNotice}
	}
	switch kind := kinds[rng.IntN(len(kinds))]; kind {
	case "both":
		h.spoil(t, dir, nameDB, rng)
		h.spoil(t, dir, dirJournal, rng)
	case "small":
		names := []string{fileClean, fileIdentity, fileIdentity, fileLock}
		if _, err := os.Stat(filepath.Join(dir, fileClean)); err == nil {
			names = append(names, fileClean, fileClean)
		}
		h.spoil(t, dir, names[rng.IntN(len(names))], rng)
	default:
		h.spoil(t, dir, kind, rng)
	}
	return h
}

func (h *harm) spoil(t testing.TB, dir, what string, rng *rand.Rand) {
	t.Helper()
	path, ways := filepath.Join(dir, what), mutations()
	switch what {
	case nameDB:
		ways = append(ways, ofBolt()...)
	case dirJournal, dirArchive:
		firsts, err := listSegments(path)
		if err != nil || len(firsts) == 0 {
			t.Fatal(firsts, err)
		}
		path = filepath.Join(path, segmentName(firsts[rng.IntN(len(firsts))]))
		ways = append(ways, ofLines()...)
	}
	if what == fileClean || what == fileLock {
		if _, err := os.Stat(path); err != nil {
			return
		}
	}
	m := ways[rng.IntN(len(ways))]
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	did, err := mutate(path, m, rng)
	if err != nil {
		t.Fatal(err)
	}
	if !did {
		return
	}
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	h.back = what == dirJournal && bytes.HasPrefix(before, after) && bytes.HasSuffix(after, []byte("\n"))
	h.done = append(h.done, filepath.Base(path)+": "+m.name)
	h.twins[what] = what == nameDB || what == dirJournal
	h.archive = h.archive || what == dirArchive
}

// both reports whether neither twin is intact.
func (h harm) both() bool { return h.twins[nameDB] && h.twins[dirJournal] }

func (h harm) String() string { return fmt.Sprintf("seed %d: %v", h.seed, h.done) }

// judge says what class an outcome is of, and what is wrong with it, "" if nothing is.
func (h harm) judge(got started) (class, fault string) {
	s, f := h.subject, got.Findings
	told := f.Lost != nil || f.Fork != nil
	switch {
	case got.Err != "":
		return "does not open", got.Err
	case got.Append != "":
		return "cannot go on", got.Append
	case got.Again != "":
		return "does not open again", got.Again
	case got.FoldErr != "":
		return "cannot be folded", got.FoldErr
	case got.ID != s.id:
		return "another store", fmt.Sprintf("it is %s and was %s", got.ID, s.id)
	case s.notice && !told:
		return "finding forgotten", fmt.Sprintf("%+v", f)
	}
	if told && ((got.Next.Lost == nil) != (f.Lost == nil) || (got.Next.Fork == nil) != (f.Fork == nil)) {
		return "finding forgotten", fmt.Sprintf("%+v, then %+v", f, got.Next)
	}
	if fault := h.records(got, told); fault != "" {
		return "wrong records", fault
	}
	class = h.class(got)
	if n := got.Next; len(n.Rebuilt) > 0 && n.Torn == "" && h.twins[nameDB] && n.Rebuilt[0].Store == nameDB {
		class = "log.db damaged, seen at the second start" // where nothing reads until something is written
	} else if len(n.Rebuilt) > 0 || n.Torn != "" {
		return "mended twice", fmt.Sprintf("%+v", n)
	}
	if told && !h.both() && !s.notice {
		return "false alarm", fmt.Sprintf("lost %v, fork %v", f.Lost, f.Fork)
	}
	return class, ""
}

// class names a good outcome.
func (h harm) class(got started) string {
	f := got.Findings
	switch {
	case h.subject.notice:
		return "told again"
	case h.back && f.Lost == nil && got.End <= uint64(len(h.subject.sums)):
		return "both twins rolled back, cannot be told"
	case f.Fork != nil:
		return "fork told"
	case f.Lost != nil:
		return "loss told"
	case got.ReadErr != "":
		return "error when the archive is read"
	case len(f.Rebuilt) > 0:
		var how []string
		for _, r := range f.Rebuilt {
			how = append(how, r.Store+" "+r.Reason)
		}
		return strings.Join(how, ", ")
	case f.Torn != "":
		return "torn tail cut"
	case f.Clean:
		return "no effect, clean"
	}
	return "no effect"
}

// records compares what is there with what was.
func (h harm) records(got started, told bool) string {
	s := h.subject
	intact := !h.both()
	for i, seq := range got.Seqs {
		if seq < 1 || int(seq) > len(s.sums) || got.Sums[i] != s.sums[seq-1] {
			return fmt.Sprintf("record %d is changed or invented", seq)
		}
		if i > 0 && seq != got.Seqs[i-1]+1 {
			return fmt.Sprintf("record %d stands after %d", seq, got.Seqs[i-1])
		}
	}
	if intact {
		switch {
		case got.End != uint64(len(s.sums)+1):
			return fmt.Sprintf("%d of %d records are there while one twin is intact", got.End-1, len(s.sums))
		case got.ReadErr == "" && len(got.Seqs) != len(s.sums):
			return fmt.Sprintf("%d of %d records can be read, and nothing is said", len(got.Seqs), len(s.sums))
		case got.ReadErr != "" && !h.archive:
			return got.ReadErr
		case got.Since != s.since || got.Defers != 5:
			return fmt.Sprintf("%d records since the checkpoint, %d defers", got.Since, got.Defers)
		}
		return ""
	}
	// Both are damaged: nothing is lost without a word, and what a checkpoint knows stays known.
	whole := got.End == uint64(len(s.sums)+1)
	if h.back && !told {
		return "" // both twins are older: nobody on the machine can tell, docs/recovery.md
	}
	if !whole && !told {
		return fmt.Sprintf("%d of %d records are there, and nothing is said", got.End-1, len(s.sums))
	}
	if got.Defers != 5 && !told {
		return fmt.Sprintf("%d defers, and nothing is said", got.Defers)
	}
	return ""
}

// damaged is what the rig has found.
type damaged struct {
	files   int
	classes map[string]int
	slowest time.Duration
	faults  []string
}

// tryDamage damages n copies and starts each. alter, if not nil, changes the order.
func tryDamage(t testing.TB, n int, first uint64, enough int, alter func(*order)) damaged {
	t.Helper()
	sub := subjects(t)
	var (
		mu   sync.Mutex
		sum  = damaged{classes: map[string]int{}}
		wg   sync.WaitGroup
		seed = first
	)
	next := func() (uint64, bool) {
		mu.Lock()
		defer mu.Unlock()
		if sum.files >= n || len(sum.faults) >= enough {
			return 0, false
		}
		sum.files++
		seed++
		return seed - 1, true
	}
	for range 2 {
		wg.Go(func() {
			child := server{kind: "starts"}
			defer func() { _ = child.end() }()
			for at, more := next(); more; at, more = next() {
				s := sub[at%2]
				if at%20 == 19 {
					s = sub[2]
				}
				dir := copyDir(t, s.dir)
				h := s.damage(t, dir, at)
				if len(h.done) == 0 { // nothing was changed: it does not count
					mu.Lock()
					sum.files--
					mu.Unlock()
				} else {
					o := order{Dir: dir}
					if alter != nil {
						alter(&o)
					}
					got, class, fault := h.try(&child, o)
					mu.Lock()
					sum.classes[class]++
					sum.slowest = max(sum.slowest, got.Took)
					if fault != "" {
						sum.faults = append(sum.faults, fmt.Sprintf("%v: %s: %s", h, class, fault))
					}
					mu.Unlock()
				}
				_ = os.RemoveAll(filepath.Dir(dir))
			}
		})
	}
	wg.Wait()
	return sum
}

// try starts a damaged store in a child that may die or hang.
func (h harm) try(child *server, o order) (got started, class, fault string) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*hang)
	defer cancel()
	b, err := json.Marshal(o)
	if err != nil {
		return got, "order", err.Error()
	}
	said, err := child.ask(ctx, string(b))
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return got, "hang", err.Error()
	case err != nil:
		return got, "crash of the daemon", err.Error()
	}
	if err := json.Unmarshal([]byte(said), &got); err != nil {
		return got, "answer", err.Error()
	}
	if class, fault = h.judge(got); fault == "" && got.Took > hang {
		return got, "hang", got.Took.String()
	}
	return got, class, fault
}

// TestRigDamagedFiles damages files of a store and starts it as the daemon does.
// QUIETSETUP_SEED is the first of the seeds, one for each file.
func TestRigDamagedFiles(t *testing.T) {
	n, seed := rig.Count(t, rig.DamagedFiles, 60), seedOf(t, 1)
	began := time.Now()
	sum := tryDamage(t, n, seed, 1000, nil)
	for _, class := range slices.Sorted(maps.Keys(sum.classes)) {
		t.Logf("%4d %s", sum.classes[class], class)
	}
	t.Logf("%d damaged files, slowest start %v, %.0f/s", sum.files, sum.slowest, float64(sum.files)/time.Since(began).Seconds())
	for _, f := range sum.faults {
		t.Errorf("%s\nrepeat: QUIETSETUP_SEED=%s go test -run TestRigDamagedFiles ./store", f, seedIn(f))
	}
	rig.Report(t, rig.DamagedFiles, sum.files, len(sum.faults))
}

// seedIn reads the seed back out of a fault.
func seedIn(fault string) string {
	return strings.TrimSuffix(strings.Fields(strings.TrimPrefix(fault, "seed "))[0], ":")
}
