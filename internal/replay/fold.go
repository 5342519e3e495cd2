// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// folder carries a log's state from line to line.
type folder struct {
	table *fsm.Table
	codec *events.Codec
	text  *events.Comparer
	c     *fsm.Client
	seq   uint64 // last record, 0 before the first
	sum   string
}

func newFolder(t *fsm.Table) *folder {
	return &folder{table: t, codec: events.NewCodec(), text: events.NewComparer(), c: fsm.New(t)}
}

// open checks that the line's record follows and decodes it. It changes nothing.
func (f *folder) open(l Line) (events.Step, *Divergence) {
	r := l.Record
	first := f.seq == 0
	if !first || r.Seq == 1 {
		if err := r.Follows(f.seq, f.sum); err != nil {
			return events.Step{}, diverge(l, f.seq+1, CodeChain,
				link{r.Seq, r.Prev}, link{f.seq + 1, f.sum})
		}
	}
	s, err := f.codec.Open(r)
	switch {
	case errors.Is(err, events.ErrUnknownType):
		return events.Step{}, diverge(l, r.Seq, CodeUnknown, err.Error(), nil)
	case err != nil:
		return events.Step{}, diverge(l, r.Seq, CodeNotRecord, err.Error(), nil)
	}
	if first && r.Seq != 1 {
		cp, ok := begins(s)
		if !ok {
			return events.Step{}, diverge(l, r.Seq, CodeMiddle, nil, nil)
		}
		if cp.Shape != fsm.Shape {
			return events.Step{}, diverge(l, r.Seq, CodeUnknown, fmt.Sprintf("checkpoint of shape %d", cp.Shape), nil)
		}
		state := fsm.New(f.table)
		if err := json.Unmarshal(cp.State, state); err != nil || state.Seq+1 != r.Seq {
			return events.Step{}, diverge(l, r.Seq, CodeCheckpoint, nil, nil)
		}
	}
	return s, nil
}

// link is what ties a record to the one before it.
type link struct {
	Seq  uint64 `json:"seq"`
	Prev string `json:"prev"`
}

// begins returns the checkpoint a log can begin with: it is the record's first event.
func begins(s events.Step) (events.Checkpointed, bool) {
	if len(s.Did) == 0 {
		return events.Checkpointed{}, false
	}
	cp, ok := s.Did[0].(events.Checkpointed)
	return cp, ok
}

// take folds a step that open has let through.
func (f *folder) take(s events.Step) {
	fsm.Apply(f.c, s)
	f.seq, f.sum = s.Seq, s.Sum
}

// Fold folds a log and returns the state after it. each, if not nil, is called
// after every record with the state so far, which it must not keep; its error
// ends the fold. Sums and chain are checked, decisions are not. The error is a
// *Divergence where the log is damaged, and ErrEmpty if it holds no record. A
// torn last line is passed over.
func Fold(lines iter.Seq2[Line, error], each func(Line, events.Step, *fsm.Client) error) (*fsm.Client, error) {
	table, err := fsm.NewTable()
	if err != nil {
		return nil, err
	}
	return newFolder(table).fold(lines, each)
}

func (f *folder) fold(lines iter.Seq2[Line, error], each func(Line, events.Step, *fsm.Client) error) (*fsm.Client, error) {
	for l, err := range lines {
		if errors.Is(err, ErrTornTail) {
			break
		}
		if err != nil {
			if d, ok := unreadable(l, f.seq+1, err); ok {
				return nil, d
			}
			return nil, err
		}
		s, d := f.open(l)
		if d != nil {
			return nil, d
		}
		f.take(s)
		if each != nil {
			if err := each(l, s, f.c); err != nil {
				return nil, err
			}
		}
	}
	if f.seq == 0 {
		return nil, ErrEmpty
	}
	return f.c, nil
}
