// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/replay"
)

// history is a log that the core has decided: a user says later five times, then an
// operator holds and releases the product again and again. Each number in parts is
// how many records follow a checkpoint.
func history(t testing.TB, parts ...int) []events.Record {
	t.Helper()
	table, err := fsm.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	c, codec := fsm.New(table), events.NewCodec()
	var out []events.Record
	take := func(r events.Record) {
		if _, err := r.Encode(); err != nil { // sets the sum
			t.Fatal(err)
		}
		step, err := codec.Open(r)
		if err != nil {
			t.Fatal(err)
		}
		fsm.Apply(c, step)
		out = append(out, r)
	}
	const fiveDefers = 32 // up to here nothing else was decided
	for l, err := range ReadLog("../internal/replay/testdata/histories/ok/five_times_later.ndjson") {
		if err != nil {
			t.Fatal(err)
		}
		if len(out) < fiveDefers {
			take(l.Record)
		}
	}
	decide := func(actor string, in events.Input) {
		last := out[len(out)-1]
		s := events.Stamped{Input: in, Actor: actor, Wall: last.At.Add(time.Second), Boot: last.Boot, BootMS: last.BootMS + 1000}
		did, err := fsm.Decide(c, s)
		if err != nil {
			t.Fatalf("record %d: %v", last.Seq+1, err)
		}
		r := events.Record{V: events.Format, Seq: last.Seq + 1, Products: []string{}, At: s.Wall, Boot: s.Boot, BootMS: s.BootMS,
			Actor: actor, Build: "test", Rules: c.Rules, Prev: last.Sum, Events: []events.Message{}}
		if r.Input, err = events.EncodeInput(in); err != nil {
			t.Fatal(err)
		}
		for _, e := range did {
			m, err := events.EncodeEvent(e)
			if err != nil {
				t.Fatal(err)
			}
			r.Events = append(r.Events, m)
			if id := e.About(); id != "" && !slices.Contains(r.Products, id) {
				r.Products = append(r.Products, id)
			}
		}
		if _, err := r.Encode(); err != nil {
			t.Fatal(err)
		}
		take(r)
	}
	for _, n := range parts {
		decide("daemon", events.CheckpointWanted{})
		for i := range n {
			if i%2 == 0 {
				decide("uid:0", events.HoldRequested{Product: "editor", Reason: fmt.Sprint("exam ", i)})
			} else {
				decide("uid:0", events.ReleaseRequested{Product: "editor"})
			}
		}
	}
	return out
}

// defers folds a log, decides all of it again, and returns how often the product
// was deferred.
func defers(records iter.Seq2[events.Record, error]) (int, error) {
	lines := func(yield func(replay.Line, error) bool) {
		n := 0
		for r, err := range records {
			n++
			l := replay.Line{Number: n, Record: r}
			if err == nil {
				l.Raw, err = r.Encode()
			}
			if !yield(l, err) {
				return
			}
		}
	}
	c, err := replay.Fold(lines, nil)
	if err != nil {
		return 0, err
	}
	res, err := replay.Verify(lines)
	if err != nil {
		return 0, err
	}
	if res.Verdict != replay.VerdictOK {
		return 0, fmt.Errorf("decided otherwise: %w", res.Divergence)
	}
	p := c.Products["editor"]
	if p == nil {
		return 0, nil
	}
	n := 0
	for _, c := range p.Counters {
		n += c.Defers
	}
	return n, nil
}

// keepHistory makes a store of a history in a directory and stops in order, or does not.
func keepHistory(t testing.TB, dir string, records []events.Record, clean bool) {
	t.Helper()
	s, _ := mustOpen(t, Options{Dir: dir})
	for _, r := range records {
		if err := s.Append(&r); err != nil {
			t.Fatal(err)
		}
	}
	if clean {
		mustClose(t, s)
	} else {
		drop(t, s)
	}
}

func TestHistory(t *testing.T) {
	dir, records := newDir(t), history(t, 4, 6)
	keepHistory(t, dir, records, false)
	s, _ := mustOpen(t, Options{Dir: dir})
	for name, from := range map[string]iter.Seq2[events.Record, error]{"all": s.Records(1), "since the checkpoint": s.SinceCheckpoint()} {
		if n, err := defers(from); err != nil || n != 5 {
			t.Errorf("%s: %d defers, %v", name, n, err)
		}
	}
	if len(records) != 32+5+7 {
		t.Errorf("%d records", len(records))
	}
}
