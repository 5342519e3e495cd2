// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"errors"
	"hash/maphash"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/store/storetest"
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

// TestExcerptByProduct: a product counts that is in the wanted records, the first and
// the last of them too, and none that is only outside of them.
func TestExcerptByProduct(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.ndjson")
	var text, prev string
	for i, product := range []string{"before", "first", "middle", "last", "after"} {
		r := storetest.Record(uint64(i)+1, prev, 0)
		r.Products = []string{product}
		text += storetest.Line(t, r) + "\n"
		if _, r, err := examine([]byte(storetest.Line(t, r)), maphash.MakeSeed()); err != nil {
			t.Fatal(err)
		} else {
			prev = r.Sum
		}
	}
	writeFile(t, path, text)
	for product, want := range map[string]int{"before": 0, "first": 1, "middle": 1, "last": 1, "after": 0} {
		var b bytes.Buffer
		n, err := WriteExcerpt(&b, func() iter.Seq2[Line, error] { return ReadLog(path) }, Excerpt{From: 2, To: 4, Products: []string{product}})
		if n.Records != want || (want == 0) != errors.Is(err, ErrNoRecord) || want > 0 && err != nil {
			t.Errorf("%s: %+v, %v", product, n, err)
		}
	}
}

// TestExcerptOfOneRecord: a log of a single record is a log.
func TestExcerptOfOneRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.ndjson")
	line := storetest.Line(t, storetest.Record(1, "", 0)) + "\n"
	writeFile(t, path, line)
	var b bytes.Buffer
	n, err := WriteExcerpt(&b, func() iter.Seq2[Line, error] { return ReadLog(path) }, Excerpt{})
	if err != nil || n != (Excerpted{1, 1, 1}) || b.String() != line {
		t.Errorf("%+v, %v", n, err)
	}
}

// TestHeadOfALongExcerpt: the head is told of an excerpt however long it is, and of
// nothing else.
func TestHeadOfALongExcerpt(t *testing.T) {
	head := `{"schema":"store_excerpt/v1","partial":true,"products":["java"],"from":1,"to":9}` + "\n"
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"short":     {head, true},
		"long":      {head + strings.Repeat("x", 1<<17), true},
		"empty":     {"", false},
		"no head":   {strings.Repeat("x", 1<<17), false},
		"no record": {strings.TrimSuffix(head, "\n"), false},
	} {
		path := filepath.Join(t.TempDir(), "x.ndjson")
		writeFile(t, path, c.text)
		if h, ok := ReadExcerptHead(path); ok != c.want || ok && h.To != 9 {
			t.Errorf("%s: %+v, %v", name, h, ok)
		}
	}
}
