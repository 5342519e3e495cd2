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
	stalls := work.Stalled
	end, lost, err := w.Installer.Wait(ctx, work, func(what string) error {
		if stalls == (what != "") {
			return nil
		}
		var in events.Input = events.InstallerStalled{Token: work.Token, What: what}
		if what == "" {
			in = events.InstallerWentOn{Token: work.Token}
		}
		if err := emit(in); err != nil && !errors.Is(err, fsm.ErrNothing) {
			return err
		}
		stalls = what != ""
		return nil
	})
	if err != nil {
		return err
	}
	if lost {
		return w.detect(ctx, t, fsm.ProbeInstall{Token: work.Token, Package: work.Package, Action: work.Action, Target: work.Target}, false, emit)
	}
	return w.ended(end, emit)
}
