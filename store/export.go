// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"go.etcd.io/bbolt"

	"github.com/quietsetup/quietsetup/events"
)

// Export writes the log as lines of JSON: what the archive still holds, then
// all records of log.db. With redact the private parts are left out; the chain
// still verifies.
func (s *Store) Export(w io.Writer, redact bool) error {
	s.mu.RLock()
	first, err := s.first, s.usable()
	s.mu.RUnlock()
	if err != nil {
		return err
	}
	dir := filepath.Join(s.opt.Dir, dirArchive)
	firsts, err := listSegments(dir)
	if err != nil {
		return err
	}
	for _, n := range firsts {
		if n >= first {
			break
		}
		if err := s.exportSegment(w, filepath.Join(dir, segmentName(n)), redact); err != nil {
			return err
		}
	}
	for line, err := range s.lines(first) {
		if err == nil {
			err = writeLine(w, line, redact)
		}
		if err != nil {
			return fmt.Errorf("cannot export the store in %s: %w", s.opt.Dir, err)
		}
	}
	return nil
}

func (s *Store) exportSegment(w io.Writer, path string, redact bool) error {
	f, err := s.disk.open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	r := newLines(f)
	for n := 1; ; n++ {
		line, _, _, err := r.read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = writeLine(w, line, redact)
		}
		if err != nil {
			return fmt.Errorf("cannot export %s:%d: %w", path, n, err)
		}
	}
}

func writeLine(w io.Writer, line []byte, redact bool) error {
	if redact {
		var err error
		if line, err = events.Redact(line); err != nil {
			return err
		}
	}
	_, err := w.Write(append(line[:len(line):len(line)], '\n'))
	return err
}

// Copy writes a consistent copy of log.db to a path, durable and whole or not
// at all. The copy can be read with ReadLog; a plain copy of the file could not.
func (s *Store) Copy(path string) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(); err != nil {
		return err
	}
	if err := s.copyTo(path); err != nil {
		return fmt.Errorf("cannot copy %s to %s: %w", s.db.Path(), path, err)
	}
	return nil
}

func (s *Store) copyTo(path string) error {
	tmp := path + tmpSuffix
	if err := s.disk.remove(tmp); err != nil {
		return err
	}
	f, err := s.disk.create(tmp)
	if err != nil {
		return err
	}
	if err = s.disk.ask(Call{Op: OpWrite, Path: tmp}); err == nil {
		err = guard(s.db.Path(), func() error {
			return s.db.View(func(tx *bbolt.Tx) error {
				_, err := tx.WriteTo(f)
				return err
			})
		})
	}
	if err == nil {
		err = s.disk.sync(f)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = s.disk.rename(tmp, path)
	}
	if err != nil {
		return errors.Join(err, s.disk.remove(tmp))
	}
	return s.disk.syncDir(filepath.Dir(path))
}
