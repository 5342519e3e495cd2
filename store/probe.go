// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/quietsetup/quietsetup/events"
)

// probeLimit is how long a probe may take. A damaged file can make bbolt run in
// circles; a start on it must still be over within ten seconds.
const probeLimit = 8 * time.Second

// ProbeFile tells whether a bbolt file can be trusted: it opens it for reading,
// checks every page, reads every record and verifies the chain and the index.
// A file of a newer format passes when its pages are in order; whether this
// build may use it is decided by Open.
//
// On a damaged file bbolt can kill the process, which no recover stops, or hang.
// So it is meant to run in a child process with a time limit: Options.Probe.
func ProbeFile(path string) error {
	db, err := openBolt(path, true, time.Second)
	if err != nil {
		return err
	}
	err = guard(path, func() error {
		return db.View(func(tx *bbolt.Tx) error {
			var first error
			for err := range tx.Check() {
				first = cmp.Or(first, err)
			}
			return first
		})
	})
	if err == nil {
		err = probeRecords(db)
	}
	if err != nil && !errors.Is(err, ErrDamaged) {
		err = fmt.Errorf("%s: %w: %w", path, ErrDamaged, err)
	}
	if cerr := closeBolt(db); err == nil {
		err = cerr
	}
	return err
}

func probeRecords(db *bbolt.DB) error {
	id, err := readIdentity(db)
	if err != nil {
		return err
	}
	if id.admit(db.Path()) != nil {
		return nil
	}
	index, err := readIndex(db)
	if err != nil {
		return err
	}
	want := 0
	t, err := scanDB(db, &twin{}, maphash.MakeSeed(), func(r events.Record) error {
		for _, p := range r.Products {
			if want++; !index[string(streamKey(p, r.Seq))] {
				return fmt.Errorf("record %d is not in the index: %w", r.Seq, ErrDamaged)
			}
		}
		return nil
	})
	if errors.Is(err, ErrNewer) {
		return nil
	}
	if err != nil {
		return err
	}
	if t.bad != "" {
		return fmt.Errorf("%s: %w", t.bad, ErrDamaged)
	}
	if want != len(index) {
		return fmt.Errorf("%s: the index has %d entries for %d: %w", db.Path(), len(index), want, ErrDamaged)
	}
	for i, l := range t.links {
		if i == 0 && !l.starts() || i > 0 && (l.seq != t.links[i-1].seq+1 || l.prev != t.links[i-1].sum) {
			return fmt.Errorf("%s: the chain breaks at record %d: %w", db.Path(), l.seq, ErrDamaged)
		}
	}
	return nil
}

// readIndex returns the keys of the stream bucket.
func readIndex(db *bbolt.DB) (map[string]bool, error) {
	index := map[string]bool{}
	err := guard(db.Path(), func() error {
		return db.View(func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte(bucketStream)).ForEach(func(k, _ []byte) error {
				index[string(k)] = true
				return nil
			})
		})
	})
	return index, err
}

// runProbe asks the probe within its time limit.
func runProbe(probe func(context.Context, string) error, path string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(context.Background(), probeLimit)
	defer cancel()
	begin := time.Now()
	if probe == nil {
		err := ProbeFile(path)
		return time.Since(begin), err
	}
	err := probe(ctx, path)
	if err == nil {
		err = ctx.Err()
	}
	return time.Since(begin), err
}

// salvage searches the raw bytes of a broken log.db for records. It never lets
// bbolt touch the file. Free pages hold old copies, so a number may come more
// than once; of these the one counts that the next record names.
func salvage(open opener, path string, seed maphash.Seed) (*twin, error) {
	t := &twin{name: nameDB, found: true, salvaged: true}
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var found []link
	err = eachRecordText(f, func(line []byte, at int64) error {
		l, _, err := examine(line, seed)
		if newer(err) {
			return fmt.Errorf("%s: %w: %w", path, ErrNewer, err)
		}
		if err == nil {
			l.file, l.at = path, at
			found = append(found, l)
		}
		return nil
	})
	if errors.Is(err, ErrNewer) {
		return nil, err
	}
	named := map[digest]bool{}
	for _, l := range found {
		named[l.prev] = true
	}
	slices.SortStableFunc(found, func(a, b link) int { return cmp.Compare(a.seq, b.seq) })
	for _, l := range found {
		switch n := len(t.links); {
		case n == 0 || t.links[n-1].seq != l.seq:
			t.links = append(t.links, l)
		case named[l.sum] || !named[t.links[n-1].sum]:
			t.links[n-1] = l
		}
	}
	t.read = func(l link) ([]byte, error) { return readAt(l.file, l.at, l.size) }
	return t, nil // what could not be read any more is as lost as what does not decode
}

// The text every record of format 1 begins with, and the start of its end.
const (
	recordMark = `{"v":1,"seq":`
	sumMark    = `,"sum":"`
	sumLength  = len(sumMark) + 64 + len(`"}`)
)

// nested bounds how many marks before one end are tried for the beginning of its
// record. The right one is the last, unless the record's own data holds the text
// of a mark. Without a bound, a file full of marks would be summed up once for
// each of them, which takes hours.
const nested = 8

// eachRecordText calls f with every stretch of the file that looks like a
// record: from a mark to the next end of one. It searches every byte once.
func eachRecordText(r io.Reader, f func(line []byte, at int64) error) error {
	var window []byte // what was read since the last end
	var base int64    // offset of window[0]
	searched := 0     // bytes of it in which no end begins
	chunk := make([]byte, 1<<17)
	for eof := false; !eof; {
		n, err := io.ReadFull(r, chunk)
		eof = err != nil
		window = append(window, chunk[:n]...)
		for {
			i := bytes.Index(window[searched:], []byte(sumMark))
			if i < 0 {
				searched = max(0, len(window)-len(sumMark)) // an end may straddle the chunks
				break
			}
			end := searched + i
			if searched = end; end+sumLength > len(window) {
				break // the rest comes with the next chunk
			}
			for _, start := range lastMarks(window[:end]) {
				if err := f(window[start:end+sumLength], base+int64(start)); err != nil {
					return err
				}
			}
			cut := end + len(sumMark)
			window, base, searched = window[cut:], base+int64(cut), 0
		}
		if over := len(window) - maxLine; over > 0 { // a record that began there is too long to be one
			window, base, searched = window[over:], base+int64(over), max(0, searched-over)
		}
	}
	return nil
}

// lastMarks returns where the last marks of records begin, ascending.
func lastMarks(text []byte) []int {
	var at []int
	for len(at) < nested {
		i := bytes.LastIndex(text, []byte(recordMark))
		if i < 0 {
			break
		}
		at, text = append(at, i), text[:i]
	}
	slices.Reverse(at)
	return at
}
