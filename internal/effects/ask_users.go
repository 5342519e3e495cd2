// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// Asker has one session's window on its screen.
type Asker interface {
	// Ask keeps the window open until ctx ends, and calls shown and failed as
	// its agent reports. Calling it again with the same window and session
	// changes what is shown and asks nothing anew. Answers come in by another
	// way, because an agent keeps them and sends them again by itself.
	Ask(ctx context.Context, work fsm.AskUsers, shown func() error, failed func(reason string) error) error
}

// askUsers keeps a session's window open until it is no longer due.
func (w *Workers) askUsers(ctx context.Context, t events.Ticket, work fsm.AskUsers, emit Emit) error {
	return w.Asker.Ask(ctx, work,
		func() error { return emit(events.WindowShown{For: t}) },
		func(reason string) error { return emit(events.WindowFailed{For: t, Reason: reason}) })
}
