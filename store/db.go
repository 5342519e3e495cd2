// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/quietsetup/quietsetup/events"
)

// The buckets of log.db, and the keys of the first.
const (
	bucketMeta   = "meta"   // plain text
	bucketLog    = "log"    // big-endian number -> line
	bucketStream = "stream" // product, zero byte, big-endian number -> nothing; can be rebuilt

	keyFormat = "format"
	keyReader = "reader"
	keyID     = "id"
	keyCheck  = "check" // checksum over the others
)

// Format is the version of the store's layout this build writes, and the oldest
// reader that may open what it writes.
const (
	Format    = 1
	minReader = 1
)

// identity is what a store says of itself, in log.db and in store.json.
type identity struct {
	Format int    `json:"format"`
	Reader int    `json:"reader"` // oldest build format that may open it
	ID     string `json:"id"`     // 16 lower hex digits
}

func (id identity) valid() bool {
	if id.Format < 1 || id.Reader < 1 || len(id.ID) != 16 {
		return false
	}
	for _, c := range id.ID {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// check is what log.db holds beside the identity: bbolt has no checksum of its own.
func (id identity) check() string {
	return fmt.Sprintf("%08x", checksum(fmt.Appendf(nil, "%d %d %s", id.Format, id.Reader, id.ID)))
}

// admit refuses a store this build must not open.
func (id identity) admit(path string) error {
	if id.Reader > Format {
		return fmt.Errorf("%s has format %d for readers from %d on, this build knows %d: %w", path, id.Format, id.Reader, Format, ErrNewer)
	}
	return nil
}

// guard turns a panic or a memory fault inside bbolt into an error: a damaged
// page can lead it anywhere. It reaches this goroutine only.
func guard(path string, f func() error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(old)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: %w: %v", path, ErrDamaged, p)
		}
	}()
	return f()
}

// openBolt opens a bbolt file that is there. It never waits longer than timeout for its lock.
func openBolt(path string, readOnly bool, timeout time.Duration) (*bbolt.DB, error) {
	return openBoltAs(path, readOnly, timeout, openAny)
}

// openOwnBolt opens the store's own log.db: what is opened is judged, not what was
// looked at before. What takes the file's place in between is refused.
func openOwnBolt(path string, readOnly bool, timeout time.Duration) (*bbolt.DB, error) {
	return openBoltAs(path, readOnly, timeout, openOwn)
}

func openAny(path string, flag int, mode fs.FileMode) (*os.File, error) {
	return plain(os.OpenFile(path, flag|noWait, mode))
}

func openBoltAs(path string, readOnly bool, timeout time.Duration, open func(string, int, fs.FileMode) (*os.File, error)) (db *bbolt.DB, err error) {
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if info.Size() == 0 { // bbolt would make a new one of it
		return nil, fmt.Errorf("%s is empty: %w", path, ErrDamaged)
	}
	err = guard(path, func() (err error) {
		db, err = bbolt.Open(path, fileMode, &bbolt.Options{Timeout: timeout, ReadOnly: readOnly, NoStatistics: true, OpenFile: open})
		return err
	})
	switch {
	case err == nil:
		return db, nil
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("cannot open %s: %w", path, ErrInUse)
	}
	return nil, fmt.Errorf("cannot open %s: %w", path, err)
}

// named gives an error of bbolt back the system's error, which bbolt keeps in some
// places as text alone: a full disk must be known as one.
func named(err error) error {
	if err == nil {
		return nil
	}
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if !errors.Is(err, errno) && strings.Contains(err.Error(), errno.Error()) {
			return fmt.Errorf("%w: %w", errno, err)
		}
	}
	return err
}

func closeBolt(db *bbolt.DB) error {
	if db == nil {
		return nil
	}
	return guard(db.Path(), db.Close)
}

// readIdentity reads the meta bucket.
func readIdentity(db *bbolt.DB) (id identity, err error) {
	err = guard(db.Path(), func() error {
		return db.View(func(tx *bbolt.Tx) error {
			meta := tx.Bucket([]byte(bucketMeta))
			if meta == nil || tx.Bucket([]byte(bucketLog)) == nil || tx.Bucket([]byte(bucketStream)) == nil {
				return fmt.Errorf("%s lacks a bucket: %w", db.Path(), ErrDamaged)
			}
			id.Format, _ = strconv.Atoi(string(meta.Get([]byte(keyFormat))))
			id.Reader, _ = strconv.Atoi(string(meta.Get([]byte(keyReader))))
			id.ID = string(meta.Get([]byte(keyID)))
			// The first builds wrote no check, and nothing newer than format 1. What says
			// twice that it is newer is left alone, whatever its check: damage does not
			// do that, and a later build may check otherwise.
			check := string(meta.Get([]byte(keyCheck)))
			first := check == "" && id.Format == 1 && id.Reader == 1
			newer := id.Format > Format && id.Reader > Format
			if !id.valid() || check != id.check() && !first && !newer {
				return fmt.Errorf("%s does not say what it is: %w", db.Path(), ErrDamaged)
			}
			return nil
		})
	})
	return id, err
}

func seqKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

func streamKey(product string, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(product), 0), seq)
}

// entry is a record on its way into log.db.
type entry struct {
	seq      uint64
	products []string
	line     []byte
}

// put writes records in one transaction.
func put(d *disk, db *bbolt.DB, es ...entry) error {
	return named(guard(db.Path(), func() error {
		return db.Update(func(tx *bbolt.Tx) error {
			log, stream := tx.Bucket([]byte(bucketLog)), tx.Bucket([]byte(bucketStream))
			if log == nil || stream == nil {
				return fmt.Errorf("%s lacks a bucket: %w", db.Path(), ErrDamaged)
			}
			log.FillPercent = 1 // numbers only grow, a page is never split later
			for _, e := range es {
				if err := log.Put(seqKey(e.seq), e.line); err != nil {
					return err
				}
				for _, p := range e.products {
					if err := stream.Put(streamKey(p, e.seq), nil); err != nil {
						return err
					}
				}
			}
			return d.ask(Call{Op: OpCommit, Path: db.Path(), Size: len(es)})
		})
	}))
}

// build writes a bbolt file with the records that next yields until it returns
// false, durable but not under its final name yet. A part of a file is never
// seen under log.db: bbolt cannot open what a stop leaves of a first write.
func build(d *disk, path string, id identity, next func() (entry, bool, error)) error {
	if err := d.remove(path); err != nil {
		return err
	}
	if err := d.ask(Call{Op: OpCreate, Path: path}); err != nil {
		return err
	}
	db, err := bbolt.Open(path, fileMode, &bbolt.Options{Timeout: time.Second, NoSync: true, NoStatistics: true})
	if err != nil {
		return named(err)
	}
	err = fill(d, db, id, next)
	if err == nil {
		if err = d.ask(Call{Op: OpSync, Path: path}); err == nil {
			err = db.Sync()
		}
	}
	if cerr := closeBolt(db); err == nil {
		err = cerr
	}
	return named(err)
}

func fill(d *disk, db *bbolt.DB, id identity, next func() (entry, bool, error)) error {
	err := db.Update(func(tx *bbolt.Tx) error {
		for _, name := range []string{bucketMeta, bucketLog, bucketStream} {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		meta := tx.Bucket([]byte(bucketMeta))
		for k, v := range map[string]string{keyFormat: strconv.Itoa(id.Format), keyReader: strconv.Itoa(id.Reader), keyID: id.ID, keyCheck: id.check()} {
			if err := meta.Put([]byte(k), []byte(v)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	var batch []entry
	bytes := 0
	for {
		e, more, err := next()
		if err != nil {
			return err
		}
		if more {
			batch = append(batch, e)
			bytes += len(e.line)
		}
		if len(batch) > 0 && (!more || len(batch) == 1000 || bytes > 4<<20) {
			if err := put(d, db, batch...); err != nil {
				return err
			}
			batch, bytes = batch[:0], 0
		}
		if !more {
			return nil
		}
	}
}

// noEntries makes an empty file of build.
func noEntries() (entry, bool, error) { return entry{}, false, nil }

// createDB makes an empty log.db: under another name, closed, renamed, and the name made durable.
func createDB(d *disk, path string, id identity) error {
	tmp := path + tmpSuffix
	if err := build(d, tmp, id, noEntries); err != nil {
		return fmt.Errorf("cannot make %s: %w", path, err)
	}
	if err := d.rename(tmp, path); err != nil {
		return err
	}
	return d.syncDir(filepath.Dir(path))
}

// scanDB notes every valid record of an open log.db. known are the records of
// the journal: a value with the same bytes need not be decoded again. each, if
// not nil, is shown every record that was decoded.
func scanDB(db *bbolt.DB, known *twin, seed maphash.Seed, each func(events.Record) error) (*twin, error) {
	t := &twin{name: nameDB, found: true}
	t.read = func(l link) ([]byte, error) { return getLine(db, l.seq) }
	var fresh error
	err := guard(db.Path(), func() error {
		return db.View(func(tx *bbolt.Tx) error {
			log := tx.Bucket([]byte(bucketLog))
			if log == nil {
				return fmt.Errorf("%s lacks a bucket: %w", db.Path(), ErrDamaged)
			}
			return log.ForEach(func(k, v []byte) error {
				if len(k) != 8 || v == nil {
					t.bad = fmt.Sprintf("%s: key %x", db.Path(), k)
					return nil
				}
				seq := binary.BigEndian.Uint64(k)
				if l, ok := known.at(seq); ok && l.size == len(v) && l.raw == maphash.Bytes(seed, v) {
					l.file, l.at = "", 0
					t.links = append(t.links, l)
					return nil
				}
				l, r, err := examine(v, seed)
				if newer(err) {
					fresh = fmt.Errorf("%s: record %d: %w: %w", db.Path(), seq, ErrNewer, err)
					return fresh
				}
				if err == nil && l.seq != seq {
					err = fmt.Errorf("holds record %d", l.seq)
				}
				if err != nil {
					t.bad = fmt.Sprintf("%s: record %d: %v", db.Path(), seq, err)
					return nil
				}
				t.links = append(t.links, l)
				if each != nil {
					return each(r)
				}
				return nil
			})
		})
	})
	if fresh != nil {
		return nil, fresh
	}
	if err != nil {
		t.bad = err.Error()
	}
	return t, nil
}

// getLine copies one record's line out of log.db.
func getLine(db *bbolt.DB, seq uint64) (line []byte, err error) {
	err = guard(db.Path(), func() error {
		return db.View(func(tx *bbolt.Tx) error {
			if log := tx.Bucket([]byte(bucketLog)); log != nil {
				line = bytes.Clone(log.Get(seqKey(seq)))
			}
			return nil
		})
	})
	if err == nil && line == nil {
		err = fmt.Errorf("%s has no record %d: %w", db.Path(), seq, ErrDamaged)
	}
	return line, err
}

// firstKey is the lowest number in log.db, 0 if it is empty.
func firstKey(db *bbolt.DB) (first uint64, err error) {
	err = guard(db.Path(), func() error {
		return db.View(func(tx *bbolt.Tx) error {
			if k, _ := tx.Bucket([]byte(bucketLog)).Cursor().First(); len(k) == 8 {
				first = binary.BigEndian.Uint64(k)
			}
			return nil
		})
	})
	return first, err
}
