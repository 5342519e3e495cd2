// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"errors"
	"fmt"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// runInstaller looks a last time and starts the attempt. An attempt runs at most
// once, so a second start under the same token finds out about the first.
func (w *Workers) runInstaller(ctx context.Context, t events.Ticket, work fsm.RunInstaller, emit Emit) error {
	begun, err := w.Installer.Begun(ctx, work.Token)
	if err != nil {
		return err
	}
	if begun {
		return w.probe(ctx, t, before(work), emit)
	}
	if !work.Resumes {
		seen := w.Looker.Look(ctx, work.Package)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if len(seen.Blocking()) > 0 || !seen.Scanned || !seen.Complete {
			return emit(events.ChecksObserved{For: t, Seen: seen}) // nothing is installed upon a look that proves nothing
		}
	}
	started, err := w.Installer.Start(ctx, work)
	switch {
	case errors.Is(err, ErrBegun):
		return w.probe(ctx, t, before(work), emit)
	case errors.Is(err, ErrImpossible):
		return w.impossible(ctx, work, events.InstallerEnded{Token: work.Token, Exit: -1, Error: err.Error()}, emit)
	case errors.Is(err, ErrNotNow):
		return w.impossible(ctx, work, events.InstallerEnded{Token: work.Token, Exit: -1, Meaning: notNow, Detail: err.Error()}, emit)
	case errors.Is(err, ErrOccupied):
		return w.impossible(ctx, work, events.InstallerEnded{Token: work.Token, Exit: -1, Meaning: occupied, Detail: err.Error()}, emit)
	case err != nil:
		return fmt.Errorf("cannot start the installer of %s: %w", t.Product, err)
	case started.Installer.IsZero():
		return w.probe(ctx, t, before(work), emit) // it could not be run at all; the outcome says why
	}
	return emit(started)
}

// before asks about an attempt that was begun before.
func before(work fsm.RunInstaller) fsm.ProbeInstall {
	return fsm.ProbeInstall{Token: work.Token, Package: work.Package, Action: work.Action,
		Target: events.JoinVersion(work.Package.ProductVersion, work.Package.PackageVersion)}
}

// notNow is the meaning of an end without a beginning that may be another one soon.
const notNow = "not_now"

// occupied is the meaning of an end without a beginning because something else is
// being installed.
const occupied = "occupied"

// impossible ends an attempt that this try did not start. The probe makes sure that
// nothing ran and nothing will.
func (w *Workers) impossible(ctx context.Context, work fsm.RunInstaller, end events.InstallerEnded, emit Emit) error {
	fate, err := w.Installer.Probe(ctx, work.Token)
	if err != nil || !fate.NeverStarted {
		return errors.Join(fmt.Errorf("cannot start the installer of %s: %s%s", work.Package.Product, end.Error, end.Detail), err)
	}
	return emit(end)
}
