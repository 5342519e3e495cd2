// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"errors"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// Installer runs attempts under a supervisor that outlives the daemon.
type Installer interface {
	// Begun reports whether the attempt has left any trace of a start.
	Begun(ctx context.Context, token string) (bool, error)
	// Start runs the attempt and returns when its installer was released.
	// ErrBegun, ErrImpossible, ErrNotNow, ErrOccupied; after any other error it may be tried again.
	Start(ctx context.Context, work fsm.RunInstaller) (events.InstallerStarted, error)
	// Wait returns the outcome of a started attempt; lost = it is gone without one.
	// Meanwhile it calls stalled with what the installer seems to wait for, "" = it
	// works, as soon as it knows and whenever that changes, and returns its error.
	Wait(ctx context.Context, work fsm.WaitInstaller, stalled func(what string) error) (ended events.InstallerEnded, lost bool, err error)
	// Probe finds out what became of an attempt. It never runs it.
	Probe(ctx context.Context, token string) (Fate, error)
	// Remove forgets an attempt whose end is durable in the log.
	Remove(token string) error
}

// Errors of Installer.Start.
var (
	// ErrBegun: the attempt has a history; a probe tells which.
	ErrBegun = errors.New("the attempt was begun before")
	// ErrImpossible: nothing ran, and no other try would change that.
	ErrImpossible = errors.New("the attempt cannot be started")
	// ErrNotNow: nothing ran, and what keeps it from that may be over soon. Others need
	// not wait for it.
	ErrNotNow = errors.New("the attempt cannot be started now")
	// ErrOccupied: nothing ran, because something else is being installed.
	ErrOccupied = errors.New("something else is being installed")
)

// Fate is what became of an attempt: exactly one of the four.
type Fate struct {
	NeverStarted bool                     // certain, and for ever
	Running      *events.InstallerStarted // it lives
	Ended        *events.InstallerEnded   // it left an outcome
	Lost         bool                     // it may have run
	// Restarted: the machine was restarted since; only with Lost.
	Restarted bool
}

// Detector applies a package's detect rule.
type Detector interface {
	// Detect tells whether what the action wanted is on the machine.
	Detect(ctx context.Context, p events.Package, a events.Action, target string) events.Detection
}

// ended brings an outcome in. Its file is removed when the record is durable, or
// when the log has the outcome already.
func (w *Workers) ended(in events.InstallerEnded, emit Emit) error {
	err := emit(in)
	if err != nil && !errors.Is(err, fsm.ErrNothing) {
		return err
	}
	if rmErr := w.Installer.Remove(in.Token); rmErr != nil && err == nil {
		return rmErr
	}
	return err
}
