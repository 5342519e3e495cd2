// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
)

// Excerpt says which records of a log are wanted.
type Excerpt struct {
	From, To uint64   // 0 = from the first, to the last
	Products []string // only records that touched one of these; nil = all
	Private  bool     // with private parts
}

// Excerpted tells what was written.
type Excerpted struct {
	First, Last uint64
	Records     int
}

// SchemaExcerpt names the first line of an excerpt that is not a chain.
const SchemaExcerpt = "store_excerpt/v1"

// ExcerptHead is the first line of an excerpt by product. Such an excerpt is not
// a chain: each of its records can be checked, but nothing can be folded from it.
type ExcerptHead struct {
	Schema   string   `json:"schema"`  // store_excerpt/v1
	Partial  bool     `json:"partial"` // always true
	Products []string `json:"products"`
	From     uint64   `json:"from"` // the records it was made from
	To       uint64   `json:"to"`
}

// WriteExcerpt writes records of a log as lines of JSON. lines is asked twice:
// the chain is checked to its end before the first byte is written.
//
// Without products the result is a log like any other: it verifies, and it can
// be folded, for it begins with the first record of all or with a checkpoint.
// So From is led back to the last checkpoint before it. What is older than a gap
// left by archived segments that were taken away is left out. With products the
// first line is an ExcerptHead, and From is taken as it is.
func WriteExcerpt(w io.Writer, lines func() iter.Seq2[Line, error], x Excerpt) (Excerpted, error) {
	var out Excerpted
	first, last, err := extent(lines(), x)
	if err != nil {
		return out, err
	}
	if len(x.Products) > 0 {
		b, err := json.Marshal(ExcerptHead{Schema: SchemaExcerpt, Partial: true, Products: x.Products, From: first, To: last})
		if err != nil {
			return out, err
		}
		if _, err := w.Write(append(b, '\n')); err != nil {
			return out, err
		}
	}
	for l, err := range lines() {
		if errors.Is(err, ErrTornTail) || err == nil && l.Record.Seq > last {
			break // it grew
		}
		if err != nil {
			return out, err
		}
		if l.Record.Seq < first || len(x.Products) > 0 && !touches(l, x.Products) {
			continue
		}
		if err := writeLine(w, l.Raw, !x.Private); err != nil {
			return out, err
		}
		if out.Records++; out.First == 0 {
			out.First = l.Record.Seq
		}
		out.Last = l.Record.Seq
	}
	return out, nil
}

func touches(l Line, products []string) bool {
	return slices.ContainsFunc(l.Record.Products, func(p string) bool { return slices.Contains(products, p) })
}

// extent checks the chain and finds the first and last record of an excerpt.
func extent(lines iter.Seq2[Line, error], x Excerpt) (first, last uint64, err error) {
	var seq uint64
	var sum string
	touched := false
	for l, err := range lines {
		if errors.Is(err, ErrTornTail) {
			break
		}
		if err != nil {
			return 0, 0, err
		}
		r := l.Record
		begins := beginsSegment(r)
		switch {
		case seq == 0 && r.Seq != 1 && !begins:
			return 0, 0, fmt.Errorf("%s:%d: it begins in the middle, with record %d: %w", l.File, l.Number, r.Seq, ErrDamaged)
		case seq == 0 || r.Seq > seq+1 && begins && l.Number == 1: // what was between was taken out of the archive
			first = r.Seq
		default:
			if err := r.Follows(seq, sum); err != nil {
				return 0, 0, fmt.Errorf("%s:%d: %w: %w", l.File, l.Number, ErrDamaged, err)
			}
		}
		if r.Seq <= x.From && (begins || len(x.Products) > 0) {
			first = r.Seq
		}
		if x.To == 0 || r.Seq <= x.To {
			last = r.Seq
		}
		touched = touched || r.Seq >= x.From && r.Seq == last && touches(l, x.Products)
		seq, sum = r.Seq, r.Sum
	}
	switch {
	case seq == 0:
		return 0, 0, fmt.Errorf("the log is empty: %w", ErrNoRecord)
	case x.From > seq || last < first:
		return 0, 0, fmt.Errorf("the log ends with record %d: %w", seq, ErrNoRecord)
	case len(x.Products) > 0 && !touched:
		return 0, 0, fmt.Errorf("none of these products is in it: %w", ErrNoRecord)
	}
	return first, last, nil
}

// ReadExcerptHead reads the first line of an excerpt by product; false if the
// file is no such excerpt.
func ReadExcerptHead(path string) (ExcerptHead, bool) {
	var h ExcerptHead
	f, err := openPlain(path)
	if err != nil {
		return h, false
	}
	defer f.Close()
	b := make([]byte, 64<<10)
	n, err := io.ReadFull(f, b)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return h, false
	}
	line, _, whole := bytes.Cut(b[:n], []byte("\n"))
	if !whole || json.Unmarshal(line, &h) != nil || h.Schema != SchemaExcerpt || !h.Partial {
		return ExcerptHead{}, false
	}
	return h, true
}
