// SPDX-License-Identifier: Apache-2.0

// Package storetest checks that something is a log: that it keeps what was
// appended, in order, byte for byte, and refuses what does not follow. Every
// store passes the same suite, so the simulation's store in memory stands for
// the one on disk. It also makes the records tests need.
package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

// Log is what is tested.
type Log interface {
	Append(r *events.Record) error
	Last() (seq uint64, sum string)
	Records(from uint64) iter.Seq2[events.Record, error]
	SinceCheckpoint() iter.Seq2[events.Record, error]
	Stream(product string) iter.Seq2[events.Record, error]
}

// Opened is an empty log with what surrounds it.
type Opened struct {
	Log
	Reopen          func() Log  // closes and opens it again
	WantsCheckpoint func() bool // true after some kilobytes
}

// Record makes a record to follow another. Every seventh holds a private part,
// the products take turns. pad is a length of text to carry.
func Record(seq uint64, prev string, pad int) events.Record {
	r := events.Record{
		V: events.Format, Seq: seq, Products: []string{Product(seq)},
		At:   time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC).Add(time.Duration(seq) * time.Second),
		Boot: "b1", BootMS: int64(seq) * 1000, Actor: "daemon", Build: "test", Rules: 1, Prev: prev,
		Events: []events.Message{message("deferred", events.Deferred{Product: Product(seq), Reason: events.ReasonUser, Detail: strings.Repeat("x", pad), Counted: true, Count: 1})},
	}
	in := events.Input(events.DeferRequested{Product: Product(seq), Reason: "<later> & \"then\""})
	if seq == 1 {
		in = events.StoreOpened{StoreID: "0123456789abcdef"}
	} else if seq%7 == 0 {
		in = events.Restarted{Seen: events.Observation{SessionsKnown: true, Sessions: []events.Session{
			{ID: "c2", Owner: "uid:1000", User: events.Secret("user " + fmt.Sprint(seq)), Kind: "graphical"}}}}
	}
	n := 0
	in, r.Private = events.Seal(in, seq, func() string { n++; return fmt.Sprintf("salt%d.%d", seq, n) })
	m, err := events.EncodeInput(in)
	if err != nil {
		panic(err) // the vocabulary is closed; this input is in it
	}
	r.Input = m
	return r
}

// Checkpoint makes a record that begins a segment.
func Checkpoint(seq uint64, prev string) events.Record {
	r := Record(seq, prev, 0)
	r.Products, r.Private = []string{}, nil
	r.Input = message("checkpoint_wanted", events.CheckpointWanted{})
	r.Events = []events.Message{message("checkpoint", events.Checkpointed{Shape: 1, State: json.RawMessage(`{"n":1}`)})}
	return r
}

// Product is the product that record seq touches.
func Product(seq uint64) string { return []string{"firefox", "java", "fire"}[seq%3] }

func message(name string, x any) events.Message {
	b, err := json.Marshal(x)
	if err != nil {
		panic(err) // only called with plain structs
	}
	return events.Message{Type: name, V: 1, Data: b}
}

// Fill appends n records and returns their lines.
func Fill(t testing.TB, l Log, n int) []string {
	t.Helper()
	var out []string
	for range n {
		seq, sum := l.Last()
		out = append(out, Put(t, l, Record(seq+1, sum, 40)))
	}
	return out
}

// Put appends a record and returns its line.
func Put(t testing.TB, l Log, r events.Record) string {
	t.Helper()
	if err := l.Append(&r); err != nil {
		t.Fatalf("append record %d: %v", r.Seq, err)
	}
	return Line(t, r)
}

// Line is the record's line.
func Line(t testing.TB, r events.Record) string {
	t.Helper()
	b, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Lines reads a sequence to its end.
func Lines(t testing.TB, seq iter.Seq2[events.Record, error]) []string {
	t.Helper()
	var out []string
	for r, err := range seq {
		if err != nil {
			t.Fatalf("after %d records: %v", len(out), err)
		}
		out = append(out, Line(t, r))
	}
	return out
}

// Equal fails unless both hold the same lines.
func Equal(t testing.TB, what string, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d records, want %d", what, len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%s: record %d is\n%s\nwant\n%s", what, i+1, got[i], want[i])
		}
	}
}

// Run checks a kind of log; open returns a new empty one at each call.
func Run(t *testing.T, open func(t *testing.T) Opened) {
	t.Run("empty", func(t *testing.T) {
		l := open(t)
		if seq, sum := l.Last(); seq != 0 || sum != "" {
			t.Fatalf("an empty log ends with %d %q", seq, sum)
		}
		for _, s := range []iter.Seq2[events.Record, error]{l.Records(0), l.Records(5), l.SinceCheckpoint(), l.Stream("firefox")} {
			Equal(t, "empty log", Lines(t, s), nil)
		}
	})
	t.Run("read", func(t *testing.T) { testRead(t, open(t)) })
	t.Run("chain", func(t *testing.T) { testChain(t, open(t)) })
	t.Run("checkpoints", func(t *testing.T) { testCheckpoints(t, open(t)) })
	t.Run("append while reading", func(t *testing.T) {
		l := open(t)
		want := Fill(t, l, 10)
		var got []string
		for r, err := range l.Records(1) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, Line(t, r))
			Fill(t, l, 1)
		}
		Equal(t, "what was there at the start", got, want)
	})
}

func testRead(t *testing.T, l Opened) {
	want := Fill(t, l, 300) // more than one batch
	check := func(l Log) {
		t.Helper()
		Equal(t, "all", Lines(t, l.Records(1)), want)
		Equal(t, "from 0", Lines(t, l.Records(0)), want)
		Equal(t, "from 30", Lines(t, l.Records(30)), want[29:])
		Equal(t, "last", Lines(t, l.Records(300)), want[299:])
		Equal(t, "behind the last", Lines(t, l.Records(301)), nil)
		Equal(t, "without checkpoint", Lines(t, l.SinceCheckpoint()), want)
		for _, p := range []string{"firefox", "java", "fire"} { // one is the beginning of another
			var of []string
			for i := range want {
				if Product(uint64(i+1)) == p {
					of = append(of, want[i])
				}
			}
			Equal(t, "stream of "+p, Lines(t, l.Stream(p)), of)
		}
		Equal(t, "stream of a stranger", Lines(t, l.Stream("other")), nil)
	}
	check(l)
	l.Log = l.Reopen()
	check(l)
	want = append(want, Fill(t, l, 3)...)
	check2 := Lines(t, l.Records(1))
	Equal(t, "after reopening", check2, want)
}

func testChain(t *testing.T, l Opened) {
	want := Fill(t, l, 3)
	seq, sum := l.Last()
	for name, r := range map[string]events.Record{
		"gap":           Record(seq+2, sum, 0),
		"again":         Record(seq, sum, 0),
		"other before":  Record(seq+1, strings.Repeat("0", 64), 0),
		"nothing there": Record(seq+1, "", 0),
	} {
		if err := l.Append(&r); !errors.Is(err, events.ErrChain) {
			t.Errorf("%s: %v, want ErrChain", name, err)
		}
	}
	for _, p := range []string{"", "a\x00b", strings.Repeat("a", 2000)} {
		r := Record(seq+1, sum, 0)
		r.Products = []string{p}
		if err := l.Append(&r); err == nil {
			t.Errorf("product %.10q was accepted", p)
		}
	}
	bad := Record(seq+1, sum, 0)
	bad.Input.Data = json.RawMessage(`{`)
	if err := l.Append(&bad); err == nil {
		t.Error("a record that is not JSON was accepted")
	}
	bad = Record(seq+1, sum, 0)
	bad.V = 2
	if err := l.Append(&bad); err == nil {
		t.Error("a record of an unknown format was accepted")
	}
	want = append(want, Fill(t, l, 2)...) // none of these did any harm
	Equal(t, "after refusals", Lines(t, l.Records(1)), want)
}

func testCheckpoints(t *testing.T, l Opened) {
	var want []string
	var starts []int
	for len(starts) < 5 {
		for range 100000 {
			if l.WantsCheckpoint() {
				break
			}
			want = append(want, Fill(t, l, 1)...)
		}
		seq, sum := l.Last()
		starts = append(starts, len(want))
		want = append(want, Put(t, l, Checkpoint(seq+1, sum)))
		if l.WantsCheckpoint() {
			t.Fatal("a checkpoint is wanted just after one")
		}
		Equal(t, "since the checkpoint", Lines(t, l.SinceCheckpoint()), want[starts[len(starts)-1]:])
	}
	want = append(want, Fill(t, l, 2)...)
	start := starts[len(starts)-1]
	Equal(t, "since the checkpoint", Lines(t, l.SinceCheckpoint()), want[start:])
	Equal(t, "all, with the archive", Lines(t, l.Records(1)), want)
	Equal(t, "from the middle", Lines(t, l.Records(uint64(starts[1]))), want[starts[1]-1:])
	l.Log = l.Reopen()
	Equal(t, "reopened: since the checkpoint", Lines(t, l.SinceCheckpoint()), want[start:])
	Equal(t, "reopened: all", Lines(t, l.Records(1)), want)
}
