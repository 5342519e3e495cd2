// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/quietsetup/quietsetup/events"
)

// Append adds a record that follows the last one, sets its sum, and returns
// when it is durable in both twins.
//
// A record that does not fit (events.ErrChain, a bad product name, not
// encodable) changes nothing. Any other error comes with ErrOutcomeUnknown: the
// record may be stored or not, and every further call fails until Recover.
func (s *Store) Append(r *events.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(); err != nil {
		return err
	}
	line, err := encode(r, s.seq, s.sum)
	if err != nil {
		return err
	}
	checkpoint := beginsSegment(*r)
	// The journal's sync and bbolt's commit run side by side; neither needs the other.
	done, err := s.journal.begin(line, r.Seq, checkpoint)
	if err == nil {
		if perr := put(s.disk, s.db, entry{r.Seq, r.Products, line}); perr != nil {
			return s.fail(line, errors.Join(fmt.Errorf("cannot append record %d to %s: %w", r.Seq, s.db.Path(), perr), done()))
		}
		err = done()
	}
	if err != nil {
		return s.fail(line, fmt.Errorf("cannot append record %d to %s: %w", r.Seq, s.journal.dir, err))
	}
	s.seq, s.sum = r.Seq, r.Sum
	if s.first == 0 {
		s.first = r.Seq
	}
	if checkpoint {
		s.chore = s.upkeep()
	}
	if r.Input.Type == noticeInput {
		s.dropNotice()
	}
	return nil
}

// encode turns a record into a line that can be read back, and checks that it follows.
func encode(r *events.Record, seq uint64, sum string) ([]byte, error) {
	if err := r.Follows(seq, sum); err != nil {
		return nil, fmt.Errorf("cannot append: %w", err)
	}
	for _, p := range r.Products {
		if p == "" || len(p) > 1024 || bytes.IndexByte([]byte(p), 0) >= 0 {
			return nil, fmt.Errorf("cannot append record %d: %q is no product name", r.Seq, p)
		}
	}
	line, err := r.Encode()
	if err != nil {
		return nil, fmt.Errorf("cannot append: %w", err)
	}
	back, err := events.DecodeRecord(line)
	if err == nil && len(line) >= maxLine {
		err = errLong
	}
	if err == nil && (back.Seq != r.Seq || back.Sum != r.Sum || bytes.IndexByte(line, '\n') >= 0) {
		err = events.ErrNotARecord
	}
	if err != nil {
		return nil, fmt.Errorf("cannot append record %d: it would not be readable: %w", r.Seq, err)
	}
	return line, nil
}

// usable says why the store cannot be used now.
func (s *Store) usable() error {
	switch {
	case s.closed:
		return fmt.Errorf("the store in %s: %w", s.opt.Dir, fs.ErrClosed)
	case s.failed != nil:
		return fmt.Errorf("the store in %s must recover: %w", s.opt.Dir, s.failed)
	}
	return nil
}

// fail stops the store until Recover.
func (s *Store) fail(line []byte, err error) error {
	s.tried = line
	// After a failed sync the system may believe its memory to be on disk. Only
	// what is written and synced anew is; a full disk is not that case.
	s.renew = !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) && !errors.Is(err, syscall.EFBIG)
	s.failed = fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
	return s.failed
}

// Recover reads both twins again as at start, mends them and makes the store
// usable. Last then tells whether the record of the failed append is there. On
// error the store stays as it was; call Recover again later.
func (s *Store) Recover() (Findings, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return Findings{}, fmt.Errorf("the store in %s: %w", s.opt.Dir, fs.ErrClosed)
	}
	if s.failed == nil {
		s.failed = ErrOutcomeUnknown // from here on, until it has succeeded
	}
	if err := s.closeTwins(); err != nil {
		s.renew = true // what could not be closed may not be on disk
	}
	f, err := s.load(nil)
	if err != nil {
		return Findings{}, errors.Join(fmt.Errorf("cannot recover the store in %s: %w", s.opt.Dir, err), s.closeTwins())
	}
	s.failed, s.tried, s.renew = nil, nil, false
	s.suspect.Store(false)
	s.chore = s.upkeep() // may fail the store again, after all is mended
	return f, nil
}
