// SPDX-License-Identifier: Apache-2.0

//go:build !linux && !windows

package host

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
)

func unsupported(what string) error {
	return fmt.Errorf("%s on %s: %w", what, runtime.GOOS, errors.ErrUnsupported)
}

// People returns who is connected by an agent; other sources are not read on
// this system, so without an agent nothing is known.
func (m *Machine) People(context.Context) (checks.People, error) {
	out := checks.People{ResumedMS: unknown}
	if m.options.Agents == nil {
		return out, unsupported("cannot list sessions")
	}
	none := func(string) events.Text { return events.Plain("") }
	notKnown := func(string) time.Duration { return unknown }
	out.Sessions = joinAgents(nil, m.options.Agents(), none, notKnown)
	if out.Known = len(out.Sessions) > 0; !out.Known {
		return out, unsupported("cannot list sessions")
	}
	return out, nil
}

// SessionOf is not known on this system.
func (m *Machine) SessionOf(int) (id, owner, tty string, err error) {
	return "", "", "", unsupported("cannot find a process's session")
}

// Close closes nothing on this system.
func (m *Machine) Close(context.Context, []events.Process, time.Duration, bool) error {
	return unsupported("cannot close processes")
}

// NewClock is not known on this system: it has no boot id that was tried out.
func NewClock() (*Clock, error) { return nil, unsupported("cannot read the boot id") }

// bootTime is never asked for: no Clock can be made.
func bootTime() time.Duration { return 0 }
