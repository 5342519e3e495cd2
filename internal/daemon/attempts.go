// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"errors"
	"fmt"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/effects"
	"github.com/quietsetup/quietsetup/internal/installer"
)

// attempts runs installers for the effects.
type attempts struct{ opt installer.Options }

func (a attempts) Begun(_ context.Context, token string) (bool, error) {
	s, err := installer.Inspect(a.opt.StateDir, token)
	return s.Kind != installer.KindNone, err
}

func (a attempts) Start(ctx context.Context, w fsm.RunInstaller) (events.InstallerStarted, error) {
	return a.run(ctx, w, w.Package.CommandFor(w.Action))
}

// run runs a command as an attempt.
func (a attempts) run(ctx context.Context, w fsm.RunInstaller, argv []string) (events.InstallerStarted, error) {
	begun, err := installer.Start(ctx, a.opt, installer.Spec{Token: w.Token, Product: w.Package.Product, Action: w.Action,
		Argv: argv, Dir: w.Package.Folder})
	switch {
	case errors.Is(err, installer.ErrTaken), errors.Is(err, installer.ErrVoided):
		return begun, fmt.Errorf("%w: %w", effects.ErrBegun, err)
	case errors.Is(err, installer.ErrSpec), errors.Is(err, installer.ErrToken):
		return begun, fmt.Errorf("%w: %w", effects.ErrImpossible, err)
	case errors.Is(err, installer.ErrOccupied):
		return begun, fmt.Errorf("%w: %w", effects.ErrOccupied, err)
	}
	return begun, err
}

func (a attempts) Wait(ctx context.Context, w fsm.WaitInstaller, stalled func(string) error) (events.InstallerEnded, bool, error) {
	r, err := installer.Wait(ctx, a.opt.StateDir, w.Token, w.Supervisor, w.Installer, stalled)
	return r.Ended, r.Lost, err
}

func (a attempts) Probe(ctx context.Context, token string) (effects.Fate, error) {
	p, err := installer.Probe(ctx, a.opt.StateDir, token)
	if err != nil {
		return effects.Fate{}, err
	}
	switch p.Verdict {
	case installer.NeverStarted:
		return effects.Fate{NeverStarted: true}, nil
	case installer.Running:
		return effects.Fate{Running: &p.Started}, nil
	case installer.Over:
		return effects.Fate{Ended: &p.Ended}, nil
	}
	return effects.Fate{Lost: true, Restarted: p.Restarted}, nil
}

func (a attempts) Remove(token string) error { return installer.Remove(a.opt.StateDir, token) }

// seen tells which of the open attempts live. One that cannot be looked at
// counts as gone: then it is probed, and a probe never runs anything.
func (a attempts) seen(tokens []string) []events.AttemptSeen {
	var out []events.AttemptSeen
	for _, t := range tokens {
		alive, err := installer.Alive(a.opt.StateDir, t)
		out = append(out, events.AttemptSeen{Token: t, Alive: alive && err == nil})
	}
	return out
}

// detector applies detect rules.
type detector struct{}

func (detector) Detect(ctx context.Context, p events.Package, a events.Action, target string) events.Detection {
	if p.Detect == nil {
		return events.Detection{Reason: "the package has no detect rule"}
	}
	return installer.Detect(ctx, *p.Detect, p, a, target)
}
