// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"

	"github.com/quietsetup/quietsetup/events"
)

// maxLine is the longest line read, in bytes; package events refuses longer ones too.
const maxLine = 16 << 20

var errLong = errors.New("line is longer than 16 MB")

// lines reads a file line by line and knows where each began.
type lines struct {
	r    *bufio.Reader
	next int64 // offset of the next line
	buf  []byte
}

func newLines(r io.Reader) *lines { return &lines{r: bufio.NewReaderSize(r, 1<<16)} }

// read returns the next line without its newline and the offset it began at;
// whole is false when the file ended instead of the line. The slice is valid
// until the next call. A line that is too long comes back cut, with errLong.
func (l *lines) read() (line []byte, at int64, whole bool, err error) {
	at, l.buf = l.next, l.buf[:0]
	long := false
	for {
		part, err := l.r.ReadSlice('\n')
		l.next += int64(len(part))
		if long = long || len(l.buf)+len(part) > maxLine+1; !long {
			l.buf = append(l.buf, part...)
		}
		switch {
		case err == nil:
			if long {
				return l.buf, at, true, errLong
			}
			return l.buf[:len(l.buf)-1], at, true, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && l.next == at:
			return nil, at, false, io.EOF
		case errors.Is(err, io.EOF):
			if long {
				return l.buf, at, false, errLong
			}
			return l.buf, at, false, nil
		default:
			return nil, at, false, err
		}
	}
}

// digest is a record's sum; zero stands for "no record before".
type digest [32]byte

func digestOf(sum string) (d digest, err error) {
	if sum == "" {
		return d, nil
	}
	if len(sum) != hex.EncodedLen(len(d)) {
		return d, fmt.Errorf("sum of %d characters: %w", len(sum), events.ErrNotARecord)
	}
	_, err = hex.Decode(d[:], []byte(sum))
	return d, err
}

func (d digest) String() string {
	if d == (digest{}) {
		return ""
	}
	return hex.EncodeToString(d[:])
}

// link is what start-up knows of a valid record: enough to see which chain it belongs to.
type link struct {
	seq        uint64
	sum, prev  digest
	raw        uint64 // hash of the whole line, private part included, under this run's seed
	size       int    // bytes of the line without newline
	checkpoint bool   // begins a segment
	file       string // where it was read, "" = from bbolt by key
	at         int64
}

// starts reports whether a chain may begin with the record: it is the first of
// all, or holds the whole state.
func (l link) starts() bool {
	return l.seq >= 1 && l.checkpoint || l.seq == 1 && l.prev == digest{}
}

// examine decodes a line and tells what start-up needs of it. A line whose
// record is right but whose private part is not written as this package writes
// it was damaged where the sum does not reach.
func examine(line []byte, seed maphash.Seed) (link, events.Record, error) {
	r, err := events.DecodeRecord(line)
	if err != nil {
		return link{}, r, err
	}
	if err := privateAsWritten(line, r); err != nil {
		return link{}, r, err
	}
	l := link{seq: r.Seq, size: len(line), raw: maphash.Bytes(seed, line), checkpoint: beginsSegment(r)}
	if l.sum, err = digestOf(r.Sum); err != nil {
		return link{}, r, err
	}
	if l.prev, err = digestOf(r.Prev); err != nil {
		return link{}, r, err
	}
	return l, r, nil
}

// beginsSegment reports whether a record is a checkpoint.
func beginsSegment(r events.Record) bool { return r.Input.Type == checkpointInput }

// checkpointInput is the written name of the input that begins a segment.
const checkpointInput = "checkpoint_wanted"

// privateAsWritten compares the private member with its only right spelling.
// JSON names match without regard to case, so a damaged one could still decode.
func privateAsWritten(line []byte, r events.Record) error {
	if len(r.Private) == 0 {
		return nil
	}
	var b bytes.Buffer
	b.WriteString(`,"private":`)
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r.Private); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1)
	b.WriteString(`,"sum":"` + r.Sum + `"}`)
	if !bytes.HasSuffix(line, b.Bytes()) {
		return fmt.Errorf("record %d: %w", r.Seq, events.ErrPrivate)
	}
	return nil
}

// newer reports whether a line could not be read because its record is of a
// later format. The sum was right, so this is no damage.
func newer(err error) bool { return errors.Is(err, events.ErrUnknownType) }
