// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	"github.com/rs/zerolog"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// Errors of the engine itself. Submit also returns those of fsm.Decide.
var (
	// ErrStopped: the engine has stopped or is stopping.
	ErrStopped = errors.New("the engine has stopped")
	// ErrNewer: the log was decided by rules, or holds a state, that this build does not know.
	ErrNewer = errors.New("the log was written by a newer version")
	// ErrLog: the log could not be written, and whether the input is in it is not known yet.
	ErrLog = errors.New("the log cannot be written")
	// ErrTooLarge: the input would make a record that cannot be read back.
	ErrTooLarge = errors.New("the input is too large to be recorded")
)

// Daemon is the actor of what the daemon itself brings in.
const Daemon = "daemon"

// Options are what an engine is made of.
type Options struct {
	Log    Log
	Clock  Clock
	Table  *fsm.Table
	Build  string // version of the program, for the records
	Logger zerolog.Logger
	// Salt returns a fresh salt for a private part; nil = 128 random bits.
	Salt func() string
	// Seam is called before each call to the outside, with its name and from any
	// goroutine; nil in a daemon.
	Seam func(name string)
}

// Opening is what the daemon brings in before anything else.
type Opening struct {
	// StoreID names a log that is empty.
	StoreID string
	// Findings are what the store mended when it was opened.
	Findings []events.Input
	// Restarted tells what the host shows, for a log with records.
	Restarted func(ctx context.Context) events.Restarted
}

// Engine owns the client and the log.
type Engine struct {
	o     Options
	codec *events.Codec
	in    chan *submission
	pings chan struct{}
	work  *workshop
	gone  chan struct{} // closed when nothing is taken any more

	mu      sync.RWMutex // guards what readers see; the loop alone writes
	client  *fsm.Client
	changed chan struct{} // closed and replaced at each record
	broken  error         // why the log cannot be written, nil if it can
	failing map[lane]Failure

	// The loop's own.
	seq   uint64
	sum   string
	parts vault
}

// submission is an input on its way through the loop.
type submission struct {
	ctx    context.Context
	actor  string
	in     events.Input
	inside bool // from a worker: served until the last worker has returned
	done   chan verdict
}

type verdict struct {
	seq uint64
	err error
}

// New folds the log. The log is not used again before Run.
func New(o Options) (*Engine, error) {
	if o.Salt == nil {
		o.Salt = rand.Text
	}
	if o.Seam == nil {
		o.Seam = func(string) {}
	}
	e := &Engine{o: o, codec: events.NewCodec(), in: make(chan *submission), pings: make(chan struct{}), gone: make(chan struct{}), changed: make(chan struct{}),
		failing: map[lane]Failure{}}
	if err := e.fold(); err != nil {
		return nil, err
	}
	return e, nil
}

// Submit brings an input in and returns the number of its record. The actor is
// who the connection says it is. A refusal of fsm.Decide is returned as it is;
// then nothing was recorded. When ctx ends first, the input may still be recorded.
func (e *Engine) Submit(ctx context.Context, actor string, in events.Input) (uint64, error) {
	return e.submit(&submission{ctx: ctx, actor: actor, in: in, done: make(chan verdict, 1)})
}

func (e *Engine) submit(s *submission) (uint64, error) {
	select {
	case e.in <- s:
	case <-s.ctx.Done():
		return 0, e.late(s)
	case <-e.gone:
		return 0, ErrStopped
	}
	select {
	case v := <-s.done:
		return v.seq, v.err
	case <-s.ctx.Done():
		return 0, e.late(s)
	}
}

// late is the error of a submission that nobody waits for any longer.
func (e *Engine) late(s *submission) error {
	if err := e.Broken(); err != nil {
		return fmt.Errorf("%w: %w", ErrLog, err)
	}
	return fmt.Errorf("cannot record %s: %w", events.InputName(s.in), s.ctx.Err())
}

// View lets f read the client between two steps. f must neither change nor keep
// it, and must not call the engine.
func (e *Engine) View(f func(*fsm.Client)) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	f(e.client)
}

// Until is how long from now to a moment of the client's clock; at least 0.
func (e *Engine) Until(m events.Moment) events.Span {
	s := e.stamp(nil, Daemon)
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.client.Until(m, s)
}

// Follow waits until the log has a record after from and returns the number of
// the last one.
func (e *Engine) Follow(ctx context.Context, from uint64) (uint64, error) {
	for {
		e.mu.RLock()
		seq, changed := e.client.Seq, e.changed
		e.mu.RUnlock()
		if seq > from {
			return seq, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return seq, ctx.Err()
		case <-e.gone:
			return seq, ErrStopped
		}
	}
}

// Ping returns when the loop has been round, also while the log cannot be
// written. A watchdog asks it.
func (e *Engine) Ping(ctx context.Context) error {
	select {
	case e.pings <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-e.gone:
		return ErrStopped
	}
}

// Broken is why the log cannot be written at the moment, nil if it can.
func (e *Engine) Broken() error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.broken
}

func (e *Engine) setBroken(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.broken = err
}

// stamp takes the time once for an input.
func (e *Engine) stamp(in events.Input, actor string) events.Stamped {
	e.o.Seam("clock")
	wall, boot, ms := e.o.Clock.Now()
	return events.Stamped{Input: in, Actor: actor, Wall: wall.Round(0).UTC(), Boot: boot, BootMS: ms}
}
