// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"errors"
	"fmt"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/prompts"
)

// core hands in what people say.
type core struct{ submit submit }

// Deliver returns the core's verdict in the broker's words.
func (c core) Deliver(ctx context.Context, actor string, in events.Input) error {
	ctx, cancel := context.WithTimeout(ctx, orderWithin)
	defer cancel()
	_, err := c.submit(ctx, actor, in)
	for _, w := range []struct{ says, means error }{
		{fsm.ErrAlreadyRecorded, prompts.ErrAlreadyRecorded},
		{fsm.ErrTooLate, prompts.ErrTooLate},
		{fsm.ErrStale, prompts.ErrTooLate},
		{fsm.ErrRefused, prompts.ErrRefused},
		{fsm.ErrChanged, prompts.ErrChanged},
		{fsm.ErrNothing, prompts.ErrAlreadyRecorded},
	} {
		if errors.Is(err, w.says) {
			return fmt.Errorf("%w: %w", w.means, err)
		}
	}
	return err
}
