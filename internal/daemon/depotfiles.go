// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"errors"
	"fmt"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/source/opsi/depotfiles"
)

// Prepare reads a package and its policy. Without a mounted depot everything of the
// package is brought here first, before anybody is asked: nobody closes programs
// for files that do not come.
func (s *server) Prepare(ctx context.Context, req events.Request) (events.Policy, events.Package, *events.Problem, error) {
	if s.files != nil {
		if problem, err := s.bring(ctx, req); problem != nil || err != nil {
			return s.without(req, problem, err)
		}
	}
	return s.packages.Prepare(ctx, req)
}

// glance is Prepare for who only wants to know: no more is brought than what says
// what the product is, to a place aside, and whether its command is there is not looked at.
func (s *server) glance(ctx context.Context, req events.Request) (events.Policy, events.Package, *events.Problem, error) {
	if problem, err := defect(s.aside.Metadata(ctx, req.Row.ProductID)); problem != nil || err != nil {
		return s.without(req, problem, err)
	}
	return s.glances.Prepare(ctx, req)
}

// without is the answer about a package that could not be brought here.
func (s *server) without(req events.Request, problem *events.Problem, err error) (events.Policy, events.Package, *events.Problem, error) {
	if err != nil {
		return events.Policy{}, events.Package{}, nil, fmt.Errorf("cannot prepare %q: %w", req.Row.ProductID, err)
	}
	pkg := metadata.Package{Package: events.Package{Product: req.Row.ProductID, Name: req.Row.ProductID}}
	effective, _ := s.packages.Policy(pkg)
	return effective, pkg.Package, problem, nil
}

// bring brings a package here. What we do not run ourselves is brought no further
// than is needed to say so.
func (s *server) bring(ctx context.Context, req events.Request) (*events.Problem, error) {
	id := req.Row.ProductID
	problem, err := defect(s.files.Metadata(ctx, id))
	if err == nil && problem == nil {
		pkg, broken, failed := s.packages.Depot.Load(id)
		if failed != nil || broken != nil || pkg.CheckAction(req.Row.ActionRequest) != nil {
			return nil, nil // whoever reads it says so
		}
		problem, err = defect(s.files.Whole(ctx, id))
	}
	if err != nil && ctx.Err() == nil && s.complete(ctx, req) {
		return nil, nil // it was brought before the depot went away
	}
	return problem, err
}

// complete reports whether all of the package is here in the version that is wanted.
func (s *server) complete(ctx context.Context, req events.Request) bool {
	pkg, problem, err := s.packages.Depot.Load(req.Row.ProductID)
	return err == nil && problem == nil && events.JoinVersion(pkg.ProductVersion, pkg.PackageVersion) == req.Target() &&
		s.files.Verify(ctx, req.Row.ProductID) == nil
}

// defect tells what must not be used from what can only be waited for.
func defect(err error) (*events.Problem, error) {
	if refused := (*depotfiles.Refused)(nil); errors.As(err, &refused) {
		return refused.Problem(), nil
	}
	return nil, err
}

// sweep takes away the files of products that are neither wanted nor worked on.
func (s *server) sweep() {
	s.mu.Lock()
	wants := s.wants // a look makes a new one; nil = nothing is known yet
	s.mu.Unlock()
	if s.files == nil || wants == nil {
		return
	}
	keep := func(id string) (open bool) {
		s.parts.view(func(c *fsm.Client) {
			p := c.Product(id)
			open = p != nil && p.Open()
		})
		return open || wants[id]
	}
	if err := errors.Join(s.files.Sweep(keep), s.aside.Sweep(keep)); err != nil {
		s.parts.warn("", err.Error()) // it is tried again with the next look
	}
}
