// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

// Glance is what a state directory shows at a glance, in milliseconds.
type Glance struct {
	InUse   bool
	Clean   bool // closed in order; never while in use
	Newer   bool // of a build that this one must not open
	Pending bool // a fork or a loss is not in the log yet
	Kept    int  // files that earlier starts put aside
	Seq     uint64
	At      time.Time // of the last record, zero without one
}

// TakeGlance looks at a state directory without reading the log: how the last
// run ended, the last record, what was put aside. Examine tells whether the log
// is sound.
func TakeGlance(dir string) (Glance, error) {
	var g Glance
	x := &examiner{dir: dir, out: &Examination{}}
	b, err := x.small(fileIdentity)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return g, fmt.Errorf("cannot look at %s: %w", dir, err)
	}
	if id, ok := parseIdentity(b); ok {
		g.Newer = id.admit(dir) != nil
	}
	segs, err := listSegments(filepath.Join(dir, dirJournal))
	if err == nil && len(segs) == 0 && b == nil {
		err = fmt.Errorf("there is no store: %w", fs.ErrNotExist)
	}
	if err == nil {
		g.InUse, err = InUse(dir)
	}
	if err == nil {
		err = x.lookForKept()
	}
	if err != nil {
		return g, fmt.Errorf("cannot look at %s: %w", dir, err)
	}
	g.Kept = len(x.marks.Faults)
	if b, err := x.small(fileClean); err == nil {
		g.Clean = parseMark(b) != nil
	}
	if _, err := os.Lstat(filepath.Join(dir, fileNotice)); err == nil {
		g.Pending = true
	}
	if len(segs) == 0 {
		return g, nil
	}
	r, err := lastRecord(filepath.Join(dir, dirJournal, segmentName(segs[len(segs)-1])))
	if err != nil {
		return g, fmt.Errorf("cannot read the last record: %w", err)
	}
	g.Seq, g.At = r.Seq, r.At
	return g, nil
}

// lastRecord reads the last whole line of a segment.
func lastRecord(path string) (events.Record, error) {
	f, err := openMoved(path)
	if err != nil {
		return events.Record{}, err
	}
	defer f.Close()
	end, err := wholeSize(f)
	if err != nil {
		return events.Record{}, err
	}
	for n := int64(1 << 16); ; n *= 4 {
		from := max(0, end-n)
		b := make([]byte, end-from)
		if _, err := f.ReadAt(b, from); err != nil && !errors.Is(err, io.EOF) {
			return events.Record{}, err
		}
		b = bytes.TrimSuffix(b, []byte("\n"))
		i := bytes.LastIndexByte(b, '\n')
		if i < 0 && from > 0 && n < maxLine {
			continue // the line is longer
		}
		r, err := events.DecodeRecord(b[i+1:])
		if err != nil {
			return events.Record{}, fmt.Errorf("%s: %w", path, err)
		}
		return r, nil
	}
}
