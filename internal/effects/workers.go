// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"fmt"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// Emit brings an input in. When it returns nil the input is durable.
type Emit func(events.Input) error

// Looker sees the machine.
type Looker interface {
	// Look tells which programs the package's installer would disturb, and who is there.
	Look(ctx context.Context, p events.Package) events.Observation
	// LookAtPeople tells who is there.
	LookAtPeople(ctx context.Context) events.Observation
	// Alive reports whether the very process runs; false for none.
	Alive(id events.ProcessID) bool
}

// Timer waits.
type Timer interface {
	// Sleep waits for d or until ctx ends, whose error it returns.
	Sleep(ctx context.Context, d time.Duration) error
	// Until is how long from now to a moment of the client's clock; at least 0.
	Until(m events.Moment) events.Span
}

// Workers are what the kinds of work are done with.
type Workers struct {
	Timer     Timer
	Looker    Looker
	Packages  Packages
	Asker     Asker
	Closer    Closer
	Installer Installer
	Detector  Detector
	Reporter  Reporter
}

// Do carries out one piece of work.
func (w *Workers) Do(ctx context.Context, e fsm.Effect, emit func(events.Input) error) error {
	t := e.Ticket
	switch work := e.Work.(type) {
	case fsm.Prepare:
		return w.prepare(ctx, t, work, emit)
	case fsm.RunChecks:
		return w.runChecks(ctx, t, work, emit)
	case fsm.Watch:
		return w.watch(ctx, t, work, emit)
	case fsm.AskUsers:
		return w.askUsers(ctx, t, work, emit)
	case fsm.WakeAt:
		return w.wakeAt(ctx, t, work, emit)
	case fsm.ClosePrograms:
		return w.closePrograms(ctx, t, work, emit)
	case fsm.RunInstaller:
		return w.runInstaller(ctx, t, work, emit)
	case fsm.WaitInstaller:
		return w.waitInstaller(ctx, t, work, emit)
	case fsm.ProbeInstall:
		return w.probeInstall(ctx, t, work, emit)
	case fsm.VerifyInstall:
		return w.verifyInstall(ctx, t, work, emit)
	case fsm.SendReport:
		return w.sendReport(ctx, t, work, emit)
	}
	return fmt.Errorf("no worker for %T", e.Work)
}
