// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"

	"github.com/quietsetup/quietsetup/events"
)

// upkeep archives all segments but the current and the one before, and makes
// log.db anew without their records. It can stop at any point and go on later:
// a record leaves log.db only after its segment is safe in the archive.
func (s *Store) upkeep() error {
	n := len(s.journal.segs)
	if n == 0 {
		return nil
	}
	floor := s.journal.segs[max(0, n-2)]
	if n > 2 {
		if err := s.archive(s.journal.segs[:n-2]); err != nil {
			return fmt.Errorf("cannot archive old segments: %w", err)
		}
		s.journal.segs = append([]uint64(nil), s.journal.segs[n-2:]...)
	}
	if s.first < floor {
		if err := s.compact(floor, nil); err != nil {
			return fmt.Errorf("cannot make %s smaller: %w", filepath.Join(s.opt.Dir, nameDB), err)
		}
	}
	return nil
}

// archive moves whole segments. It never overwrites one that is there already.
func (s *Store) archive(firsts []uint64) error {
	for _, first := range firsts {
		from := filepath.Join(s.journal.dir, segmentName(first))
		to := filepath.Join(s.opt.Dir, dirArchive, segmentName(first))
		if _, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) {
			continue // moved before an earlier stop of upkeep
		}
		if err := s.archiveOne(from, to); err != nil {
			return err
		}
	}
	if err := s.disk.syncDir(filepath.Join(s.opt.Dir, dirArchive)); err != nil {
		return err
	}
	return s.disk.syncDir(s.journal.dir)
}

func (s *Store) archiveOne(from, to string) error {
	if _, err := os.Lstat(to); err == nil {
		same, err := equalFiles(from, to)
		if err != nil {
			return err
		}
		if same { // a power cut left both names; a rename onto itself would do nothing
			return s.disk.remove(from)
		}
		if _, err := s.disk.keep(to, "corrupt"); err != nil {
			return err
		}
	}
	return s.disk.rename(from, to)
}

func equalFiles(a, b string) (bool, error) {
	prefix, err := isPrefix(a, b)
	if err != nil || !prefix {
		return false, err
	}
	return isPrefix(b, a)
}

// compact replaces log.db by one that begins with a record. Until the rename
// the old file is in force, after it the new one; both hold all that matters.
// verify, if not nil, judges the new file before it takes the place of the old.
func (s *Store) compact(floor uint64, verify func(path string) error) error {
	path := filepath.Join(s.opt.Dir, nameDB)
	tmp := path + tmpSuffix
	next := floor
	err := build(s.disk, tmp, s.id, func() (entry, bool, error) {
		if next > s.seq {
			return entry{}, false, nil
		}
		e, err := readEntry(s.db, next)
		next++
		return e, true, err
	})
	if err == nil && verify != nil {
		err = verify(tmp)
	}
	if err != nil {
		return errors.Join(err, s.disk.remove(tmp))
	}
	// An open file cannot be replaced on Windows.
	if err := closeBolt(s.db); err != nil {
		return s.stumble(err)
	}
	s.db = nil
	swapped := s.disk.rename(tmp, path)
	if swapped == nil {
		swapped = s.disk.syncDir(s.opt.Dir)
	}
	if err := s.disk.ask(Call{Op: OpOpen, Path: path}); err != nil {
		return s.stumble(errors.Join(swapped, err))
	}
	if s.db, err = openOwnBolt(path, false, s.opt.LockTimeout); err != nil {
		return s.stumble(errors.Join(swapped, err))
	}
	if s.first, err = firstKey(s.db); err != nil {
		return s.stumble(errors.Join(swapped, err))
	}
	return swapped
}

// stumble is for the moment in which log.db is not open any more: the records
// are safe, but the next call must recover first.
func (s *Store) stumble(err error) error {
	s.failed = fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
	return err
}

// readEntry reads a record for another log.db.
func readEntry(db *bbolt.DB, seq uint64) (entry, error) {
	line, err := getLine(db, seq)
	if err != nil {
		return entry{}, err
	}
	r, err := events.DecodeRecord(line)
	if err != nil {
		return entry{}, fmt.Errorf("%s: record %d: %w: %w", db.Path(), seq, ErrDamaged, err)
	}
	return entry{seq, r.Products, line}, nil
}
