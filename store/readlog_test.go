// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"errors"
	"hash/maphash"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/store/storetest"
)

func TestReadLogErrors(t *testing.T) {
	dir := t.TempDir()
	lines := script(t, 4)
	bad := strings.Replace(lines[1], `"rules":1`, `"rules":2`, 1)
	path := func(name, text string) string {
		p := filepath.Join(dir, name)
		writeFile(t, p, text)
		return p
	}
	cases := []struct {
		name, text string
		errs       map[int]error // by line; nil error = any
		lines      int
	}{
		{"whole", strings.Join(lines, "\n") + "\n", nil, 4},
		{"empty", "", nil, 0},
		{"changed byte", lines[0] + "\n" + bad + "\n" + lines[2] + "\n", map[int]error{2: events.ErrSum}, 3},
		{"not a record", lines[0] + "\nhello\n\n" + lines[1] + "\n", map[int]error{2: events.ErrNotARecord, 3: events.ErrNotARecord}, 4},
		{"torn", lines[0] + "\n" + lines[1][:50], map[int]error{2: ErrTornTail}, 2},
		{"only the newline is missing", lines[0] + "\n" + lines[1], map[int]error{2: ErrTornTail}, 2},
		{"endless line", lines[0] + "\n" + strings.Repeat("x", maxLine+5) + "\n" + lines[1] + "\n", map[int]error{2: errLong}, 3},
		{"endless torn line", lines[0] + "\n" + strings.Repeat("x", maxLine+5), map[int]error{2: ErrTornTail}, 2},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := path("log.ndjson", c.text)
			n := 0
			for l, err := range ReadLog(p) {
				if n++; l.Number != n || l.File != p {
					t.Errorf("item %d is %s:%d", n, l.File, l.Number)
				}
				want, expected := c.errs[n]
				switch {
				case !expected && err != nil:
					t.Errorf("line %d: %v", n, err)
				case expected && !errors.Is(err, want):
					t.Errorf("line %d: %v, want %v", n, err, want)
				case expected && !strings.Contains(err.Error(), p+":2") && n == 2:
					t.Errorf("line %d: %v does not name the place", n, err)
				}
			}
			if n != c.lines {
				t.Errorf("%d items, want %d", n, c.lines)
			}
		})
	}
	for name, p := range map[string]string{"nothing there": filepath.Join(dir, "missing"), "empty directory": t.TempDir()} {
		for _, err := range ReadLog(p) {
			if !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	t.Run("torn in the middle", func(t *testing.T) {
		d := t.TempDir()
		writeFile(t, filepath.Join(d, segmentName(1)), lines[0]+"\n"+lines[1])
		writeFile(t, filepath.Join(d, segmentName(3)), lines[2]+"\n")
		var errs []error
		for _, err := range ReadLog(d) {
			errs = append(errs, err)
		}
		if len(errs) != 3 || !errors.Is(errs[1], ErrDamaged) || errs[0] != nil || errs[2] != nil {
			t.Errorf("%v", errs)
		}
	})
	t.Run("damaged copy", func(t *testing.T) {
		s, _ := mustOpen(t, Options{Dir: newDir(t)})
		storetest.Fill(t, s, 5)
		copied := filepath.Join(t.TempDir(), "copy.db")
		if err := s.Copy(copied); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(copied)
		if err != nil {
			t.Fatal(err)
		}
		line := []byte(`"seq":4,`)
		for i := range len(b) - len(line) {
			if bytes.Equal(b[i:i+len(line)], line) {
				patch(t, copied, int64(i+6), '9')
			}
		}
		good, broken := 0, 0
		for _, err := range ReadLog(copied) {
			if err == nil {
				good++
			} else if broken++; !errors.Is(err, events.ErrSum) {
				t.Error(err)
			}
		}
		if good != 4 || broken != 1 {
			t.Errorf("%d good, %d broken", good, broken)
		}
	})
}

// TestOldFormats reads what every released format left behind, for ever.
func TestOldFormats(t *testing.T) {
	dirs, err := filepath.Glob(filepath.Join("testdata", "format*"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("fixtures %v, %v", dirs, err)
	}
	for _, fixture := range dirs {
		t.Run(filepath.Base(fixture), func(t *testing.T) {
			want := rawLines(t, fixture)
			if len(want) != 13 {
				t.Errorf("%d records", len(want))
			}
			before, err := os.ReadFile(filepath.Join(fixture, nameDB))
			if err != nil {
				t.Fatal(err)
			}
			got := rawLines(t, filepath.Join(fixture, nameDB))
			storetest.Equal(t, "log.db", got, want[len(want)-len(got):])
			after, err := os.ReadFile(filepath.Join(fixture, nameDB))
			if err != nil || !bytes.Equal(before, after) {
				t.Errorf("reading changed log.db: %v", err)
			}
			d := copyDir(t, fixture)
			s, f := mustOpen(t, Options{Dir: d})
			// The first builds wrote their small files without a check: the mark of a clean stop is not believed.
			if f.Lost != nil || f.Fork != nil || len(f.Rebuilt) > 0 || s.ID() != "5e7c0ffee5e7c0ff" {
				t.Errorf("id %s, findings %+v", s.ID(), f)
			}
			storetest.Equal(t, "opened", storetest.Lines(t, s.Records(1)), want)
			mustClose(t, s)
			remove(t, d, fileClean)
			if f := whole(t, d, want); len(f.Rebuilt) > 0 {
				t.Errorf("after a stop: %+v", f)
			}
		})
	}
}

// FuzzJournalScan feeds the journal scan with anything: it must end, keep to
// its offsets, and take nothing for a record that does not decode.
func FuzzJournalScan(f *testing.F) {
	m := NewMemory(MemoryOptions{})
	var text bytes.Buffer
	storetest.Fill(f, m, 3)
	if err := m.Export(&text, false); err != nil {
		f.Fatal(err)
	}
	f.Add(text.Bytes())
	f.Add(text.Bytes()[:text.Len()-20])
	f.Add([]byte("\n\n{}\n"))
	f.Add([]byte(`{"v":1,"seq":1,"sum":"` + strings.Repeat("0", 64) + `"}`))
	seed := maphash.MakeSeed()
	f.Fuzz(func(t *testing.T, b []byte) {
		seg, err := scanText(bytes.NewReader(b), "segment", 1, seed)
		if err != nil {
			if !errors.Is(err, ErrNewer) {
				t.Fatal(err)
			}
			return
		}
		if seg.size != int64(len(b)) || seg.whole > seg.size {
			t.Fatalf("size %d, whole %d of %d bytes", seg.size, seg.whole, len(b))
		}
		last := uint64(0)
		for _, l := range seg.links {
			if l.seq <= last {
				t.Fatalf("record %d after %d", l.seq, last)
			}
			last = l.seq
			if _, err := events.DecodeRecord(b[l.at : l.at+int64(l.size)]); err != nil {
				t.Fatalf("record %d: %v", l.seq, err)
			}
		}
		found := 0
		if err := eachRecordText(bytes.NewReader(b), func(line []byte, at int64) error {
			if found++; !bytes.Equal(b[at:at+int64(len(line))], line) {
				t.Fatalf("text at %d is not there", at)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	})
}
