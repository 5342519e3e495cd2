// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// segment is one journal file. Its name is the number of its first record.
type segment struct {
	first uint64
	path  string
	size  int64  // bytes of the file
	whole int64  // bytes up to and including the last newline
	tail  []byte // what follows the last newline, at most maxLine bytes
	links []link // valid records, in order
	bad   string // why the file is damaged, "" if it is not

	rubbish int64 // where the last whole line that is no record begins, -1 = nowhere
	top     int64 // where the highest valid record begins, also one at the wrong place
	highest uint64
}

// segmentName is the file name of the segment that begins with a record.
func segmentName(first uint64) string { return fmt.Sprintf("%08d.ndjson", first) }

// segmentFirst reads a segment's file name; false for every other file.
func segmentFirst(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, ".ndjson")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil && n > 0 && segmentName(n) == name
}

// listSegments returns the numbers of the segments in a directory, ascending.
// A directory that is not there has none.
func listSegments(dir string) ([]uint64, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, fmt.Errorf("cannot list %s: %w", dir, err)
	}
	var out []uint64
	for _, e := range entries {
		if n, ok := segmentFirst(e.Name()); ok {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, nil
}

// opener opens a file of the log for reading.
type opener func(path string) (*os.File, error)

// scanSegment reads a segment and notes every valid record in it. An error
// means that the file could not be looked at, or is newer (ErrNewer); damage is
// in the result.
func scanSegment(open opener, path string, first uint64, seed maphash.Seed) (segment, error) {
	f, err := open(path)
	if err != nil {
		return segment{}, fmt.Errorf("cannot read %s: %w", path, err)
	}
	defer f.Close()
	return scanText(f, path, first, seed)
}

func scanText(text io.Reader, path string, first uint64, seed maphash.Seed) (segment, error) {
	s := segment{first: first, path: path, rubbish: -1, top: -1}
	r := newLines(text)
	for n := 1; ; n++ {
		line, at, whole, err := r.read()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		s.size = r.next
		if err != nil && !errors.Is(err, errLong) {
			s.spoil("%s:%d: %v", path, n, err)
			return s, nil
		}
		if whole {
			s.whole = r.next
		} else {
			s.tail = slices.Clone(line)
		}
		if err != nil {
			s.rubbish = at
			s.spoil("%s:%d: %v", path, n, err)
			continue
		}
		l, _, err := examine(line, seed)
		if err == nil && l.seq >= s.highest {
			s.highest, s.top = l.seq, at
		}
		switch {
		case newer(err):
			return s, fmt.Errorf("%s:%d: %w: %w", path, n, ErrNewer, err)
		case err != nil && whole:
			s.rubbish = at
			s.spoil("%s:%d: %v", path, n, err)
		case err != nil: // a torn tail; the next line decides nothing, there is none
		case len(s.links) == 0 && s.bad == "" && l.seq != first:
			s.spoil("%s:%d: record %d stands first", path, n, l.seq)
		case len(s.links) > 0 && (l.seq <= s.links[len(s.links)-1].seq || l.checkpoint):
			s.spoil("%s:%d: record %d stands at the wrong place", path, n, l.seq)
		default:
			l.file, l.at = path, at
			s.links = append(s.links, l)
		}
	}
}

func (s *segment) spoil(format string, args ...any) {
	if s.bad == "" {
		s.bad = fmt.Sprintf(format, args...)
	}
}

// scanJournal reads all segments of the journal directory.
func scanJournal(open opener, dir string, seed maphash.Seed) (*twin, []segment, error) {
	firsts, err := listSegments(dir)
	if err != nil {
		return nil, nil, err
	}
	t := &twin{name: nameJournal, found: len(firsts) > 0}
	if t.found {
		t.from = firsts[0]
	}
	var segs []segment
	for i, first := range firsts {
		s, err := scanSegment(open, filepath.Join(dir, segmentName(first)), first, seed)
		if err != nil {
			return nil, nil, err
		}
		if i < len(firsts)-1 && (s.whole != s.size || len(s.links) == 0) {
			s.spoil("%s ends in the middle", s.path) // only the last file can be cut short by a stop
		}
		if t.bad == "" {
			t.bad = s.bad
		}
		t.links = append(t.links, s.links...)
		segs = append(segs, s)
	}
	slices.SortStableFunc(t.links, func(a, b link) int { return cmp.Compare(a.seq, b.seq) })
	t.read = func(l link) ([]byte, error) { return readAt(l.file, l.at, l.size) }
	return t, segs, nil
}

// readAt reads a line from where it was found.
func readAt(path string, at int64, size int) ([]byte, error) {
	f, err := openPlain(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, size)
	if _, err := f.ReadAt(b, at); err != nil {
		return nil, fmt.Errorf("cannot read %s at %d: %w", path, at, err)
	}
	return b, nil
}

// journal appends to the current segment.
type journal struct {
	disk *disk
	dir  string
	segs []uint64 // numbers of the files in dir, ascending; the last one is current
	file *os.File // the current segment, nil before the first record of all
	size int64    // bytes of the current segment
	head int64    // bytes of its first line, newline included
}

// begin writes a line and starts to make it durable; done waits for that. A
// checkpoint, and the first record of all, begin a new file.
func (j *journal) begin(line []byte, seq uint64, checkpoint bool) (done func() error, err error) {
	fresh := j.file == nil || checkpoint
	if fresh {
		if err := j.turn(seq, int64(len(line)+1)); err != nil {
			return nil, err
		}
	}
	buf := make([]byte, 0, len(line)+1)
	buf = append(append(buf, line...), '\n')
	if err := j.disk.write(j.file, buf); err != nil {
		return nil, err
	}
	j.size += int64(len(buf))
	if fresh { // the name first: log.db must not be ahead of a file that may vanish
		if err := j.disk.sync(j.file); err != nil {
			return nil, err
		}
		return func() error { return nil }, j.disk.syncDir(j.dir)
	}
	f, result := j.file, make(chan error, 1)
	if err := j.disk.ask(Call{Op: OpSync, Path: f.Name()}); err != nil {
		result <- pretend(err) // a sync that fails does so while the commit goes on
	} else {
		go func() { result <- datasync(f) }()
	}
	return func() error { return <-result }, nil
}

// turn begins the file of a new segment.
func (j *journal) turn(seq uint64, head int64) error {
	f, err := j.disk.create(filepath.Join(j.dir, segmentName(seq)))
	if err != nil {
		return err
	}
	if j.file != nil {
		if err := j.file.Close(); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	j.file, j.size, j.head = f, 0, head
	j.segs = append(j.segs, seq)
	return nil
}

func (j *journal) close() error {
	if j == nil || j.file == nil {
		return nil
	}
	f := j.file
	j.file = nil
	return f.Close()
}
