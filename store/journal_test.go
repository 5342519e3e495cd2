// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"hash/maphash"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/store/storetest"
)

// linesOf are the lines of a chain from record 1 on.
func linesOf(t *testing.T, n int) []string {
	t.Helper()
	var out []string
	prev := ""
	for seq := range n {
		r := storetest.Record(uint64(seq)+1, prev, 10)
		out = append(out, storetest.Line(t, r)+"\n")
		prev = sumOf(t, out[seq])
	}
	return out
}

func sumOf(t *testing.T, line string) string {
	t.Helper()
	_, r, err := examine([]byte(strings.TrimSuffix(line, "\n")), maphash.MakeSeed())
	if err != nil {
		t.Fatal(err)
	}
	return r.Sum
}

// TestScanText: what a segment holds, what in it is no record, where the highest
// record stands, and how much of it is whole lines.
func TestScanText(t *testing.T) {
	l := linesOf(t, 4)
	size := func(lines ...string) int64 { return int64(len(strings.Join(lines, ""))) }
	const junk = "no record\n"
	for _, c := range []struct {
		name           string
		text           string
		first          uint64
		seqs           string
		rubbish, top   int64
		highest        uint64
		whole          int64
		tail           string
		bad, elsewhere bool
	}{
		{name: "nothing", seqs: "[]", rubbish: -1, top: -1},
		{name: "three records", text: l[0] + l[1] + l[2], seqs: "[1 2 3]", rubbish: -1, top: size(l[0], l[1]), highest: 3, whole: size(l[:3]...)},
		{name: "a torn end", text: l[0] + l[1][:20], seqs: "[1]", rubbish: -1, highest: 1, whole: size(l[0]), tail: l[1][:20]},
		{name: "rubbish in the middle", text: l[0] + junk + l[1], seqs: "[1 2]", rubbish: size(l[0]), top: size(l[0], junk), highest: 2, whole: size(l[0], junk, l[1]), bad: true},
		{name: "rubbish first", text: junk + l[0], seqs: "[1]", rubbish: 0, top: size(junk), highest: 1, whole: size(junk, l[0]), bad: true},
		{name: "rubbish twice", text: l[0] + junk + junk, seqs: "[1]", rubbish: size(l[0], junk), highest: 1, whole: size(l[0], junk, junk), bad: true},
		{name: "a line twice", text: l[0] + l[1] + l[1], seqs: "[1 2]", rubbish: -1, top: size(l[0], l[1]), highest: 2, whole: size(l[0], l[1], l[1]), bad: true},
		{name: "going back", text: l[0] + l[2] + l[1], seqs: "[1 3]", rubbish: -1, top: size(l[0]), highest: 3, whole: size(l[:3]...), bad: true},
		{name: "another one first", text: l[1] + l[2], first: 1, seqs: "[3]", rubbish: -1, top: size(l[1]), highest: 3, whole: size(l[1], l[2]), bad: true},
	} {
		if c.first == 0 {
			c.first = 1
		}
		s, err := scanText(strings.NewReader(c.text), "f", c.first, maphash.MakeSeed())
		if err != nil {
			t.Fatal(c.name, err)
		}
		seqs := []uint64{}
		for _, l := range s.links {
			seqs = append(seqs, l.seq)
			if !strings.HasPrefix(c.text[l.at:], fmt.Sprintf(`{"v":1,"seq":%d,`, l.seq)) || c.text[int(l.at)+l.size] != '\n' {
				t.Errorf("%s: record %d is not at %d, %d bytes", c.name, l.seq, l.at, l.size)
			}
		}
		if fmt.Sprint(seqs) != c.seqs || s.rubbish != c.rubbish || s.top != c.top || s.highest != c.highest || s.whole != c.whole ||
			string(s.tail) != c.tail || s.size != int64(len(c.text)) || (s.bad != "") != c.bad {
			t.Errorf("%s: %v %+v", c.name, seqs, s)
		}
	}
}

// TestSegmentNames: only what this package writes is a segment.
func TestSegmentNames(t *testing.T) {
	for name, want := range map[string]uint64{"00000001.ndjson": 1, "00012345.ndjson": 12345, "123456789.ndjson": 123456789,
		"00000000.ndjson": 0, "1.ndjson": 0, "00000001.ndjson.tmp": 0, "00000001": 0, "0000000x.ndjson": 0, "-0000001.ndjson": 0} {
		n, ok := segmentFirst(name)
		if ok != (want > 0) || ok && n != want {
			t.Errorf("%s: %d, %v", name, n, ok)
		}
	}
}

// TestCutTo ends the chain at the last common record, also where none is common.
func TestCutTo(t *testing.T) {
	for common, want := range map[uint64]int{0: 0, 3: 3, 9: 5} {
		var p plan
		links := chainOf('a', 1, 5, digest{})
		for _, l := range links {
			p.chain = append(p.chain, pick{link: l})
		}
		p.cutTo(common, &survey{jrnl: twinOf("j", "", links), db: twinOf("b", "", links)})
		if len(p.chain) != want || !p.fork || p.common != common {
			t.Errorf("cut to %d: %d records, %+v", common, len(p.chain), p)
		}
	}
}

// TestTidy: whatever a kill left of files in the making is gone after a start, and
// nothing else is.
func TestTidy(t *testing.T) {
	dir := newDir(t)
	s, _ := mustOpen(t, Options{Dir: dir})
	storetest.Fill(t, s, 2)
	drop(t, s)
	gone := []string{"a.tmp", "b.tmp", dirJournal + "/a.tmp", dirJournal + "/b.tmp"}
	stay := []string{"tmp", "a.tmp.x", dirJournal + "/x"}
	for _, name := range slices.Concat(gone, stay) {
		writeFile(t, filepath.Join(dir, name), "x")
	}
	s, _ = mustOpen(t, Options{Dir: dir})
	mustClose(t, s)
	for _, name := range gone {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
	for _, name := range stay {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}
