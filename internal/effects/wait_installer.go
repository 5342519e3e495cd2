// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"errors"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// waitInstaller waits for the outcome of a started attempt.
func (w *Workers) waitInstaller(ctx context.Context, t events.Ticket, work fsm.WaitInstaller, emit Emit) error {
	end, lost, err := w.Installer.Wait(ctx, work, func(what string) error {
		err := emit(events.InstallerStalled{Token: work.Token, What: what})
		if errors.Is(err, fsm.ErrNothing) { // the daemon before this one saw it, too
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	if lost {
		return w.detect(ctx, t, fsm.ProbeInstall{Token: work.Token, Package: work.Package, Action: work.Action, Target: work.Target}, false, emit)
	}
	return w.ended(end, emit)
}
