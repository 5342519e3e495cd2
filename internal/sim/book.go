// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"slices"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// book writes the log of a world without a store as lines, as a journal holds
// them.
type book struct {
	codec *events.Codec
	seq   uint64
	sum   string
	line  []byte // the last one, not added yet
	next  string // its sum
}

func newBook() *book { return &book{codec: events.NewCodec()} }

// write makes the record of a step and reads it again. It is in the log when it
// is added.
func (b *book) write(s events.Step) (events.Step, error) {
	msg, err := events.EncodeInput(s.In)
	if err != nil {
		return s, err
	}
	r := s.Record
	r.V, r.Seq, r.Build, r.Rules, r.Input, r.Prev, r.Products = events.Format, b.seq+1, "sim", fsm.RuleSet, msg, b.sum, []string{}
	for _, e := range s.Did {
		m, err := events.EncodeEvent(e)
		if err != nil {
			return s, err
		}
		r.Events = append(r.Events, m)
		if id := e.About(); id != "" && !slices.Contains(r.Products, id) {
			r.Products = append(r.Products, id)
		}
	}
	slices.Sort(r.Products)
	if b.line, err = r.Encode(); err != nil {
		return s, err
	}
	b.next = r.Sum
	r, err = events.DecodeRecord(b.line)
	if err != nil {
		return s, err
	}
	return b.codec.Open(r)
}

// add puts the last line into the log.
func (b *book) add(lines []byte) []byte {
	b.seq, b.sum = b.seq+1, b.next
	return append(append(lines, b.line...), '\n')
}
