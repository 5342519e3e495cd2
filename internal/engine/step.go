// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// mostData bounds what one record may hold, below what a reader takes. What is
// larger is refused before it is written: it would be refused for ever.
const mostData = 12 << 20

// unknown is an append that failed: its record may or may not be in the log.
type unknown struct {
	sum string // of the record
	err error
}

func (u *unknown) Error() string { return u.err.Error() }
func (u *unknown) Unwrap() error { return u.err }

// step takes one input through decide, append and apply, and returns the
// products whose work it may have changed. An error of type *unknown leaves it open whether it is
// recorded; after any other nothing is.
func (e *Engine) step(in events.Input, actor string) (uint64, []string, error) {
	rec, err := e.decide(in, actor)
	if err != nil {
		return 0, nil, err
	}
	// What is folded is what a reader of the log will fold.
	s, err := e.codec.Open(*rec)
	if err != nil {
		return 0, nil, err
	}
	e.o.Seam("append")
	err = e.o.Log.Append(rec)
	e.o.Seam("appended")
	if errors.Is(err, ErrUnfit) {
		return 0, nil, err
	}
	if err != nil {
		if _, encErr := rec.Encode(); encErr != nil {
			return 0, nil, encErr // so the log cannot have it either
		}
		return 0, nil, &unknown{sum: rec.Sum, err: fmt.Errorf("cannot append record %d: %w", rec.Seq, err)}
	}
	s.Record = *rec
	e.apply(s)
	e.say(s)
	return rec.Seq, e.concerned(s), nil
}

// decide makes the record of an input. It changes nothing.
func (e *Engine) decide(in events.Input, actor string) (*events.Record, error) {
	seq := e.seq + 1
	sealed, parts := events.Seal(in, seq, e.o.Salt)
	msg, err := events.EncodeInput(sealed)
	if err != nil {
		return nil, err
	}
	// Decide sees the input as a replay will see it.
	read, err := e.codec.Input(msg)
	if err != nil {
		return nil, err
	}
	st := e.stamp(read, actor)
	did, err := fsm.Decide(e.client, st)
	if err != nil {
		return nil, err
	}
	rec := &events.Record{V: events.Format, Seq: seq, Products: touched(did), At: st.Wall, Boot: st.Boot, BootMS: st.BootMS,
		Actor: actor, Build: e.o.Build, Rules: e.client.Rules, Input: msg, Events: make([]events.Message, len(did)), Prev: e.sum}
	size := len(msg.Data)
	for i, ev := range did {
		if rec.Events[i], err = events.EncodeEvent(ev); err != nil {
			return nil, err
		}
		size += len(rec.Events[i].Data)
		if cp, ok := ev.(events.Checkpointed); ok {
			parts = e.parts.kept(cp.State)
		}
	}
	rec.Private = parts
	if size > mostData {
		return nil, fmt.Errorf("%w: %s of %d bytes", ErrTooLarge, msg.Type, size)
	}
	return rec, nil
}

// concerned lists the products whose work a record may have changed: those it is
// about. A change of the mode holds back or lets go everybody's reports.
func (e *Engine) concerned(s events.Step) []string {
	if !slices.ContainsFunc(s.Did, func(ev events.Event) bool { _, mode := ev.(events.ModeChanged); return mode }) {
		return s.Products
	}
	return slices.Collect(maps.Keys(e.client.Products))
}

// touched lists the products of events, sorted, never nil.
func touched(did []events.Event) []string {
	out := []string{}
	for _, ev := range did {
		if id := ev.About(); id != "" && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// apply folds a durable record and tells the readers.
func (e *Engine) apply(s events.Step) {
	if begins(s) {
		e.parts = vault{}
	}
	e.parts.add(s.Private)
	e.seq, e.sum = s.Seq, s.Sum
	e.mu.Lock()
	fsm.Apply(e.client, s)
	changed := e.changed
	e.changed = make(chan struct{})
	e.mu.Unlock()
	close(changed)
}

// begins reports whether a record holds the whole state.
func begins(s events.Step) bool {
	_, ok := s.In.(events.CheckpointWanted)
	return ok
}

// fold makes the client anew from the log.
func (e *Engine) fold() error {
	e.o.Seam("read")
	c, parts := fsm.New(e.o.Table), vault{}
	var seq uint64
	var sum string
	for rec, err := range e.o.Log.SinceCheckpoint() {
		if err != nil {
			return fmt.Errorf("cannot read the log: %w", err)
		}
		if seq > 0 {
			if err := rec.Follows(seq, sum); err != nil {
				return fmt.Errorf("cannot fold the log: %w", err)
			}
		}
		s, err := e.codec.Open(rec)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrNewer, err)
		}
		for _, ev := range s.Did {
			if cp, ok := ev.(events.Checkpointed); ok && cp.Shape > fsm.Shape {
				return fmt.Errorf("%w: record %d holds a state of shape %d, this build knows %d", ErrNewer, rec.Seq, cp.Shape, fsm.Shape)
			}
		}
		if begins(s) {
			parts = vault{}
		}
		parts.add(rec.Private)
		fsm.Apply(c, s)
		seq, sum = rec.Seq, rec.Sum
	}
	if last, lastSum := e.o.Log.Last(); last != seq || lastSum != sum {
		return fmt.Errorf("cannot fold the log: it ends at record %d, and record %d is its last", seq, last)
	}
	if c.Rules > fsm.RuleSet {
		return fmt.Errorf("%w: rule set %d is in force, this build knows %d", ErrNewer, c.Rules, fsm.RuleSet)
	}
	e.seq, e.sum, e.parts = seq, sum, parts
	e.mu.Lock()
	e.client = c
	e.mu.Unlock()
	return nil
}

// say writes one line per record to the program's own log.
func (e *Engine) say(s events.Step) {
	ev := e.o.Logger.Info()
	if !ev.Enabled() {
		return
	}
	names := make([]string, len(s.Events))
	for i, m := range s.Events {
		names[i] = m.Type
	}
	ev.Uint64("seq", s.Seq).Str("actor", s.Actor).Str("input", s.Input.Type).
		Strs("events", names).Strs("products", s.Products).Msg("recorded")
}
