// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/quietsetup/quietsetup/store/storetest"
)

var errCrashed = errors.New("the machine stopped")

// machine stops the world at a numbered call and then takes away what a power
// cut may take: bytes that were not synced, and names whose directory was not.
type machine struct {
	t      *testing.T
	stop   int // the call that is not made any more, 0 = never
	calls  int
	last   Call             // made when the next one is asked for
	synced map[string]int64 // durable length of the files written by now
	beside string           // the file whose sync runs beside a commit
	names  []nameChange     // not durable yet, oldest first
	spare  string           // directory for what a name stood for before
}

// nameChange can be undone: what was called path before is in backup, "" = nothing.
type nameChange struct {
	path, backup string
	movedTo      string // a rename moved path there
}

func newMachine(t *testing.T, stop int) *machine {
	m := &machine{t: t, stop: stop, synced: map[string]int64{}, spare: newDir(t)}
	if err := os.MkdirAll(m.spare, 0o700); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *machine) seam(c Call) error {
	if m.stop > 0 && m.calls >= m.stop {
		return errCrashed
	}
	if c.Op != OpCommit || m.last.Op != OpSync { // the journal's sync still runs beside the commit
		m.settle()
	}
	m.calls++
	if m.calls == m.stop {
		return errCrashed
	}
	if c.Op == OpCommit && m.last.Op == OpSync {
		m.beside = m.last.Path
	}
	m.last = c
	switch c.Op {
	case OpCreate, OpRemove:
		m.names = append(m.names, nameChange{path: c.Path, backup: m.backup(c.Path)})
	case OpLink:
		m.names = append(m.names, nameChange{path: c.To, backup: m.backup(c.To)})
	case OpRename:
		m.names = append(m.names, nameChange{path: c.To, backup: m.backup(c.To)}, nameChange{path: c.Path, movedTo: c.To})
	}
	return nil
}

// settle notes what the last call made durable.
func (m *machine) settle() {
	c := m.last
	switch c.Op {
	case OpCreate:
		m.synced[c.Path] = 0
	case OpSync:
		if info, err := os.Stat(c.Path); err == nil {
			m.synced[c.Path] = info.Size()
		}
	case OpRename:
		if n, ok := m.synced[c.Path]; ok {
			m.synced[c.To] = n
			delete(m.synced, c.Path)
		}
	case OpCommit: // bbolt syncs by itself
		delete(m.synced, c.Path)
		if info, err := os.Stat(m.beside); m.beside != "" && err == nil {
			m.synced[m.beside], m.beside = info.Size(), ""
		}
	case OpSyncDir:
		m.names = slices.DeleteFunc(m.names, func(n nameChange) bool { return filepath.Dir(n.path) == c.Path })
	}
	m.last = Call{}
}

func (m *machine) backup(path string) string {
	to := filepath.Join(m.spare, fmt.Sprint(len(m.names), "-", m.calls))
	if os.Link(path, to) != nil {
		return ""
	}
	return to
}

// cutPower undoes what was not durable. torn leaves a part of the bytes, and sometimes rubbish.
func (m *machine) cutPower(rng *rand.Rand, torn bool) {
	if m.last.Op != OpSync {
		m.settle()
	}
	for path, n := range m.synced {
		info, err := os.Stat(path)
		if err != nil || info.Size() <= n || filepath.Ext(path) == tmpSuffix {
			continue
		}
		keep := n
		if torn {
			keep += rng.Int64N(info.Size() - n)
		}
		m.must(os.Truncate(path, keep))
		if torn && rng.IntN(2) == 0 {
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
			m.must(err)
			_, err = f.Write([]byte("\x00\x00rubbish"))
			m.must(errors.Join(err, f.Close()))
		}
	}
	if torn {
		return // here the names survive
	}
	for _, n := range slices.Backward(m.names) {
		switch {
		case n.movedTo != "":
			// Both ends of a rename are undone together by its other half below.
			if _, err := os.Lstat(n.movedTo); err == nil {
				_ = os.Remove(n.path)
				m.must(os.Link(n.movedTo, n.path))
			}
		case n.backup != "":
			_ = os.Remove(n.path)
			m.must(os.Link(n.backup, n.path))
		default:
			_ = os.Remove(n.path)
		}
	}
}

func (m *machine) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// script is a chain of records, every fifth a checkpoint.
func script(t *testing.T, n int) []string {
	var out []string
	m := NewMemory(MemoryOptions{})
	for i := 1; i <= n; i++ {
		seq, sum := m.Last()
		if i%5 == 0 {
			out = append(out, storetest.Put(t, m, storetest.Checkpoint(seq+1, sum)))
		} else {
			out = append(out, storetest.Put(t, m, storetest.Record(seq+1, sum, 20)))
		}
	}
	return out
}

// follow appends what the script says next, up to record n.
func follow(s *Store, n int) (acked int, err error) {
	for {
		seq, sum := s.Last()
		if int(seq) >= n {
			return int(seq), nil
		}
		r := storetest.Record(seq+1, sum, 20)
		if (seq+1)%5 == 0 {
			r = storetest.Checkpoint(seq+1, sum)
		}
		if err := s.Append(&r); err != nil {
			return int(seq), err
		}
	}
}

// life is a first start with some work, an orderly stop, and a second start with more.
func life(dir string, seam Seam, n int) (acked int, err error) {
	for _, upTo := range []int{n - 6, n} {
		var s *Store
		if s, _, err = Open(Options{Dir: dir, Seam: seam}); err != nil {
			return acked, err
		}
		acked, err = follow(s, upTo)
		if err == nil {
			err = s.Close()
		}
		s.closed = true
		_ = s.release() // the process is gone, whatever it was doing
		if err != nil {
			return acked, err
		}
	}
	return acked, nil
}

func TestCrashAtEveryCall(t *testing.T) {
	const records = 18 // three checkpoints: creation, appends, archive, compaction, clean stop and start
	want := script(t, records)
	count := newMachine(t, 0)
	if acked, err := life(newDir(t), count.seam, records); err != nil || acked != records {
		t.Fatalf("without a crash: %d acknowledged, %v", acked, err)
	}
	runs := 0
	for stop := 1; stop <= count.calls; stop += sparse() {
		for _, kind := range []string{"killed", "power cut", "power cut, torn"} {
			rng := rand.New(rand.NewPCG(uint64(stop), 7))
			dir := newDir(t)
			m := newMachine(t, stop)
			acked, err := life(dir, m.seam, records)
			if err != nil && !errors.Is(err, errCrashed) {
				t.Fatalf("call %d: %v", stop, err)
			}
			if kind != "killed" {
				m.cutPower(rng, kind != "power cut")
			}
			what := fmt.Sprintf("%s at call %d, %d acknowledged", kind, stop, acked)
			s, f, err := Open(Options{Dir: dir})
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if f.Lost != nil || f.Fork != nil {
				t.Errorf("%s: lost %v, fork %v", what, f.Lost, f.Fork)
			}
			seq, _ := s.Last()
			if int(seq) < acked {
				t.Errorf("%s: only %d left", what, seq)
			}
			storetest.Equal(t, what, storetest.Lines(t, s.Records(1)), want[:seq])
			if _, err := follow(s, records); err != nil {
				t.Fatalf("%s: going on: %v", what, err)
			}
			storetest.Equal(t, what+", at the end", storetest.Lines(t, s.Records(1)), want)
			mustClose(t, s)
			twinsEqual(t, dir, want)
			_, _ = os.RemoveAll(filepath.Dir(dir)), os.RemoveAll(filepath.Dir(m.spare))
			runs++
		}
	}
	t.Logf("%d calls, %d runs, 0 acknowledged records lost", count.calls, runs)
}

// TestCrashWhileMending stops the world at every call of a start that mends.
func TestCrashWhileMending(t *testing.T) {
	dir, want := original(t)
	fork := copyDir(t, dir)
	for i, d := range []string{dir, fork} {
		s, _ := mustOpen(t, Options{Dir: d})
		seq, sum := s.Last()
		lineA := storetest.Put(t, s, storetest.Record(seq+1, sum, 10+i))
		if i == 0 {
			want = append(want, lineA)
		}
		mustClose(t, s)
	}
	current := len(rawLines(t, lastSegment(t, dir)))
	cases := map[string]struct {
		spoil func(d string)
		from  int // what is left, from and to
		to    int
	}{
		"log.db gone":     {func(d string) { remove(t, d, nameDB) }, 1, len(want)},
		"journal gone":    {func(d string) { remove(t, d, dirJournal) }, 1, len(want)},
		"journal behind":  {func(d string) { cutFile(t, lastSegment(t, d), 20) }, 1, len(want)},
		"journal damaged": {func(d string) { patch(t, segmentsOf(t, d)[0], 100, 'X') }, 1, len(want)},
		"log.db rubbish":  {func(d string) { writeFile(t, filepath.Join(d, nameDB), "rubbish") }, 1, len(want)},
		"fork":            {func(d string) { copyFile(t, filepath.Join(fork, nameDB), filepath.Join(d, nameDB)) }, 1, len(want) - 1},
		"log.db gone, journal damaged": {func(d string) { remove(t, d, nameDB); patch(t, segmentsOf(t, d)[0], 100, 'X') },
			len(want) - current + 1, len(want)},
		"all gone but the archive": {func(d string) { remove(t, d, nameDB); remove(t, d, dirJournal) }, 1, 8},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			broken := copyDir(t, dir)
			c.spoil(broken)
			calls := 0
			count := func(Call) error { calls++; return nil }
			s, first, err := Open(Options{Dir: copyDir(t, broken), Seam: count, Probe: passOrFail})
			if err != nil {
				t.Fatal(err)
			}
			drop(t, s)
			for stop := 1; stop <= calls; stop += sparse() {
				for _, kind := range []string{"killed", "power cut", "power cut, torn"} {
					d := copyDir(t, broken)
					m := newMachine(t, stop)
					if s, _, err := Open(Options{Dir: d, Seam: m.seam, Probe: passOrFail}); err == nil {
						drop(t, s) // the crash hit upkeep, which does not matter to Open
					} else if !errors.Is(err, errCrashed) {
						t.Fatalf("call %d: %v", stop, err)
					}
					if kind != "killed" {
						m.cutPower(rand.New(rand.NewPCG(uint64(stop), 9)), kind != "power cut")
					}
					what := fmt.Sprintf("%s at call %d of %d", kind, stop, calls)
					s, f, err := Open(Options{Dir: d, Probe: passOrFail})
					if err != nil {
						t.Fatalf("%s: %v", what, err)
					}
					if (f.Fork == nil) != (first.Fork == nil) || (f.Lost == nil) != (first.Lost == nil) {
						t.Errorf("%s: fork %v, lost %v", what, f.Fork, f.Lost)
					}
					if f.Fork != nil && (f.Fork.Common != first.Fork.Common || !slices.Equal(f.Fork.Products, first.Fork.Products)) {
						t.Errorf("%s: fork %+v", what, f.Fork)
					}
					left := want[c.from-1 : c.to]
					records := s.Records(1)
					if c.from > 1 {
						records = s.SinceCheckpoint()
					}
					storetest.Equal(t, what, storetest.Lines(t, records), left)
					drop(t, s)
					twinsEqual(t, d, left)
					_, _ = os.RemoveAll(filepath.Dir(d)), os.RemoveAll(filepath.Dir(m.spare))
				}
			}
		})
	}
}

func cutFile(t *testing.T, path string, n int64) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()-n); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, to, string(b))
}
