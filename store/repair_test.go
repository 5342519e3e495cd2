// SPDX-License-Identifier: Apache-2.0

package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/store/storetest"
)

// TestIsPrefix: what is in the new file too need not be put aside, however long.
func TestIsPrefix(t *testing.T) {
	const block = 1 << 16
	long := strings.Repeat("0123456789abcdef", 3*block/16)
	for _, c := range []struct {
		name, old, made string
		want            bool
	}{
		{"empty", "", "abc", true},
		{"the same", "abc", "abc", true},
		{"a beginning", "abc", "abcdef", true},
		{"another text", "abx", "abcdef", false},
		{"longer", "abcdef", "abc", false},
		{"a long beginning", long[:2*block+5], long, true},
		{"long blocks", long[:2*block], long[:2*block], true},
		{"longer by a block", long, long[:2*block], false},
		{"different far behind", long[:2*block] + "x", long, false},
	} {
		dir := t.TempDir()
		got, err := isPrefix(writeFile(t, filepath.Join(dir, "old"), c.old), writeFile(t, filepath.Join(dir, "made"), c.made))
		if got != c.want || err != nil {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
	dir := t.TempDir()
	if got, err := isPrefix(filepath.Join(dir, "none"), writeFile(t, filepath.Join(dir, "made"), "x")); !got || err != nil {
		t.Errorf("no old file: %v, %v", got, err)
	}
}

// TestFits: a segment file is extended where it holds the beginning of its part of
// the chain and nothing else; all others are made anew.
func TestFits(t *testing.T) {
	chain := chainOf('a', 1, 5, digest{})
	part := planOf(chain).chain
	other := chainOf('o', 1, 5, digest{})
	for _, c := range []struct {
		name string
		seg  segment
		want int
	}{
		{"whole", segment{first: 1, links: chain, size: 55, whole: 55}, 5},
		{"behind", segment{first: 1, links: chain[:3], size: 33, whole: 33}, 3},
		{"behind, and torn", segment{first: 1, links: chain[:3], size: 40, whole: 33}, 3},
		{"whole, and more", segment{first: 1, links: chain, size: 60, whole: 55}, -1},
		{"a line that is no record", segment{first: 1, links: chain[:3], size: 40, whole: 40}, -1},
		{"damaged", segment{first: 1, links: chain[:3], size: 33, whole: 33, bad: "x"}, -1},
		{"empty", segment{first: 1}, -1},
		{"of another chain", segment{first: 1, links: other[:3], size: 33, whole: 33}, -1},
		{"of another number", segment{first: 2, links: chain, size: 55, whole: 55}, -1},
		{"longer than the chain", segment{first: 1, links: chainOf('a', 1, 6, digest{}), size: 66, whole: 66}, -1},
	} {
		r := &repair{sv: &survey{segs: []segment{{first: 9}, c.seg}}}
		if got := r.fits(part); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// TestWhatIsMendedIsDurable: whatever a start writes is synced after its last byte,
// and a name that it gives or takes away is synced too.
func TestWhatIsMendedIsDurable(t *testing.T) {
	for name, harm := range map[string]func(t *testing.T, dir, last string){
		"nothing":               func(*testing.T, string, string) {},
		"the journal is behind": func(t *testing.T, _, last string) { cutLines(t, last, 2, "") },
		"the journal is torn":   func(t *testing.T, _, last string) { cutLines(t, last, 1, `{"v":1,"se`) },
		"a new segment is torn": func(t *testing.T, dir, _ string) {
			writeFile(t, filepath.Join(dir, dirJournal, segmentName(999)), `{"v"`)
		},
		"the journal is damaged": func(t *testing.T, _, last string) { cutLines(t, last, 1, "no record\n") },
		"log.db is gone":         func(t *testing.T, dir, _ string) { remove(t, dir, nameDB) },
		"the journal is gone":    func(t *testing.T, dir, last string) { remove(t, filepath.Dir(last), filepath.Base(last)) },
	} {
		dir := newDir(t)
		s, _ := mustOpen(t, Options{Dir: dir})
		want := storetest.Fill(t, s, 6)
		drop(t, s)
		harm(t, dir, filepath.Join(dir, dirJournal, segmentName(1)))
		var calls []Call
		s, _ = mustOpen(t, Options{Dir: dir, Probe: passOrFail, Seam: func(c Call) error { calls = append(calls, c); return nil }})
		mustClose(t, s)
		twinsEqual(t, dir, want)
		after := func(from int, op Op, path string) bool {
			for _, c := range calls[from:] {
				if c.Op == op && c.Path == path {
					return true
				}
			}
			return false
		}
		for i, c := range calls {
			switch c.Op {
			case OpWrite, OpTruncate:
				if !after(i, OpSync, c.Path) {
					t.Errorf("%s: %s of %s is not synced", name, c.Op, c.Path)
				}
			case OpRename:
				if !after(i, OpSyncDir, filepath.Dir(c.To)) {
					t.Errorf("%s: the name %s is not synced", name, c.To)
				}
			case OpRemove:
				if !strings.HasSuffix(c.Path, tmpSuffix) && !after(i, OpSyncDir, filepath.Dir(c.Path)) {
					t.Errorf("%s: that %s is gone is not synced", name, c.Path)
				}
			}
		}
	}
}

// cutLines takes the last lines from a file and puts something in their place.
func cutLines(t *testing.T, path string, n int, instead string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	writeFile(t, path, strings.Join(lines[:len(lines)-1-n], "")+instead)
}

// TestEndsIn: log.db must end with the record the store believes to be last.
func TestEndsIn(t *testing.T) {
	s, _ := mustOpen(t, Options{Dir: newDir(t)})
	storetest.Fill(t, s, 3)
	if err := s.endsIn(s.db); err != nil {
		t.Fatal(err)
	}
	seq, sum := s.seq, s.sum
	for _, c := range []struct {
		seq uint64
		sum string
	}{{seq, "another"}, {seq - 1, sum}, {seq + 1, sum}, {0, ""}} {
		s.seq, s.sum = c.seq, c.sum
		if err := s.endsIn(s.db); err == nil {
			t.Errorf("record %d with %.8s is taken for the last", c.seq, c.sum)
		}
	}
	s.seq, s.sum = seq, sum
}

// TestTighten: an empty directory becomes ours alone, one with something in it is
// left as it is.
func TestTighten(t *testing.T) {
	if !modes {
		return // Windows has no such modes
	}
	dir := t.TempDir()
	for _, c := range []struct{ before, want os.FileMode }{{0o770, 0o700}, {0o750, 0o750}} {
		if err := os.Chmod(dir, c.before); err != nil {
			t.Fatal(err)
		}
		if err := tighten(dir); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != c.want {
			t.Errorf("%o became %v, %v", c.before, info.Mode(), err)
		}
		writeFile(t, filepath.Join(dir, "f"), "x")
	}
	if err := tighten(filepath.Join(dir, "none")); err != nil {
		t.Error(err)
	}
}
