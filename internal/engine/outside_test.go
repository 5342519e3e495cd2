// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

var errDisk = errors.New("the disk says no")

// memory is a log in memory: what is in it survives a crash of the engine.
type memory struct {
	mu      sync.Mutex
	lines   [][]byte
	seq     uint64
	sum     string
	dead    bool // the process that used it is gone
	wants   bool
	failing bool
	refuse  func(events.Record) error // asked before the write
	lie     func(events.Record) error // asked after the write
	mended  []events.Input
}

func (m *memory) Append(r *events.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead || m.failing {
		return errDisk
	}
	if m.refuse != nil {
		if err := m.refuse(*r); err != nil {
			m.failing = !errors.Is(err, ErrUnfit)
			return err
		}
	}
	line, err := r.Encode()
	if err != nil {
		return err
	}
	if _, err := events.DecodeRecord(line); err != nil {
		return err
	}
	if err := r.Follows(m.seq, m.sum); err != nil {
		return err
	}
	m.lines = append(m.lines, line)
	if r.Input.Type == "checkpoint_wanted" {
		m.wants = false
	}
	if m.lie != nil {
		if err := m.lie(*r); err != nil {
			m.failing = true
			return err
		}
	}
	m.seq, m.sum = r.Seq, r.Sum
	return nil
}

func (m *memory) Last() (uint64, string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seq, m.sum
}

func (m *memory) WantsCheckpoint() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.wants
}

func (m *memory) Recover() ([]events.Input, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return nil, errDisk
	}
	m.failing = false
	if n := len(m.lines); n > 0 {
		r, err := events.DecodeRecord(m.lines[n-1])
		if err != nil {
			return nil, err
		}
		m.seq, m.sum = r.Seq, r.Sum
	}
	return m.mended, nil
}

func (m *memory) records(t testing.TB) []events.Record {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []events.Record
	for _, l := range m.lines {
		r, err := events.DecodeRecord(l)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

func (m *memory) SinceCheckpoint() iter.Seq2[events.Record, error] {
	m.mu.Lock()
	lines := m.lines
	m.mu.Unlock()
	return func(yield func(events.Record, error) bool) {
		var from int
		for i, l := range lines {
			if r, err := events.DecodeRecord(l); err == nil && r.Input.Type == "checkpoint_wanted" {
				from = i
			}
		}
		for _, l := range lines[from:] {
			if r, err := events.DecodeRecord(l); !yield(r, err) || err != nil {
				return
			}
		}
	}
}

func (m *memory) set(refuse func(events.Record) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refuse = refuse
}

func (m *memory) want() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wants = true
}

// kill takes the log away from the engine that uses it.
func (m *memory) kill() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dead = true
}

// reborn is the same log in the hands of the next process.
func (m *memory) reborn() *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := &memory{lines: m.lines}
	if _, err := n.Recover(); err != nil {
		panic(err)
	}
	return n
}

// clock is Go's own, which synctest drives.
type clock struct {
	boot  string
	start time.Time
}

func newClock() *clock { return &clock{boot: "boot-1", start: time.Now()} }

func (c *clock) Now() (time.Time, string, int64) {
	now := time.Now()
	return now, c.boot, now.Sub(c.start).Milliseconds()
}

func (*clock) AfterFunc(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }

// doer is a worker made of a function.
type doer func(ctx context.Context, e fsm.Effect, emit func(events.Input) error) error

func (f doer) Do(ctx context.Context, e fsm.Effect, emit func(events.Input) error) error {
	return f(ctx, e, emit)
}

// running is an engine at work.
type running struct {
	*Engine
	t    testing.TB
	log  *memory
	stop context.CancelFunc
	done chan error
}

func launch(t testing.TB, log *memory, c Clock, w Worker, change ...func(*Options)) *running {
	t.Helper()
	table, err := fsm.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Log: log, Clock: c, Table: table, Build: "test", Logger: zerolog.Nop()}
	for _, f := range change {
		f(&o)
	}
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{Engine: e, t: t, log: log, stop: cancel, done: make(chan error, 1)}
	go func() {
		r.done <- e.Run(ctx, w, Opening{StoreID: "s1", Restarted: func(context.Context) events.Restarted {
			return events.Restarted{Seen: events.Observation{SessionsKnown: true}}
		}})
	}()
	return r
}

func (r *running) end() {
	r.t.Helper()
	r.stop()
	if err := <-r.done; err != nil {
		r.t.Error(err)
	}
}

func (r *running) submit(in events.Input) {
	r.t.Helper()
	if _, err := r.Submit(context.Background(), "uid:0", in); err != nil {
		r.t.Fatalf("%s: %v", events.InputName(in), err)
	}
}

func (r *running) phase(id string) (p events.Phase) {
	r.View(func(c *fsm.Client) {
		if q := c.Product(id); q != nil {
			p = q.Phase
		}
	})
	return p
}

func request(id string, a events.Action) events.RequestsObserved {
	row := events.Report{ProductID: id, ProductType: "LocalbootProduct", InstallationStatus: events.StatusNotInstalled,
		ActionRequest: a, ActionResult: events.ResultNone, LastAction: events.ActionNone}
	return events.RequestsObserved{Trigger: "operator", Requests: []events.Request{{Row: row, ProductVersion: "2", PackageVersion: "1"}}}
}

func pack(id string) events.Package {
	return events.Package{Product: id, Name: id, ProductVersion: "2", PackageVersion: "1", Metadata: true, Background: true,
		Folder: "/depot/" + id, Command: []string{"setup"}, Uninstall: []string{"remove"}, ExitCodes: events.ExitCodes{OK: []int{0}}}
}

// verify folds the log and decides each record again.
func verify(t testing.TB, m *memory) *fsm.Client {
	t.Helper()
	table, err := fsm.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	c, codec := fsm.New(table), events.NewCodec()
	for i, r := range m.records(t) {
		s, err := codec.Open(r)
		if err != nil {
			t.Fatal(err)
		}
		did, err := fsm.Decide(c, s.Stamp())
		if err != nil {
			t.Fatalf("record %d %s: %v", i+1, r.Input.Type, err)
		}
		for j, ev := range did {
			msg, err := events.EncodeEvent(ev)
			if err != nil {
				t.Fatal(err)
			}
			if len(did) != len(r.Events) || fmt.Sprint(msg) != fmt.Sprint(r.Events[j]) {
				t.Fatalf("record %d %s decides %v now, was %v", i+1, r.Input.Type, msg, r.Events)
			}
		}
		fsm.Apply(c, s)
	}
	return c
}
