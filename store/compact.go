// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"os"
	"path/filepath"
)

// Compacted tells what Compact did.
type Compacted struct {
	Before, After int64 // bytes of log.db
	Archived      int   // segments that moved to the archive
}

// Compact archives what belongs into the archive and writes log.db anew without
// what is there and without free pages. The new file is probed, and its end
// compared, before it takes the place of the old one. After an error the log is
// whole; some segments may have been archived.
func (s *Store) Compact() (Compacted, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var c Compacted
	if err := s.usable(); err != nil {
		return c, err
	}
	path := filepath.Join(s.opt.Dir, nameDB)
	failed := func(err error) (Compacted, error) {
		return c, fmt.Errorf("cannot compact the store in %s: %w", s.opt.Dir, err)
	}
	var err error
	if c.Before, err = sizeOf(path); err != nil {
		return failed(err)
	}
	c.After = c.Before
	if n := len(s.journal.segs); n > 2 {
		if err := s.archive(s.journal.segs[:n-2]); err != nil {
			return failed(err)
		}
		c.Archived = n - 2
		s.journal.segs = append([]uint64(nil), s.journal.segs[n-2:]...)
	}
	floor := s.seq + 1 // an empty log
	if n := len(s.journal.segs); n > 0 {
		floor = s.journal.segs[0]
	}
	if err := s.compact(floor, s.verifyNew); err != nil {
		return failed(err)
	}
	if c.After, err = sizeOf(path); err != nil {
		return failed(err)
	}
	s.chore = nil
	return c, nil
}

// verifyNew probes a log.db that was just written and compares its last record.
func (s *Store) verifyNew(path string) error {
	if err := s.disk.ask(Call{Op: OpProbe, Path: path}); err != nil {
		return err
	}
	if _, err := runProbe(s.opt.Probe, path); err != nil {
		return fmt.Errorf("what was written does not pass: %w", err)
	}
	db, err := openOwnBolt(path, true, s.opt.LockTimeout)
	if err != nil {
		return err
	}
	defer func() { _ = closeBolt(db) }() // read only: nothing can get lost
	return s.endsIn(db)
}

func sizeOf(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
