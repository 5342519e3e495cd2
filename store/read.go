// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path/filepath"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/quietsetup/quietsetup/events"
)

// One look into log.db reads at most this much, so that a slow reader never
// keeps the file from growing.
const (
	batchRecords = 256
	batchBytes   = 1 << 20
)

// Records returns the records from a number on, up to the one that is last when
// the loop begins. Old ones come from the archive; if they are not there any
// more the error is fs.ErrNotExist, if they are damaged ErrDamaged. An error is
// the last thing yielded.
func (s *Store) Records(from uint64) iter.Seq2[events.Record, error] {
	return s.following(func() uint64 { return max(from, 1) })
}

// SinceCheckpoint returns the records from the last checkpoint on, or from the
// first if there is none yet.
func (s *Store) SinceCheckpoint() iter.Seq2[events.Record, error] {
	return s.following(func() uint64 {
		s.mu.RLock()
		defer s.mu.RUnlock()
		if s.journal != nil && len(s.journal.segs) > 0 {
			return s.journal.segs[len(s.journal.segs)-1]
		}
		return 1
	})
}

// following yields the records from a number on and makes sure that each follows
// the one before: the archive has no twin, and a line may be missing in it.
func (s *Store) following(first func() uint64) iter.Seq2[events.Record, error] {
	return func(yield func(events.Record, error) bool) {
		var last events.Record
		from := first()
		for r, err := range s.decoded(s.lines(from)) {
			if err == nil && r.Seq != from {
				err = fmt.Errorf("the store in %s: record %d stands where %d should: %w", s.opt.Dir, r.Seq, from, ErrDamaged)
			} else if err == nil && last.Seq > 0 {
				if err = r.Follows(last.Seq, last.Sum); err != nil {
					err = fmt.Errorf("the store in %s: %w: %w", s.opt.Dir, ErrDamaged, err)
				}
			}
			if err != nil {
				yield(events.Record{}, err)
				return
			}
			if !yield(r, nil) {
				return
			}
			last, from = r, from+1
		}
	}
}

// Stream returns the records that touched a product, as far as log.db reaches
// back: to the checkpoint before the last one. Older ones are in the archive,
// which ReadLog reads.
func (s *Store) Stream(product string) iter.Seq2[events.Record, error] {
	return s.decoded(s.streamLines(product))
}

func (s *Store) decoded(lines iter.Seq2[[]byte, error]) iter.Seq2[events.Record, error] {
	return func(yield func(events.Record, error) bool) {
		for line, err := range lines {
			var r events.Record
			if err == nil {
				if r, err = events.DecodeRecord(line); err != nil {
					s.suspect.Store(true)
					err = fmt.Errorf("the store in %s: record: %w: %w", s.opt.Dir, ErrDamaged, err)
				}
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// lines yields copies of the lines from a number on.
func (s *Store) lines(from uint64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		s.mu.RLock()
		next, end, err := max(from, 1), s.seq, s.usable()
		s.mu.RUnlock()
		for err == nil && next <= end {
			var batch [][]byte
			if batch, err = s.batch(next, end); err != nil {
				break
			}
			for _, line := range batch {
				if !yield(line, nil) {
					return
				}
			}
			next += uint64(len(batch))
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// batch reads some records from next on, at least one.
func (s *Store) batch(next, end uint64) ([][]byte, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(); err != nil {
		return nil, err
	}
	if next < s.first {
		return s.archived(next, min(end, s.first-1))
	}
	var out [][]byte
	err := guard(s.db.Path(), func() error {
		return s.db.View(func(tx *bbolt.Tx) error {
			c, size := tx.Bucket([]byte(bucketLog)).Cursor(), 0
			for k, v := c.Seek(seqKey(next)); k != nil && next <= end && len(out) < batchRecords && size < batchBytes; k, v = c.Next() {
				if !bytes.Equal(k, seqKey(next)) {
					break
				}
				out, size, next = append(out, bytes.Clone(v)), size+len(v), next+1
			}
			return nil
		})
	})
	if err == nil && len(out) == 0 {
		err = fmt.Errorf("%s has no record %d: %w", s.db.Path(), next, ErrDamaged)
	}
	if err != nil {
		s.suspect.Store(true)
	}
	return out, err
}

// archived reads the records next to end as far as they are in one archived segment.
func (s *Store) archived(next, end uint64) ([][]byte, error) {
	dir := filepath.Join(s.opt.Dir, dirArchive)
	firsts, err := listSegments(dir)
	if err != nil {
		return nil, err
	}
	i, exact := slices.BinarySearch(firsts, next)
	if !exact {
		i--
	}
	if i < 0 {
		return nil, fmt.Errorf("record %d is not in %s any more: %w", next, dir, fs.ErrNotExist)
	}
	path := filepath.Join(dir, segmentName(firsts[i]))
	f, err := s.disk.open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out [][]byte
	r := newLines(f)
	for seq := firsts[i]; seq <= end; seq++ {
		line, _, _, err := r.read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read %s: %w", path, err)
		}
		if seq >= next {
			out = append(out, bytes.Clone(line))
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("record %d is not in %s any more: %w", next, dir, fs.ErrNotExist)
	}
	return out, nil
}

func (s *Store) streamLines(product string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		seqs, err := s.streamSeqs(product)
		for _, seq := range seqs {
			var line []byte
			if line, err = s.one(seq); err != nil {
				break
			}
			if line != nil && !yield(line, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

func (s *Store) streamSeqs(product string) (seqs []uint64, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(); err != nil {
		return nil, err
	}
	prefix := append([]byte(product), 0)
	err = guard(s.db.Path(), func() error {
		return s.db.View(func(tx *bbolt.Tx) error {
			c := tx.Bucket([]byte(bucketStream)).Cursor()
			for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
				if len(k) == len(prefix)+8 {
					seqs = append(seqs, binary.BigEndian.Uint64(k[len(prefix):]))
				}
			}
			return nil
		})
	})
	return seqs, err
}

// one reads one line, nil if it went to the archive meanwhile.
func (s *Store) one(seq uint64) ([]byte, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(); err != nil {
		return nil, err
	}
	if seq < s.first {
		return nil, nil
	}
	line, err := getLine(s.db, seq)
	if err != nil {
		s.suspect.Store(true)
	}
	return line, err
}
