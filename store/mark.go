// SPDX-License-Identifier: Apache-2.0

package store

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"path/filepath"
	"sync"
)

// cleanMark is the file that says that the last run closed the store in order.
// It is there only while no process works on the store. It also says what every
// file of the twins looked like, so damage done meanwhile shows at once.
type cleanMark struct {
	Seq   uint64              `json:"seq"`
	Sum   string              `json:"sum"`
	Files map[string]fileMark `json:"files"` // by path below the state directory
}

type fileMark struct {
	Size int64  `json:"size"`
	CRC  uint32 `json:"crc"` // Castagnoli
}

// The small files of the state directory.
const (
	fileLock     = "lock"
	fileClean    = "clean"
	fileIdentity = "store.json"
	dirJournal   = "journal"
	dirArchive   = "archive"
)

// markFiles reads every file of the twins and sums it up, side by side: this is
// most of the time a start after a clean stop takes.
func markFiles(open opener, dir string, segs []uint64) (map[string]fileMark, error) {
	names := []string{nameDB}
	for _, first := range segs {
		names = append(names, dirJournal+"/"+segmentName(first))
	}
	marks, errs := make([]fileMark, len(names)), make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		f, err := open(path)
		if err != nil {
			errs[i] = err
			break
		}
		wg.Go(func() {
			defer f.Close()
			sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
			n, err := io.CopyBuffer(sum, struct{ io.Reader }{f}, make([]byte, 1<<18))
			marks[i], errs[i] = fileMark{Size: n, CRC: sum.Sum32()}, err
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	out := make(map[string]fileMark, len(names))
	for i, name := range names {
		out[name] = marks[i]
	}
	return out, nil
}

// readMark returns the mark of the last run, nil if it did not close in order.
// A mark that is not as it was written counts as none.
func readMark(d *disk, dir string) (*cleanMark, error) {
	b, err := d.readSmall(filepath.Join(dir, fileClean))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", filepath.Join(dir, fileClean), err)
	}
	return parseMark(b), nil
}

// parseMark reads the text of a mark, nil if it is none.
func parseMark(b []byte) *cleanMark {
	var m cleanMark
	if !unseal(b, &m) || m.Files == nil {
		return nil
	}
	return &m
}

// holds reports whether every file of the twins is as the mark says.
func (m *cleanMark) holds(open opener, dir string) bool {
	segs, err := listSegments(filepath.Join(dir, dirJournal))
	if err != nil || len(segs)+1 != len(m.Files) {
		return false
	}
	now, err := markFiles(open, dir, segs)
	if err != nil {
		return false
	}
	for name, f := range m.Files {
		if now[name] != f {
			return false
		}
	}
	return true
}

// writeMark says that the store was closed in order.
func writeMark(d *disk, dir string, seq uint64, sum string) error {
	segs, err := listSegments(filepath.Join(dir, dirJournal))
	if err != nil {
		return err
	}
	files, err := markFiles(d.open, dir, segs)
	if err != nil {
		return err
	}
	b, err := seal(cleanMark{Seq: seq, Sum: sum, Files: files})
	if err != nil {
		return err
	}
	return d.writeFile(filepath.Join(dir, fileClean), b)
}

// removeMark makes it durable that a process works on the store.
func removeMark(d *disk, dir string) error {
	if err := d.remove(filepath.Join(dir, fileClean)); err != nil {
		return err
	}
	return d.syncDir(dir)
}

// readStoreFile reads store.json, the twin of log.db's meta bucket. found is
// false if it is missing or damaged.
func readStoreFile(d *disk, dir string) (id identity, found bool, err error) {
	path := filepath.Join(dir, fileIdentity)
	b, err := d.readSmall(path)
	if errors.Is(err, fs.ErrNotExist) {
		return id, false, nil
	}
	if err != nil {
		return id, false, fmt.Errorf("cannot read %s: %w", path, err)
	}
	if id, found = parseIdentity(b); !found {
		return identity{}, false, nil
	}
	return id, true, id.admit(path)
}

// parseIdentity reads the text of store.json; false if it does not say what it should.
func parseIdentity(b []byte) (id identity, ok bool) {
	if !unseal(b, &id) || !id.valid() {
		return identity{}, false
	}
	return id, true
}

func writeStoreFile(d *disk, dir string, id identity) error {
	b, err := seal(id)
	if err != nil {
		return err
	}
	return d.writeFile(filepath.Join(dir, fileIdentity), b)
}

// newIdentity names a new store.
func newIdentity() identity {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return identity{Format: Format, Reader: minReader, ID: hex.EncodeToString(b[:])}
}
