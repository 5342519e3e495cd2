// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"fmt"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// probeInstall finds out what became of an attempt. It never runs it.
func (w *Workers) probeInstall(ctx context.Context, t events.Ticket, work fsm.ProbeInstall, emit Emit) error {
	return w.probe(ctx, t, work, emit)
}

// probe is shared with a start that finds its attempt begun.
func (w *Workers) probe(ctx context.Context, t events.Ticket, work fsm.ProbeInstall, emit Emit) error {
	fate, err := w.Installer.Probe(ctx, work.Token)
	if err != nil {
		return err
	}
	switch {
	case fate.Running != nil:
		return emit(*fate.Running)
	case fate.Ended != nil:
		return w.ended(*fate.Ended, emit)
	case fate.NeverStarted && !work.Detect:
		return w.probed(events.InstallProbed{For: t, Token: work.Token, NeverStarted: true}, emit)
	}
	if fate.NeverStarted && w.Looker.Alive(work.Installer) {
		return fmt.Errorf("cannot tell what became of the attempt %s: its file is gone, and its installer still runs", work.Token)
	}
	return w.detect(ctx, t, work, fate.NeverStarted, emit)
}

// detect looks at the machine, because the attempt tells nothing any more.
func (w *Workers) detect(ctx context.Context, t events.Ticket, work fsm.ProbeInstall, never bool, emit Emit) error {
	found := w.Detector.Detect(ctx, work.Package, work.Action, work.Target)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return w.probed(events.InstallProbed{For: t, Token: work.Token, NeverStarted: never, Found: found}, emit)
}

// probed brings the answer in, then forgets the attempt.
func (w *Workers) probed(in events.InstallProbed, emit Emit) error {
	if err := emit(in); err != nil {
		return err
	}
	return w.Installer.Remove(in.Token)
}
