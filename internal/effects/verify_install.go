// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// verifyInstall applies the detect rule after an installer that said it succeeded.
func (w *Workers) verifyInstall(ctx context.Context, t events.Ticket, work fsm.VerifyInstall, emit Emit) error {
	found := w.Detector.Detect(ctx, work.Package, work.Action, work.Target)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return emit(events.InstallVerified{For: t, Found: found})
}
