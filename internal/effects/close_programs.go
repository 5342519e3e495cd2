// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// Closer closes programs.
type Closer interface {
	// Close asks exactly the targets to end, each re-verified at each signal by
	// pid, start and path, and waits for at most grace. With force it then
	// terminates what is left. A target that will not end is no error.
	Close(ctx context.Context, targets []events.Process, grace time.Duration, force bool) error
}

// Why nothing was closed.
const (
	locked     = "locked"
	justOpened = "just_opened"
	unknown    = "unknown" // who is there, and so whether anybody's screen is locked
)

// closePrograms closes what was agreed or announced, then looks what is left.
func (w *Workers) closePrograms(ctx context.Context, t events.Ticket, work fsm.ClosePrograms, emit Emit) error {
	people := w.Looker.LookAtPeople(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	why := disturbs(work, people)
	if why == "" {
		if err := w.Closer.Close(ctx, work.Targets, work.Grace.Duration(), work.Force); err != nil {
			return fmt.Errorf("cannot close the programs of %s: %w", t.Product, err)
		}
	}
	seen := w.Looker.Look(ctx, work.Package)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return emit(events.CloseObserved{For: t, NotTried: why, Seen: seen})
}

// disturbs says why nothing may be closed now: the user of a target cannot see
// what happens, or has only just come back.
func disturbs(work fsm.ClosePrograms, people events.Observation) string {
	if !people.SessionsKnown {
		return unknown
	}
	calm := int64(work.Calm)
	why := ""
	if calm > 0 && people.ResumedMS >= 0 && people.ResumedMS < calm && len(people.Sessions) > 0 {
		why = justOpened
	}
	for _, s := range people.Sessions {
		if !slices.ContainsFunc(work.Targets, func(p events.Process) bool { return p.BelongsTo(s.ID, s.Owner) }) {
			continue
		}
		if s.Locked {
			return locked
		}
		if calm > 0 && s.UnlockedMS >= 0 && s.UnlockedMS < calm {
			why = justOpened
		}
	}
	return why
}
