// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// Log is the durable log as the engine needs it. It is used by the loop alone.
type Log interface {
	// Append makes the record durable and sets its sum. ErrUnfit: it was refused
	// before anything was written. After any other error nobody knows whether
	// the record is there, and Recover is called.
	Append(r *events.Record) error
	// Last returns sequence number and sum of the last record, 0 and "" of an empty log.
	Last() (seq uint64, sum string)
	// SinceCheckpoint yields the last checkpoint record and all after it, or
	// all records if there is none. After an error it ends.
	SinceCheckpoint() iter.Seq2[events.Record, error]
	// WantsCheckpoint reports whether a new segment should begin.
	WantsCheckpoint() bool
	// Recover reads what is there as after a start, and returns what it found
	// as inputs that the engine records.
	Recover() ([]events.Input, error)
}

// ErrUnfit is returned by a Log for a record that it can never hold.
var ErrUnfit = errors.New("the record does not fit into the log")

// Clock is the machine's time.
type Clock interface {
	// Now returns the wall clock, the id of this boot and the milliseconds since
	// this boot, counting suspend.
	Now() (wall time.Time, boot string, bootMS int64)
	// AfterFunc calls f in its own goroutine after d. The result stops it.
	AfterFunc(d time.Duration, f func()) (stop func() bool)
}

// Worker does outstanding work. Do runs until the work is done, failed or
// cancelled through its context, and must then return. emit records an input
// that the work brought back; its error is that of Submit. It may be called any
// number of times, also after a cancellation: what was done is a fact.
type Worker interface {
	Do(ctx context.Context, e fsm.Effect, emit func(events.Input) error) error
}
