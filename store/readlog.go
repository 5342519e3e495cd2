// SPDX-License-Identifier: Apache-2.0

package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"github.com/quietsetup/quietsetup/events"
)

// Line is one record of a log that is read from outside.
type Line struct {
	File   string
	Number int    // line of the file from 1 on; in a bbolt copy the record's key
	Raw    []byte // without newline
	Record events.Record
}

// ReadLog reads a log without opening it as a store and never changes it. path
// is a journal segment, an export, a bbolt copy, a directory of segments, or a
// whole state directory (archive first, then journal).
//
// A line that cannot be read comes with an error that names file and line, and
// reading goes on behind it. Whether the records follow each other is for the
// caller to check (events.Record.Follows). A last line without newline is the
// last item and comes with ErrTornTail. log.db of a running daemon is ErrInUse.
func ReadLog(path string) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		files, err := logFiles(path)
		if err != nil {
			yield(Line{File: path}, err)
			return
		}
		readFiles(files, yield)
	}
}

// ReadFiles is ReadLog for files that are named one by one, in their order.
func ReadFiles(files []string) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) { readFiles(files, yield) }
}

func readFiles(files []string, yield func(Line, error) bool) {
	for i, f := range files {
		if !readFile(f, i == len(files)-1, yield) {
			return
		}
	}
}

// logFiles lists what is to be read, in order.
func logFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the log: %w", err)
	}
	if !info.IsDir() {
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("cannot read the log: %s is no regular file: %w", path, ErrUnsafe)
		}
		return []string{path}, nil
	}
	out, err := segmentFiles(path)
	if err == nil && len(out) == 0 {
		out, err = segmentsIn(path)
	}
	if err != nil || len(out) > 0 {
		return out, err
	}
	// An export or what was put aside after a fork may have any name.
	others, err := filepath.Glob(filepath.Join(escapeGlob(path), "*.ndjson"))
	if err != nil {
		return nil, err
	}
	if db := filepath.Join(path, nameDB); len(others) == 0 {
		if _, err := os.Stat(db); err == nil {
			return []string{db}, nil
		}
		return nil, fmt.Errorf("cannot read the log: %s holds no journal: %w", path, os.ErrNotExist)
	}
	slices.Sort(others)
	return others, nil
}

// segmentFiles lists the segments of a state directory, archived ones first. A
// running daemon may move one from the journal to the archive at any moment, so
// the journal is listed first, and what is in both is named once; openMoved finds
// what was moved later.
func segmentFiles(dir string) ([]string, error) {
	current, err := listSegments(filepath.Join(dir, dirJournal))
	if err != nil {
		return nil, err
	}
	archived, err := listSegments(filepath.Join(dir, dirArchive))
	if err != nil {
		return nil, err
	}
	var out []string
	for _, n := range archived {
		if !slices.Contains(current, n) {
			out = append(out, filepath.Join(dir, dirArchive, segmentName(n)))
		}
	}
	for _, n := range current {
		out = append(out, filepath.Join(dir, dirJournal, segmentName(n)))
	}
	return out, nil
}

func segmentsIn(dir string) ([]string, error) {
	firsts, err := listSegments(dir)
	var out []string
	for _, n := range firsts {
		out = append(out, filepath.Join(dir, segmentName(n)))
	}
	return out, err
}

// openMoved opens a plain file, and a segment of a journal also where the daemon
// has moved it since it was listed.
func openMoved(path string) (*os.File, error) {
	f, err := openPlain(path)
	if dir := filepath.Dir(path); errors.Is(err, os.ErrNotExist) && filepath.Base(dir) == dirJournal {
		if moved, merr := openPlain(filepath.Join(filepath.Dir(dir), dirArchive, filepath.Base(path))); merr == nil {
			return moved, nil
		}
	}
	return f, err
}

func escapeGlob(path string) string {
	if os.PathSeparator == '\\' {
		return path // there a backslash cannot escape
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// readFile yields one file; false ends the whole reading.
func readFile(path string, last bool, yield func(Line, error) bool) bool {
	f, err := openMoved(path)
	if err != nil {
		return yield(Line{File: path}, fmt.Errorf("cannot read the log: %w", err))
	}
	defer f.Close()
	if isBolt(f) {
		return readCopy(path, yield)
	}
	r := newLines(f)
	for n := 1; ; n++ {
		raw, _, whole, err := r.read()
		if errors.Is(err, io.EOF) {
			return true
		}
		l := Line{File: path, Number: n, Raw: slices.Clone(raw)}
		if err == nil {
			l.Record, err = events.DecodeRecord(l.Raw)
		}
		switch {
		case !whole && last && !broken(err):
			err = ErrTornTail
		case !whole && err == nil:
			err = fmt.Errorf("%w: the file ends without newline", ErrDamaged)
		}
		if err != nil {
			err = fmt.Errorf("%s:%d: %w", path, n, err)
		}
		if !yield(l, err) {
			return false
		}
		if !whole {
			return true
		}
	}
}

// openPlain opens a regular file and nothing else: a pipe or a device in a
// foreign folder could keep the reader waiting, or reading, for ever.
func openPlain(path string) (*os.File, error) {
	return plain(os.OpenFile(path, os.O_RDONLY|noWait, 0))
}

// plain is openPlain for what was just opened with noWait.
func plain(f *os.File, err error) (*os.File, error) {
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file: %w", f.Name(), ErrUnsafe)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// broken reports whether reading itself failed, as opposed to the line's text.
func broken(err error) bool {
	var p *os.PathError
	return errors.As(err, &p)
}

// isBolt looks for bbolt's mark in its first two pages.
func isBolt(f *os.File) bool {
	var mark [4]byte
	for _, page := range []int64{0, 4096, 8192, 1 << 14, 1 << 16} { // the second page begins at the page size of the writer's machine
		if _, err := f.ReadAt(mark[:], page+16); err == nil && binary.LittleEndian.Uint32(mark[:]) == 0xED0CDAED {
			return true
		}
	}
	return false
}

// readCopy yields the records of a bbolt copy, some at a time.
func readCopy(path string, yield func(Line, error) bool) bool {
	db, err := openBolt(path, true, 200*time.Millisecond)
	if err != nil {
		return yield(Line{File: path}, fmt.Errorf("cannot read the log: %w", err))
	}
	defer func() { _ = closeBolt(db) }() // read only: nothing can get lost
	if id, err := readIdentity(db); err != nil {
		return yield(Line{File: path}, err)
	} else if err := id.admit(path); err != nil {
		return yield(Line{File: path}, err)
	}
	next := uint64(0)
	for {
		batch, err := readBatch(db, next)
		for _, l := range batch {
			var lerr error
			if l.Record, lerr = events.DecodeRecord(l.Raw); lerr == nil && l.Record.Seq != uint64(l.Number) {
				lerr = fmt.Errorf("%w: it holds record %d", ErrDamaged, l.Record.Seq)
			}
			if lerr != nil {
				lerr = fmt.Errorf("%s:%d: %w", path, l.Number, lerr)
			}
			if !yield(l, lerr) {
				return false
			}
			next = uint64(l.Number) + 1
		}
		if err != nil {
			return yield(Line{File: path}, err)
		}
		if len(batch) == 0 || next == 0 {
			return true
		}
	}
}

func readBatch(db *bbolt.DB, next uint64) (out []Line, err error) {
	err = guard(db.Path(), func() error {
		return db.View(func(tx *bbolt.Tx) error {
			c := tx.Bucket([]byte(bucketLog)).Cursor()
			for k, v := c.Seek(seqKey(next)); len(k) == 8 && len(out) < batchRecords; k, v = c.Next() {
				seq := binary.BigEndian.Uint64(k)
				if seq < next { // a damaged tree can lead in circles
					return fmt.Errorf("%s: %w: keys are out of order", db.Path(), ErrDamaged)
				}
				out = append(out, Line{File: db.Path(), Number: int(seq), Raw: slices.Clone(v)})
				next = seq + 1
			}
			return nil
		})
	})
	return out, err
}
