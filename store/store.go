// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/quietsetup/quietsetup/events"
)

// Options say where a store is and how it behaves.
type Options struct {
	Dir          string        // the state directory; made with mode 0700 if it is not there
	SegmentBytes int64         // a segment of this size wants a checkpoint; 0 = 8 MB
	LockTimeout  time.Duration // how long to wait for another process; 0 = 1 s
	// Probe runs ProbeFile(dbPath) in a child process after a stop out of
	// order and returns its error; it must end when ctx does. nil = in this
	// process, which a damaged file can kill.
	Probe func(ctx context.Context, dbPath string) error
	// OnlyClean opens a store only that was closed in order and is as it was
	// left, and leaves the upkeep to Compact. Else Open changes nothing of the log
	// and returns ErrUnclean. A missing store is not made: fs.ErrNotExist.
	OnlyClean bool
	Now       func() time.Time // for the names of what is put aside; nil = time.Now
	Seam      Seam             // asked before every call that leaves the process; nil = none

	seen func(*survey) // lets the tests plant a bug in what a start believes to have seen; nil = none
}

// Store is an open log. Append, Recover and Close are for one goroutine; the
// rest may be called from any.
type Store struct {
	opt  Options
	disk *disk
	lock *os.File

	mu      sync.RWMutex
	id      identity
	db      *bbolt.DB // nil while failed or closed
	first   uint64    // lowest number in log.db, 0 if empty
	journal *journal
	seq     uint64 // last record
	sum     string
	failed  error  // why nothing is appended until Recover, nil = all is well
	tried   []byte // with failed: the line that was being appended
	renew   bool   // with failed: a sync may have dropped what is only in memory, write both twins anew
	closed  bool
	chore   error // why the last upkeep did not succeed

	suspect atomic.Bool // a record could not be read back: do not close as clean
}

// Open opens the store in a directory, makes it if there is none, and mends
// what the last stop or the disk left behind. The findings are valid without
// error. Errors: ErrInUse, ErrNewer (nothing was changed), ErrUnsafe, or the
// system's.
func Open(opt Options) (*Store, Findings, error) {
	if opt.SegmentBytes == 0 {
		opt.SegmentBytes = 8 << 20
	}
	if opt.LockTimeout == 0 {
		opt.LockTimeout = time.Second
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	s := &Store{opt: opt, disk: &disk{seam: opt.Seam, now: opt.Now}}
	f, err := s.open()
	if err != nil {
		return nil, Findings{}, errors.Join(fmt.Errorf("cannot open the store in %s: %w", opt.Dir, err), s.release())
	}
	return s, f, nil
}

func (s *Store) open() (Findings, error) {
	if s.opt.OnlyClean {
		if _, err := os.Lstat(filepath.Join(s.opt.Dir, fileIdentity)); err != nil {
			return Findings{}, err
		}
	}
	if err := checkWay(s.opt.Dir); err != nil {
		return Findings{}, err
	}
	if err := tighten(s.opt.Dir); err != nil {
		return Findings{}, err
	}
	if err := s.disk.mkdir(s.opt.Dir); err != nil {
		return Findings{}, err
	}
	if err := checkWay(s.opt.Dir); err != nil { // what was not there before may be somebody else's now
		return Findings{}, err
	}
	if err := s.takeLock(); err != nil {
		return Findings{}, err
	}
	mark, err := readMark(s.disk, s.opt.Dir)
	if err != nil {
		return Findings{}, err
	}
	if mark != nil {
		ok, err := s.openClean(mark)
		if err != nil {
			return Findings{}, err
		}
		if ok {
			n, err := readNotice(s.disk, s.opt.Dir)
			return Findings{Clean: true, Fork: n.Fork, Lost: n.Lost}, err
		}
	}
	if s.opt.OnlyClean {
		return Findings{}, ErrUnclean
	}
	f, err := s.load(mark)
	if err == nil {
		s.chore = s.upkeep()
	}
	return f, err
}

// CheckPlace returns nil if a state directory is there and nobody else can change
// or replace it, so that something beside the log may be written into it before
// Open. One that is not there is fs.ErrNotExist, an unsafe one ErrUnsafe.
func CheckPlace(dir string) error {
	if err := checkWay(dir); err != nil {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no directory: %w", dir, ErrUnsafe)
	}
	return checkOwner(dir, info)
}

// tighten takes an empty directory for our own. A default umask may let the
// group write to it; nothing in it can have been planted.
func tighten(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || len(entries) > 0 {
		return err
	}
	return os.Chmod(dir, dirMode)
}

// takeLock keeps every other process out.
func (s *Store) takeLock() error {
	path := filepath.Join(s.opt.Dir, fileLock)
	if err := check(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := s.disk.ask(Call{Op: OpLock, Path: path}); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return err
	}
	s.lock = f
	for end := time.Now().Add(s.opt.LockTimeout); ; {
		ok, err := tryLock(f)
		if err != nil {
			return fmt.Errorf("cannot lock %s: %w", path, err)
		}
		if ok {
			return nil
		}
		if time.Now().After(end) {
			return ErrInUse
		}
		time.Sleep(min(s.opt.LockTimeout/10, 20*time.Millisecond))
	}
}

// openClean opens a store that was closed in order. It reports false, with
// nothing changed and nothing open, if the files are not as they were left.
func (s *Store) openClean(mark *cleanMark) (bool, error) {
	id, found, err := readStoreFile(s.disk, s.opt.Dir)
	if err != nil || !found || id.Format < Format {
		return false, err
	}
	for _, sub := range []string{dirJournal, dirArchive} {
		if err := s.disk.mkdir(filepath.Join(s.opt.Dir, sub)); err != nil {
			return false, err
		}
	}
	if !mark.holds(s.disk.open, s.opt.Dir) {
		return false, nil
	}
	if err := s.openTwins(); err != nil {
		return false, errors.Join(err, s.closeTwins())
	}
	s.id, s.seq, s.sum = id, mark.Seq, mark.Sum
	if err := s.agree(); err != nil {
		return false, s.closeTwins()
	}
	if err := removeMark(s.disk, s.opt.Dir); err != nil {
		return false, errors.Join(err, s.closeTwins())
	}
	if !s.opt.OnlyClean {
		s.chore = s.upkeep()
	}
	return true, nil
}

// agree checks that log.db ends as the store believes and is this store's.
func (s *Store) agree() error { return s.endsIn(s.db) }

// endsIn checks that a log.db ends as the store does and is this store's.
func (s *Store) endsIn(db *bbolt.DB) error {
	id, err := readIdentity(db)
	if err != nil {
		return err
	}
	if id.ID != s.id.ID {
		return fmt.Errorf("%s is another store's: %w", db.Path(), ErrDamaged)
	}
	if s.seq == 0 {
		if s.first != 0 {
			return fmt.Errorf("%s begins with record %d and not empty: %w", db.Path(), s.first, ErrDamaged)
		}
		return nil
	}
	line, err := getLine(db, s.seq)
	if err != nil {
		return err
	}
	r, err := events.DecodeRecord(line)
	if err == nil && (r.Seq != s.seq || r.Sum != s.sum) {
		err = fmt.Errorf("%s does not end with record %d: %w", db.Path(), s.seq, ErrDamaged)
	}
	return err
}

// openTwins opens log.db for writing and the current segment for appending.
func (s *Store) openTwins() error {
	path := filepath.Join(s.opt.Dir, nameDB)
	if err := check(path); err != nil {
		return err
	}
	if err := hide(path); err != nil {
		return err
	}
	if err := s.disk.ask(Call{Op: OpOpen, Path: path}); err != nil {
		return err
	}
	db, err := openOwnBolt(path, false, s.opt.LockTimeout)
	if err != nil {
		return err
	}
	s.db = db
	if s.first, err = firstKey(db); err != nil {
		return err
	}
	j := &journal{disk: s.disk, dir: filepath.Join(s.opt.Dir, dirJournal)}
	if j.segs, err = listSegments(j.dir); err != nil {
		return err
	}
	s.journal = j
	if len(j.segs) == 0 {
		return nil
	}
	for _, first := range j.segs {
		if err := hide(filepath.Join(j.dir, segmentName(first))); err != nil {
			return err
		}
	}
	current := j.segs[len(j.segs)-1]
	if j.file, err = s.disk.extend(filepath.Join(j.dir, segmentName(current))); err != nil {
		return err
	}
	info, err := j.file.Stat()
	if err != nil {
		return err
	}
	head, err := getLine(db, current)
	if err != nil {
		return err
	}
	j.size, j.head = info.Size(), int64(len(head)+1)
	return nil
}

func (s *Store) closeTwins() error {
	err := errors.Join(closeBolt(s.db), s.journal.close())
	s.db, s.journal, s.first = nil, nil, 0
	return err
}

// release gives everything back without a word about how it ended.
func (s *Store) release() error {
	err := s.closeTwins()
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
		s.lock = nil
	}
	return err
}

// ID names the store for ever: 16 random hex digits, made when it was created.
func (s *Store) ID() string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.id.ID
}

// Last is the number and sum of the last record; 0 and "" before the first.
func (s *Store) Last() (seq uint64, sum string) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.seq, s.sum
}

// WantsCheckpoint reports whether the current segment has grown to
// SegmentBytes, its own checkpoint not counted.
func (s *Store) WantsCheckpoint() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.journal != nil && s.journal.size-s.journal.head >= s.opt.SegmentBytes
}

// Upkeep is why old segments could not be archived or log.db not made smaller,
// nil if all is done. The log itself is not touched by it; it is tried again at
// the next checkpoint and the next start.
func (s *Store) Upkeep() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.chore
}

// Close closes the store and, unless something is wrong with it, marks it as
// closed in order, so that the next Open need not check every record.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	sound := s.failed == nil && !s.suspect.Load()
	err := s.closeTwins()
	if err == nil && sound {
		err = writeMark(s.disk, s.opt.Dir, s.seq, s.sum)
	}
	if err = errors.Join(err, s.release()); err != nil {
		return fmt.Errorf("cannot close the store in %s in order: %w", s.opt.Dir, err)
	}
	return nil
}
