// SPDX-License-Identifier: Apache-2.0

package store

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/store/storetest"
)

// TestWholeSize: up to the last newline, wherever in the file that is.
func TestWholeSize(t *testing.T) {
	const block = 1 << 16
	long := strings.Repeat("x", block)
	for text, want := range map[string]int64{"": 0, "abc": 0, "\n": 1, "a\nbc": 2, "a\nb\n": 4, long: 0, long + long + "x": 0,
		"\n" + long: 1, "ab\n" + long: 3, "\n" + long[:block-1]: 1, long + "\n": block + 1, "\n" + long + long: 1} {
		f, err := os.Open(writeFile(t, filepath.Join(t.TempDir(), "f"), text))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := wholeSize(f); got != want || err != nil {
			t.Errorf("%d bytes %.3q: %d, %v; want %d", len(text), text, got, err, want)
		}
		f.Close()
	}
}

// TestPour: as much as is wanted, with the hash of what lies there.
func TestPour(t *testing.T) {
	for limit, want := range map[int64]string{-1: "abcdef", 0: "", 3: "abc", 6: "abcdef", 9: "abcdef"} {
		dir := t.TempDir()
		src, err := os.Open(writeFile(t, filepath.Join(dir, "from"), "abcdef"))
		if err != nil {
			t.Fatal(err)
		}
		dst, err := os.Create(filepath.Join(dir, "to"))
		if err != nil {
			t.Fatal(err)
		}
		n, sum, err := pour(dst, src, limit)
		if n != int64(len(want)) || sum != fmt.Sprintf("%x", sha256.Sum256([]byte(want))) || err != nil {
			t.Errorf("limit %d: %d bytes, %s, %v", limit, n, sum, err)
		}
		src.Close()
		dst.Close()
		if got, err := os.ReadFile(filepath.Join(dir, "to")); string(got) != want || err != nil {
			t.Errorf("limit %d: %q, %v", limit, got, err)
		}
		if n, err := copyOne(filepath.Join(dir, "from"), filepath.Join(dir, "to"), limit); err == nil {
			t.Errorf("%d bytes went over a file that was there", n)
		}
	}
}

// TestDuplicateLeavesOutHalfALine: a daemon is writing it.
func TestDuplicateLeavesOutHalfALine(t *testing.T) {
	dir := newDir(t)
	s, _ := mustOpen(t, Options{Dir: dir, SegmentBytes: smallSegment})
	want := fillSegments(t, s, 2)
	segs, err := listSegments(filepath.Join(dir, dirJournal))
	if err != nil || len(segs) < 2 {
		t.Fatal(segs, err)
	}
	last := filepath.Join(dir, dirJournal, segmentName(segs[len(segs)-1]))
	f, err := os.OpenFile(last, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"v":1,"seq":`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	to := filepath.Join(t.TempDir(), "copy")
	if _, used, err := Duplicate(dir, to); err != nil || !used {
		t.Fatal(used, err)
	}
	storetest.Equal(t, "copy", rawLines(t, to), want)
	text, err := os.ReadFile(filepath.Join(to, dirJournal, filepath.Base(last)))
	if err != nil || !strings.HasSuffix(string(text), "}\n") {
		t.Errorf("the copy ends in %q, %v", text[max(0, len(text)-20):], err)
	}
}

// TestForget: a file that did not stay in the copy is not told, and all others are.
func TestForget(t *testing.T) {
	for name, want := range map[string][]string{"a": {"b", "c"}, "b": {"a", "c"}, "c": {"a", "b"}, "d": {"a", "b", "c"}} {
		c := &duplicate{files: []Copied{{File: "a"}, {File: "b"}, {File: "c"}}}
		c.forget(name)
		var got []string
		for _, f := range c.files {
			got = append(got, f.File)
		}
		if !slices.Equal(got, want) {
			t.Errorf("without %s: %v", name, got)
		}
	}
}
