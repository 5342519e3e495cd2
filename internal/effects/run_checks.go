// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// runChecks looks once, after a pause if a look has failed before.
func (w *Workers) runChecks(ctx context.Context, t events.Ticket, work fsm.RunChecks, emit Emit) error {
	if err := w.Timer.Sleep(ctx, work.After.Duration()); err != nil {
		return err
	}
	seen := w.Looker.Look(ctx, work.Package)
	if ctx.Err() != nil {
		return ctx.Err() // a look that was broken off shows nothing
	}
	return emit(events.ChecksObserved{For: t, Seen: seen})
}
