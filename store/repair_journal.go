// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"go.etcd.io/bbolt"
)

// mendJournal cuts a torn tail, or writes the segments anew that are not as they should be.
func (r *repair) mendJournal() error {
	if err := r.dropTried(); err != nil {
		return err
	}
	if r.p.jrnl != "" || r.s.renew {
		return r.rewriteJournal()
	}
	if len(r.sv.segs) == 0 {
		return nil
	}
	c := r.sv.segs[len(r.sv.segs)-1]
	if c.size == c.whole && c.size > 0 {
		return nil
	}
	if n := len(c.links); n > 0 && c.links[n-1].at == c.whole {
		return r.endLine(c.path) // the record is whole, only its newline is missing
	}
	if len(c.tail) > 0 {
		if err := r.keepTail(c); err != nil {
			return err
		}
	}
	if c.whole > 0 {
		return r.s.disk.cut(c.path, c.whole)
	}
	if err := r.s.disk.remove(c.path); err != nil {
		return err
	}
	return r.s.disk.syncDir(filepath.Dir(c.path))
}

// keepTail puts the bytes behind the last newline aside before they are cut off.
// A full disk is what most often tears a line, and then there is no room for
// them either: they are of a record that nobody acted on, and must not keep the
// store from being opened.
func (r *repair) keepTail(seg segment) error {
	name, err := r.s.disk.aside(seg.path, "torn")
	if err != nil {
		return err
	}
	err = r.s.disk.writeFile(name, seg.tail)
	if noRoom(err) {
		return r.s.disk.remove(name + tmpSuffix)
	}
	if err == nil {
		r.f.Torn = name
	}
	return err
}

// noRoom reports whether an error is that of a full disk.
func noRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// dropTried cuts off what an append of this process left before it failed. The
// caller still has that record, so there is nothing to put aside.
func (r *repair) dropTried() error {
	if len(r.sv.segs) == 0 || len(r.s.tried) == 0 {
		return nil
	}
	i := len(r.sv.segs) - 1
	c := &r.sv.segs[i]
	if len(c.tail) == 0 || len(c.tail) == len(r.s.tried) || !bytes.HasPrefix(r.s.tried, c.tail) {
		return nil
	}
	if c.whole > 0 {
		c.size, c.tail = c.whole, nil
		return r.s.disk.cut(c.path, c.whole)
	}
	r.sv.segs = r.sv.segs[:i]
	if err := r.s.disk.remove(c.path); err != nil {
		return err
	}
	return r.s.disk.syncDir(filepath.Dir(c.path))
}

func (r *repair) endLine(path string) error {
	f, err := r.s.disk.extend(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := r.s.disk.write(f, []byte{'\n'}); err != nil {
		return err
	}
	return r.s.disk.sync(f)
}

// rewriteJournal makes every segment that is not as the chain wants it anew
// from log.db, which holds the whole chain by now, and puts aside files that
// are no part of it.
func (r *repair) rewriteJournal() error {
	dir := filepath.Join(r.s.opt.Dir, dirJournal)
	done := Rebuilt{Store: nameJournal, Reason: r.p.jrnl}
	db, err := openOwnBolt(filepath.Join(r.s.opt.Dir, nameDB), true, r.s.opt.LockTimeout)
	if err != nil {
		return err
	}
	err = r.rewriteSegments(db, dir, &done)
	if cerr := closeBolt(db); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	if done.Reason != "" {
		r.f.Rebuilt = append(r.f.Rebuilt, done)
	}
	return r.s.disk.syncDir(dir)
}

func (r *repair) rewriteSegments(db *bbolt.DB, dir string, done *Rebuilt) error {
	// log.db may reach back further than the journal must: older segments are archived.
	from := 0
	if floor := r.p.floor(); len(r.sv.segs) == 0 || r.sv.segs[0].first >= floor {
		for from < len(r.p.chain) && r.p.chain[from].seq < floor {
			from++
		}
	}
	wanted := map[uint64]bool{}
	for i := from; i < len(r.p.chain); {
		end := i + 1
		for end < len(r.p.chain) && !r.p.chain[end].checkpoint {
			end++
		}
		part := r.p.chain[i:end]
		wanted[part[0].seq] = true
		last := end == len(r.p.chain)
		var err error
		switch have := r.fits(part); {
		case r.s.renew && last || have < 0:
			err = r.rewriteSegment(db, dir, part, done)
		case have < len(part):
			err = r.extendSegment(db, part, have)
		}
		if err != nil {
			return err
		}
		i = end
	}
	for _, seg := range r.sv.segs {
		if wanted[seg.first] {
			continue
		}
		if seg.size > 0 {
			kept, err := r.s.disk.keep(seg.path, "corrupt")
			if err != nil {
				return err
			}
			done.Kept = first(done.Kept, kept)
		}
		if err := r.s.disk.remove(seg.path); err != nil {
			return err
		}
	}
	return nil
}

// segment returns what was found of the file that begins with a record.
func (r *repair) segment(first uint64) (segment, bool) {
	i := slices.IndexFunc(r.sv.segs, func(s segment) bool { return s.first == first })
	if i < 0 {
		return segment{}, false
	}
	return r.sv.segs[i], true
}

// fits is how many records of this part of the chain a segment file holds, if
// it holds nothing else but a torn tail; -1 if it must be made anew.
func (r *repair) fits(part []pick) int {
	seg, ok := r.segment(part[0].seq)
	if !ok || seg.bad != "" || len(seg.links) == 0 || len(seg.links) > len(part) {
		return -1
	}
	size := int64(0)
	for k, l := range seg.links {
		if l.raw != part[k].raw {
			return -1
		}
		size += int64(l.size + 1)
	}
	if seg.whole != size || seg.size > size && len(seg.links) == len(part) {
		return -1
	}
	return len(seg.links)
}

// extendSegment adds what a segment file lacks at its end. A stop in the middle
// leaves what it is there to mend.
func (r *repair) extendSegment(db *bbolt.DB, part []pick, have int) error {
	d := r.s.disk
	seg, _ := r.segment(part[0].seq)
	if len(seg.tail) > 0 {
		line, err := getLine(db, part[have].seq)
		if err != nil {
			return err
		}
		if !bytes.HasPrefix(line, seg.tail) {
			if err := r.keepTail(seg); err != nil {
				return err
			}
		}
		if err := d.cut(seg.path, seg.whole); err != nil {
			return err
		}
	}
	f, err := d.extend(seg.path)
	if err != nil {
		return err
	}
	err = r.writePart(db, f, part[have:])
	if err == nil {
		err = d.sync(f)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

func (r *repair) rewriteSegment(db *bbolt.DB, dir string, part []pick, done *Rebuilt) error {
	d := r.s.disk
	path := filepath.Join(dir, segmentName(part[0].seq))
	tmp := path + tmpSuffix
	f, err := d.create(tmp)
	if err != nil {
		return err
	}
	err = r.writePart(db, f, part)
	if err == nil {
		err = d.sync(f)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return errors.Join(err, d.remove(tmp))
	}
	if prefix, err := isPrefix(path, tmp); err != nil {
		return err
	} else if !prefix {
		kept, err := d.keep(path, "corrupt")
		if err != nil {
			return err
		}
		done.Kept = first(done.Kept, kept)
	}
	return d.rename(tmp, path)
}

func (r *repair) writePart(db *bbolt.DB, f *os.File, part []pick) error {
	var buf []byte
	for i, pk := range part {
		line, err := getLine(db, pk.seq)
		if err != nil {
			return err
		}
		if maphash.Bytes(r.sv.seed, line) != pk.raw {
			return fmt.Errorf("%s: record %d is not the one that was put there: %w", db.Path(), pk.seq, ErrDamaged)
		}
		buf = append(append(buf, line...), '\n')
		if len(buf) > 1<<18 || i == len(part)-1 {
			if err := r.s.disk.write(f, buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
	}
	return nil
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// isPrefix reports whether all that is in old is in the new file too; a missing
// old file has nothing to keep, one that cannot be read has.
func isPrefix(old, made string) (bool, error) {
	a, err := openPlain(old)
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	defer a.Close()
	b, err := openPlain(made)
	if err != nil {
		return false, err
	}
	defer b.Close()
	x, y := make([]byte, 1<<16), make([]byte, 1<<16)
	for {
		n, err := io.ReadFull(a, x)
		if n == 0 {
			return errors.Is(err, io.EOF), nil
		}
		m, rerr := io.ReadFull(b, y[:n])
		if m != n || !bytes.Equal(x[:n], y[:n]) {
			return false, nil
		}
		if rerr != nil || err != nil {
			return errors.Is(err, io.ErrUnexpectedEOF), nil
		}
	}
}
