// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"slices"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// Schema names the JSON of a Result.
const Schema = "replay/v1"

// Verdicts.
const (
	VerdictOK       = "ok"
	VerdictDiverged = "diverged"
)

// WarnTornTail warns of a last line without newline.
const WarnTornTail = "torn_tail"

// Result is what verifying found.
type Result struct {
	Schema     string      `json:"schema"` // replay/v1
	Verdict    string      `json:"verdict"`
	StoreID    string      `json:"store_id,omitempty"`
	Records    int         `json:"records"`     // good ones, up to the divergence if there is one
	Verified   int         `json:"verified"`    // decided again with the same events
	FoldedOnly int         `json:"folded_only"` // of rule sets that this build does not know, or the checkpoint a log begins with
	Segments   int         `json:"segments"`    // files
	Products   int         `json:"products"`
	First      uint64      `json:"first"` // sequence numbers
	Last       uint64      `json:"last"`
	Divergence *Divergence `json:"divergence,omitempty"`
	Warnings   []string    `json:"warnings"`        // codes; never nil
	Twins      *Twins      `json:"twins,omitempty"` // set where they differ, with WarnTwinsDiffer
}

// Verify reads a whole log and stops at the first divergence, which is part of
// the result and no error. The error is about reading, or ErrEmpty.
func Verify(lines iter.Seq2[Line, error]) (Result, error) {
	table, err := fsm.NewTable()
	if err != nil {
		return Result{}, err
	}
	return newFolder(table).run(lines)
}

// run verifies line after line.
func (f *folder) run(lines iter.Seq2[Line, error]) (Result, error) {
	res := Result{Schema: Schema, Verdict: VerdictOK, Warnings: []string{}}
	file := ""
	for l, err := range lines {
		if errors.Is(err, ErrTornTail) {
			res.Warnings = append(res.Warnings, WarnTornTail)
			break
		}
		d, again, err := f.verify(l, err)
		if err != nil {
			return Result{}, err
		}
		if d != nil {
			res.Verdict, res.Divergence = VerdictDiverged, d
			break
		}
		if res.Records == 0 {
			res.First = l.Record.Seq
		}
		if res.Records == 0 || l.File != file {
			res.Segments++
			file = l.File
		}
		res.Records++
		if again {
			res.Verified++
		} else {
			res.FoldedOnly++
		}
	}
	if res.Records == 0 && res.Divergence == nil {
		return Result{}, ErrEmpty
	}
	res.Last, res.StoreID, res.Products = f.seq, f.c.StoreID, len(f.c.Products)
	return res, nil
}

// verify takes one line. again tells whether its decision was made again.
func (f *folder) verify(l Line, err error) (d *Divergence, again bool, _ error) {
	if err != nil {
		d, ok := unreadable(l, f.seq+1, err)
		if !ok {
			return nil, false, err
		}
		return d, false, nil
	}
	if f.again(l) {
		return nil, true, nil
	}
	s, d := f.open(l)
	if d != nil {
		return d, false, nil
	}
	if d := products(l, s); d != nil {
		return d, false, nil
	}
	known := f.seq > 0 || s.Seq == 1
	if known && s.Rules != f.c.Rules {
		return diverge(l, s.Seq, CodeRules, s.Rules, f.c.Rules), false, nil // else a forged number would keep us from deciding
	}
	// The checkpoint a log begins with holds the only state there is: nothing
	// is known that it could be compared with.
	if again = known && s.Rules == fsm.RuleSet; again {
		d = redecide(f.c, l, s)
	} else if known {
		d = f.checkpoint(l, s)
	}
	if d != nil {
		return d, false, nil
	}
	f.take(s)
	return nil, again, nil
}

// again makes the record's decision again and folds it if that gave the very
// text that was recorded. What was decided is then what the text decodes to, so
// the events need no decoding, which would be most of the work. A record that
// is not so, for whatever reason, is left to be judged; nothing was changed.
func (f *folder) again(l Line) bool {
	r := l.Record
	if f.seq == 0 && r.Seq != 1 || r.Follows(f.seq, f.sum) != nil || r.Rules != f.c.Rules || r.Rules != fsm.RuleSet {
		return false
	}
	in, err := f.codec.Input(r.Input)
	return err == nil && f.redo(l, events.Step{Record: r, In: in})
}

// redo is again for a record whose input is decoded.
func (f *folder) redo(l Line, s events.Step) bool {
	if !fsm.Redecide(f.c, s.Stamp(), func(did []events.Event) bool {
		s.Did = did
		return f.isText(did, s.Events) && products(l, s) == nil
	}) {
		return false
	}
	f.seq, f.sum = s.Seq, s.Sum
	return true
}

// isText reports whether the messages are the events as this build writes them.
func (f *folder) isText(did []events.Event, written []events.Message) bool {
	if len(did) != len(written) {
		return false
	}
	for i, e := range did {
		if !f.text.Same(e, written[i]) {
			return false
		}
	}
	return true
}

// products compares the record's list with what its events are about.
func products(l Line, s events.Step) *Divergence {
	var about []string
	for _, e := range s.Did {
		if id := e.About(); id != "" && !slices.Contains(about, id) {
			about = append(about, id)
		}
	}
	slices.Sort(about)
	if !slices.Equal(about, s.Products) {
		return diverge(l, s.Seq, CodeProducts, s.Products, about)
	}
	return nil
}

// redecide asks this build what it would have decided and compares the events
// as they are written.
func redecide(c *fsm.Client, l Line, s events.Step) *Divergence {
	did, err := fsm.Decide(c, s.Stamp())
	if err != nil {
		return diverge(l, s.Seq, CodeRefused, s.Input, err.Error())
	}
	for i := range max(len(did), len(s.Did)) {
		switch {
		case i >= len(did):
			return diverge(l, s.Seq, CodeEvents, s.Events[i], nil)
		case i >= len(s.Did):
			m, err := events.EncodeEvent(did[i])
			if err != nil {
				return diverge(l, s.Seq, CodeEvents, nil, err.Error())
			}
			return diverge(l, s.Seq, CodeEvents, nil, m)
		}
		if d := compare(l, s, i, did[i]); d != nil {
			return d
		}
	}
	return nil
}

// compare holds the i-th recorded event against the one decided now.
func compare(l Line, s events.Step, i int, e events.Event) *Divergence {
	code, was := CodeEvents, s.Events[i]
	if cp, ok := s.Did[i].(events.Checkpointed); ok {
		if _, same := e.(events.Checkpointed); same && cp.Shape != fsm.Shape {
			return nil // written in another shape: the same state reads differently
		}
		code = CodeCheckpoint
	}
	now, err := events.EncodeEvent(e)
	if err != nil {
		return diverge(l, s.Seq, code, was, err.Error())
	}
	if was.V != now.V { // written in an older version: compare what it means now
		if was, err = events.EncodeEvent(s.Did[i]); err != nil {
			return diverge(l, s.Seq, code, s.Events[i], err.Error())
		}
	}
	if was.Type != now.Type || !bytes.Equal(was.Data, now.Data) {
		return diverge(l, s.Seq, code, s.Events[i], now)
	}
	return nil
}

// checkpoint compares a checkpoint's state with the folded one, for a record
// whose rules this build does not know.
func (f *folder) checkpoint(l Line, s events.Step) *Divergence {
	for _, e := range s.Did {
		cp, ok := e.(events.Checkpointed)
		if !ok || cp.Shape != fsm.Shape {
			continue
		}
		recorded := fsm.New(f.table)
		if err := json.Unmarshal(cp.State, recorded); err != nil {
			return diverge(l, s.Seq, CodeCheckpoint, err.Error(), nil)
		}
		was, err := json.Marshal(recorded)
		if err != nil {
			return diverge(l, s.Seq, CodeCheckpoint, err.Error(), nil)
		}
		now, err := json.Marshal(f.c)
		if err != nil {
			return diverge(l, s.Seq, CodeCheckpoint, nil, err.Error())
		}
		if !bytes.Equal(was, now) {
			return diverge(l, s.Seq, CodeCheckpoint, json.RawMessage(was), json.RawMessage(now))
		}
	}
	return nil
}
