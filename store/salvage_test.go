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

	"github.com/quietsetup/quietsetup/store/storetest"
)

// exported is a small log as lines.
func exported(t testing.TB, n int) [][]byte {
	t.Helper()
	m := NewMemory(MemoryOptions{})
	storetest.Fill(t, m, n)
	var text bytes.Buffer
	if err := m.Export(&text, false); err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(text.Bytes()), []byte("\n"))
}

// A file full of marks is searched once, not once for each mark: what is handed
// out to be summed up does not grow faster than the file.
func TestSalvageOfMarksEnds(t *testing.T) {
	line := exported(t, 1)[0]
	for name, text := range map[string]string{
		"marks without an end":     strings.Repeat(recordMark, 300_000),
		"marks before one end":     strings.Repeat(recordMark, 300_000) + sumMark + strings.Repeat("0", 64) + `"}`,
		"marks before a record":    strings.Repeat(recordMark, 300_000) + string(line),
		"ends without a mark":      strings.Repeat(sumMark, 300_000),
		"more than a line between": recordMark + strings.Repeat("x", maxLine+1) + sumMark + strings.Repeat("0", 64) + `"}`,
	} {
		handed, whole := 0, false
		if err := eachRecordText(strings.NewReader(text), func(got []byte, at int64) error {
			handed += len(got)
			whole = whole || bytes.Equal(got, line)
			if text[at:at+int64(len(got))] != string(got) {
				t.Errorf("%s: text at %d is not there", name, at)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if handed > 2*len(text) {
			t.Errorf("%s: %d bytes are handed out of a file of %d", name, handed, len(text))
		}
		if whole != strings.HasSuffix(text, string(line)) {
			t.Errorf("%s: the record was found: %v", name, whole)
		}
	}
}

// FuzzSalvage searches a broken log.db: a whole record is found between any two
// pieces of rubbish, what is found decodes, and each number comes once.
func FuzzSalvage(f *testing.F) {
	lines := exported(f, 3)
	f.Add([]byte("\x00\x01"), []byte("\n"))
	f.Add(lines[0], lines[2])
	f.Add(lines[0][:len(lines[0])-9], lines[2][20:])
	f.Add([]byte(strings.Repeat(recordMark, 9)), []byte(sumMark))
	f.Add([]byte(sumMark+strings.Repeat("0", 60)), []byte(recordMark))
	path := filepath.Join(f.TempDir(), nameDB)
	seed := maphash.MakeSeed()
	want, _, err := examine(lines[1], seed)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, before, after []byte) {
		text := bytes.Join([][]byte{before, lines[1], after}, nil)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := salvage(openPlain, path, seed)
		if errors.Is(err, ErrNewer) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		there, last := false, uint64(0)
		for _, l := range got.links {
			if l.seq <= last {
				t.Fatalf("record %d after %d", l.seq, last)
			}
			last = l.seq
			line, err := got.read(l)
			if err != nil {
				t.Fatal(err)
			}
			again, _, err := examine(line, seed)
			if err != nil || again.sum != l.sum || !bytes.Equal(text[l.at:l.at+int64(l.size)], line) {
				t.Fatalf("record %d at %d: %v", l.seq, l.at, err)
			}
			there = there || l.sum == want.sum
		}
		if !there {
			t.Fatalf("the whole record between\n%q\n%q\nis lost", before, after)
		}
	})
}

// FuzzSmallFiles: a small file of the state directory that holds anything is
// read, refused, or stands for the worst; it never ends the process.
func FuzzSmallFiles(f *testing.F) {
	f.Add([]byte(`{"seq":7,"sum":"00","files":{"../../etc/passwd":{"size":1,"crc":2},"log.db":{"size":-1}}}`))
	f.Add([]byte(`{"format":1,"min_reader":1,"id":"5e7c0ffee5e7c0ff"}`))
	f.Add([]byte(`{"fork":{"common":3,"products":["a"]},"lost":{"from":9,"to":1},"cut":true}`))
	f.Add([]byte(`{"cut":true}`))
	f.Add([]byte(strings.Repeat("[", 11_000)))
	dir := f.TempDir()
	d := &disk{}
	if err := os.Mkdir(filepath.Join(dir, dirJournal), dirMode); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, name := range []string{fileClean, fileIdentity, fileNotice} {
			if err := os.WriteFile(filepath.Join(dir, name), text, fileMode); err != nil {
				t.Fatal(err)
			}
		}
		if m, err := readMark(d, dir); err != nil {
			t.Fatal(err)
		} else if m != nil && m.holds(d.open, dir) {
			t.Fatalf("a mark holds for files that are not there: %+v", m)
		}
		if _, _, err := readStoreFile(d, dir); err != nil && !strings.Contains(err.Error(), fileIdentity) {
			t.Fatalf("which file? %v", err)
		}
		n, err := readNotice(d, dir)
		if err != nil || n.Cut && n.Fork == nil {
			t.Fatalf("%+v, %v", n, err)
		}
	})
}
