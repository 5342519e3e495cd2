// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/events"
)

func TestWriteExcerpt(t *testing.T) {
	dir := newDir(t)
	s, _ := mustOpen(t, Options{Dir: dir, SegmentBytes: smallSegment})
	fillSegments(t, s, 4)
	end, _ := s.Last()
	if _, err := follow(s, int(end)+2); err != nil {
		t.Fatal(err)
	}
	end, _ = s.Last()
	mustClose(t, s)
	want := rawLines(t, dir)
	var starts []uint64
	for i, line := range want {
		r, err := events.DecodeRecord([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 || beginsSegment(r) {
			starts = append(starts, r.Seq)
		}
	}
	write := func(path string, x Excerpt) ([]string, Excerpted, error) {
		var b bytes.Buffer
		n, err := WriteExcerpt(&b, func() iter.Seq2[Line, error] { return ReadLog(path) }, x)
		var out []string
		for l := range strings.Lines(b.String()) {
			out = append(out, strings.TrimSuffix(l, "\n"))
		}
		return out, n, err
	}
	got, n, err := write(dir, Excerpt{Private: true})
	if err != nil || !slices.Equal(got, want) || n != (Excerpted{1, end, int(end)}) {
		t.Fatalf("whole: %+v, %v", n, err)
	}
	if got, n, err := write(dir, Excerpt{From: end, Private: true}); err != nil || n.Last != end || len(got) != n.Records {
		t.Errorf("from the last record on: %+v, %v", n, err)
	}
	for from := uint64(1); from <= end; from++ {
		got, n, err := write(dir, Excerpt{From: from, To: end - 1})
		if from == end { // what is wanted ends before it begins
			continue
		}
		i, exact := slices.BinarySearch(starts, from)
		if !exact {
			i--
		}
		if err != nil || n.First != starts[i] || n.Last != end-1 || strings.Contains(strings.Join(got, ""), `"private"`) {
			t.Fatalf("from %d: %+v, %v, want from %d", from, n, err, starts[i])
		}
		path := filepath.Join(t.TempDir(), "x.ndjson")
		writeFile(t, path, strings.Join(got, "\n")+"\n")
		var seq uint64
		var sum string
		for l, err := range ReadLog(path) {
			if err != nil || seq > 0 && l.Record.Follows(seq, sum) != nil {
				t.Fatalf("from %d: record %d: %v", from, l.Record.Seq, err)
			}
			seq, sum = l.Record.Seq, l.Record.Sum
		}
		if _, partial := ReadExcerptHead(path); partial || seq != end-1 {
			t.Errorf("from %d: partial %v, ends with %d", from, partial, seq)
		}
	}
	for _, x := range []Excerpt{{From: end + 1}, {From: 9, To: 2}} {
		if got, _, err := write(dir, x); err == nil || len(got) > 0 {
			t.Errorf("%+v: %d lines, %v", x, len(got), err)
		}
	}
	got, n, err = write(dir, Excerpt{Products: []string{"java"}, From: 4})
	path := filepath.Join(t.TempDir(), "java.ndjson")
	writeFile(t, path, strings.Join(got, "\n")+"\n")
	h, partial := ReadExcerptHead(path)
	if err != nil || !partial || h.From != 4 || h.To != end || !slices.Equal(h.Products, []string{"java"}) || n.Records != len(got)-1 || n.Records == 0 {
		t.Fatalf("%+v, %+v, %v", h, n, err)
	}
	for i, line := range got[1:] {
		if r, err := events.DecodeRecord([]byte(line)); err != nil || !slices.Contains(r.Products, "java") || r.Seq < 4 {
			t.Errorf("line %d: %v", i, err)
		}
	}
	// Segments that were taken away: what is after the gap can be exported.
	firsts, err := listSegments(filepath.Join(dir, dirArchive))
	if err != nil || len(firsts) < 2 {
		t.Fatal(firsts, err)
	}
	gone := copyDir(t, dir)
	if err := os.Remove(filepath.Join(gone, dirArchive, segmentName(firsts[1]))); err != nil {
		t.Fatal(err)
	}
	if _, n, err = write(gone, Excerpt{}); err != nil || n.First <= firsts[1] || n.Last != end {
		t.Errorf("behind a gap: %+v, %v", n, err)
	}
	// Damage: not a byte is written.
	patch(t, lastSegment(t, dir), 300, 'X')
	if got, _, err := write(dir, Excerpt{}); err == nil || len(got) > 0 {
		t.Errorf("damaged: %d lines, %v", len(got), err)
	}
	middle := filepath.Join(t.TempDir(), "middle.ndjson")
	writeFile(t, middle, want[1]+"\n")
	if _, _, err := write(middle, Excerpt{}); !errors.Is(err, ErrDamaged) {
		t.Errorf("a middle: %v", err)
	}
}
