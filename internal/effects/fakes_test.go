// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

var errNo = errors.New("no")

// bench is every room at once, in the hands of a test.
type bench struct {
	living events.ProcessID // the one process that runs
	mu     sync.Mutex
	start  time.Time
	asleep time.Duration // the machine's clock is ahead of Go's timers by this

	looks   []events.Observation // one a look, the last again and again
	looked  int
	prepare func(try int) (*events.Problem, error)
	tries   int
	closed  [][]events.Process
	begun   bool
	startAs error
	started int
	ids     events.InstallerStarted
	end     events.InstallerEnded
	lost    bool
	stalls  []string // what it is seen to wait for, one after the other
	fate    Fate
	removed []string
	report  error
	found   events.Detection

	got     []events.Input
	verdict func(events.Input) error
}

func newBench(looks ...events.Observation) *bench {
	return &bench{start: time.Now(), looks: looks, ids: events.InstallerStarted{Token: "t", Installer: events.ProcessID{PID: 2, Start: 2}}}
}

func (b *bench) workers() *Workers {
	return &Workers{Timer: b, Looker: b, Packages: b, Closer: b, Installer: b, Detector: b, Reporter: b}
}

func (b *bench) do(ctx context.Context, w fsm.Work) error {
	return b.workers().Do(ctx, fsm.Effect{Ticket: ticket(), Work: w}, b.emit)
}

func ticket() events.Ticket { return events.Ticket{Kind: "k", Product: "a", Run: 1, N: 7} }

func (b *bench) emit(in events.Input) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, in)
	if b.verdict != nil {
		return b.verdict(in)
	}
	return nil
}

func (b *bench) Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (b *bench) now() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return (time.Since(b.start) + b.asleep).Milliseconds()
}

func (b *bench) Until(m events.Moment) events.Span { return events.Span(max(m.Clock-b.now(), 0)) }

func (b *bench) Look(context.Context, events.Package) events.Observation {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looked++
	return b.looks[min(b.looked, len(b.looks))-1]
}

func (b *bench) Alive(id events.ProcessID) bool { return b.living == id && !id.IsZero() }

func (b *bench) LookAtPeople(context.Context) events.Observation {
	o := b.looks[0]
	o.Scanned, o.Complete, o.Programs = false, false, nil
	return o
}

func (b *bench) Prepare(context.Context, events.Request) (events.Policy, events.Package, *events.Problem, error) {
	b.tries++
	p, err := b.prepare(b.tries)
	return events.Policy{}, events.Package{}, p, err
}

func (b *bench) Close(_ context.Context, targets []events.Process, _ time.Duration, _ bool) error {
	b.closed = append(b.closed, targets)
	return nil
}

func (b *bench) Begun(context.Context, string) (bool, error) { return b.begun, nil }

func (b *bench) Start(context.Context, fsm.RunInstaller) (events.InstallerStarted, error) {
	b.started++
	return b.ids, b.startAs
}

func (b *bench) Wait(_ context.Context, _ fsm.WaitInstaller, stalled func(string) error) (events.InstallerEnded, bool, error) {
	for _, what := range b.stalls {
		if err := stalled(what); err != nil {
			return events.InstallerEnded{}, false, err
		}
	}
	return b.end, b.lost, nil
}

func (b *bench) Probe(context.Context, string) (Fate, error) { return b.fate, nil }

func (b *bench) Remove(token string) error {
	b.removed = append(b.removed, token)
	return nil
}

func (b *bench) Detect(context.Context, events.Package, events.Action, string) events.Detection {
	return b.found
}

func (b *bench) Report(_ context.Context, _ events.Report, _ events.Request, done func() error) error {
	if b.report != nil {
		return b.report
	}
	return done()
}

// last is the one input that must have come.
func last[T events.Input](t *testing.T, b *bench) T {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.got) != 1 {
		t.Fatalf("%d inputs, want one: %+v", len(b.got), b.got)
	}
	in, ok := b.got[0].(T)
	if !ok {
		t.Fatalf("got %+v", b.got[0])
	}
	return in
}

func process(pid int, owner string) events.Process {
	return events.Process{ProcessID: events.ProcessID{PID: pid, Start: 1}, Name: "p", Owner: owner, Class: events.ClassNamed}
}

func session(owner string, change ...func(*events.Session)) events.Session {
	s := events.Session{ID: "s-" + owner, Owner: owner, Kind: "graphical", IdleMS: -1, UnlockedMS: -1}
	for _, f := range change {
		f(&s)
	}
	return s
}

func seen(sessions []events.Session, programs ...events.Process) events.Observation {
	return events.Observation{Scanned: true, Complete: true, SessionsKnown: true, ResumedMS: -1, Sessions: slices.Clone(sessions), Programs: programs}
}
