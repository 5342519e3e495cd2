// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"fmt"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/engine"
)

// once returns when nothing is left but to wait for time, people or programs,
// with ErrDeferred if something is put off.
func (d *daemon) once(ctx context.Context, polled <-chan error) error {
	select {
	case err := <-polled:
		if err != nil {
			return fmt.Errorf("the source gave no answer: %w", err)
		}
	case <-ctx.Done():
		return nil
	}
	var seq uint64
	for {
		var busy, put bool
		d.engine.View(func(c *fsm.Client) {
			seq, busy, put = c.Seq, working(c), false
			for _, p := range c.Products {
				put = put || p.Waiting()
			}
		})
		switch {
		case !busy && put:
			return ErrDeferred
		case !busy:
			return nil
		}
		if _, err := d.engine.Follow(ctx, seq); err != nil {
			return nil // it ends anyway
		}
	}
}

// onceWritable returns an error when the log cannot be written: nobody knows how
// long that would have to be waited for.
func (d *daemon) onceWritable(ctx context.Context) error {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		if err := d.engine.Broken(); err != nil {
			return fmt.Errorf("%w: %w", engine.ErrLog, err)
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// working reports whether anything is due that is not a wait. A report that
// fails is one: it waits for the source. An open window is not: it ends soon.
func working(c *fsm.Client) bool {
	for _, e := range fsm.Due(c) {
		p := c.Product(e.Ticket.Product)
		if p == nil {
			continue // the client as a whole only waits
		}
		switch e.Ticket.Kind {
		case events.KindSendReport:
			if p.ReportClass == "" {
				return true
			}
		case events.KindWakeAt, events.KindWatch:
			if !p.Waiting() {
				return true
			}
		default:
			return true
		}
	}
	return false
}
