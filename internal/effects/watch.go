// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"slices"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// watch looks again and again until what it sees differs from what is known.
// The first look is made at once: things may have changed since the record that
// made the watch due.
func (w *Workers) watch(ctx context.Context, t events.Ticket, work fsm.Watch, emit Emit) error {
	for {
		var seen events.Observation
		if work.Programs {
			seen = w.Looker.Look(ctx, work.Package)
		} else {
			seen = w.Looker.LookAtPeople(ctx)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if differs(work, seen) {
			return emit(events.ChecksObserved{For: t, Seen: seen})
		}
		if err := w.Timer.Sleep(ctx, max(work.Every, minWatch).Duration()); err != nil {
			return err
		}
	}
}

// minWatch bounds how often is looked, whatever is asked for.
const minWatch = events.Second / 2

// differs compares what is seen with what is known. A list of programs that is
// not complete is no news.
func differs(work fsm.Watch, seen events.Observation) bool {
	if work.Programs && seen.Scanned && seen.Complete {
		var ids []events.ProcessID
		for _, p := range seen.Blocking() {
			ids = append(ids, p.ProcessID)
		}
		if !slices.Equal(ids, work.Known) {
			return true
		}
	}
	if !work.Sessions {
		return false
	}
	if seen.SessionsKnown != work.Informed || seen.Leaving != work.Leaving {
		return true
	}
	return seen.SessionsKnown && !slices.Equal(seen.Marks(), work.Present)
}
