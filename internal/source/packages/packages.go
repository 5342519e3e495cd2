// SPDX-License-Identifier: Apache-2.0

// Package packages reads a product's package for a round, whatever the source of
// its request.
//
// A round asks people to close their programs. Before that everything must be
// known that could make the asking useless: the package can be read, the site's
// policy for it is put together, its command is found as the installer will find
// it, and its place in the order is not in doubt. What is wrong with the package is
// a problem that a person has to mend. That it could not be looked at is nobody's
// fault and is waited for.
package packages

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/metadata"
)

// Depot is where packages are read; metadata.Reader is one.
type Depot interface {
	// Load reads a package. A Problem is the package's fault, an error is not.
	Load(id string) (metadata.Package, *events.Problem, error)
}

// Reader reads packages for rounds.
type Reader struct {
	Depot Depot
	// Policy makes the effective policy of a package, with a line for each value
	// that does not count.
	Policy func(metadata.Package) (events.Policy, []string)
	// CheckCommand finds a command as the installer will find it. Without it no
	// command is good.
	CheckCommand metadata.CheckCommand
	// Script prepares a package whose control file names a script for the action, and
	// which has no command for it; nil = nobody runs scripts. An error is nobody's fault.
	Script func(metadata.Package, events.Action) (metadata.Package, *events.Problem, error)
	// Place tells what is wrong with the place of a product in the order, nil if
	// nothing is.
	Place func(id string) (*events.Problem, error)
	// Warn is told what is wrong and stops nothing, one line.
	Warn func(product, line string)
	// Patience is for a place that may hang; nil = it is waited for.
	Patience *Patience
}

// Prepare reads the package and the policy for a round, and looks whether the
// command could be started, before anybody is asked. A Problem is the package's
// fault. An error means that it could not be looked at, which is nobody's: it is
// tried again.
func (r Reader) Prepare(ctx context.Context, req events.Request) (events.Policy, events.Package, *events.Problem, error) {
	if err := ctx.Err(); err != nil {
		return events.Policy{}, events.Package{}, nil, err
	}
	type prepared struct {
		policy  events.Policy
		pkg     events.Package
		problem *events.Problem
	}
	p, err := Within(ctx, r.Patience, req.Row.ProductID, func() (p prepared, err error) {
		p.policy, p.pkg, p.problem, err = r.prepare(req)
		return p, err
	})
	if errors.Is(err, ErrHung) {
		err = fmt.Errorf("cannot prepare %q: where its files lie: %w", req.Row.ProductID, err)
	}
	return p.policy, p.pkg, p.problem, err
}

func (r Reader) prepare(req events.Request) (events.Policy, events.Package, *events.Problem, error) {
	id := req.Row.ProductID
	pkg, problem, err := r.Depot.Load(id)
	if err != nil {
		return events.Policy{}, events.Package{}, nil, fmt.Errorf("cannot prepare %q: %w", id, err)
	}
	effective, ignored := r.Policy(pkg)
	for _, line := range slices.Concat(pkg.Warnings, ignored) {
		r.Warn(id, line)
	}
	if a := req.Row.ActionRequest; problem == nil {
		if r.Script != nil && len(pkg.CommandFor(a)) == 0 && pkg.Scripts[a] != "" {
			if pkg, problem, err = r.Script(pkg, a); err != nil {
				return events.Policy{}, events.Package{}, nil, fmt.Errorf("cannot prepare %q: %w", id, err)
			}
		} else {
			problem = pkg.CheckStart(a, r.CheckCommand)
		}
	}
	if problem == nil {
		if problem, err = r.Place(id); err != nil {
			return events.Policy{}, events.Package{}, nil, fmt.Errorf("cannot prepare %q: %w", id, err)
		}
	}
	return effective, pkg.Package, problem, nil
}
