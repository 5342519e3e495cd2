// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"errors"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// nap is the longest wait in one piece. Timers stand still while the machine
// sleeps and the client's clock does not, so the rest is computed anew.
const nap = time.Minute

// wakeAt waits for a moment of the client's clock and tells who is there then.
func (w *Workers) wakeAt(ctx context.Context, t events.Ticket, work fsm.WakeAt, emit Emit) error {
	for {
		for left := w.Timer.Until(work.At); left > 0; left = w.Timer.Until(work.At) {
			if err := w.Timer.Sleep(ctx, min(left.Duration(), nap)); err != nil {
				return err
			}
		}
		seen := w.Looker.LookAtPeople(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		err := emit(events.TimeCame{For: t, Seen: seen})
		if !errors.Is(err, fsm.ErrTooEarly) {
			return err
		}
		// The clock was set back between the look and the decision.
		if err := w.Timer.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}
