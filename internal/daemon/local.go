// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/installer"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/order"
	"github.com/quietsetup/quietsetup/internal/policy"
	"github.com/quietsetup/quietsetup/internal/source/local"
	"github.com/quietsetup/quietsetup/internal/source/packages"
)

// folder is the local source, held by one at a time.
type folder struct {
	*local.Source
	held chan struct{} // holds one token while somebody reads or writes
}

// openLocal opens a source whose packages lie in a folder.
func (d *depot) openLocal(_ context.Context, p parts, stateDir, _ string) error {
	hangs := packages.NewPatience(patience)
	src, err := local.Open(stateDir, local.Parts{
		Depot:     patient{p.reader(p.config.Source.Depot), hangs},
		Policy:    p.policy(func(string) []policy.Layer { return nil }),
		Algorithm: order.Algorithm(p.config.Source.Algorithm),
		CheckCommand: func(folder string, argv []string) error {
			_, err := packages.Within(context.Background(), hangs, folder, func() (struct{}, error) { return struct{}{}, installer.CheckCommand(folder, argv) })
			return err
		},
		Warn: p.warn,
	})
	if err != nil {
		return err
	}
	d.machine = p.machine(func() []policy.Layer { return nil })
	d.source = &folder{src, make(chan struct{}, 1)}
	d.about = func(s *apitypes.Source) { s.Kind, s.Place = config.Local, p.config.Source.Depot }
	d.obey = func(context.Context) error { return nil }
	d.pause = func(err error) time.Duration {
		if err != nil {
			return min(p.config.Source.Poll, afterFailure)
		}
		return p.config.Source.Poll
	}
	return nil
}

// patience is how long a depot is waited for that does not answer at all.
const patience = time.Minute

// patient is a depot that may hang, a share whose server is gone.
type patient struct {
	local.Depot
	hangs *packages.Patience
}

// Reachable tells whether the depot can be looked at.
func (p patient) Reachable() error {
	_, err := packages.Within(context.Background(), p.hangs, packages.Whole, func() (struct{}, error) { return struct{}{}, p.Depot.Reachable() })
	return unreachable(err)
}

// Load reads a package.
func (p patient) Load(id string) (metadata.Package, *events.Problem, error) {
	type loaded struct {
		pkg     metadata.Package
		problem *events.Problem
	}
	l, err := packages.Within(context.Background(), p.hangs, id, func() (l loaded, err error) {
		l.pkg, l.problem, err = p.Depot.Load(id)
		return l, err
	})
	return l.pkg, l.problem, unreachable(err)
}

// unreachable makes a depot that hangs one that cannot be reached.
func unreachable(err error) error {
	if errors.Is(err, packages.ErrHung) {
		return fmt.Errorf("%w: %w", local.ErrDepotUnreachable, err)
	}
	return err
}

// hold keeps everybody else from the source until release is called.
func (f *folder) hold(ctx context.Context) (release func(), err error) {
	select {
	case f.held <- struct{}{}:
		return func() { <-f.held }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Poll hands over every row.
func (f *folder) Poll(ctx context.Context, take func(wanted) error) error {
	release, err := f.hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	w, err := f.Requests(ctx)
	if err != nil {
		return err
	}
	return take(wanted{w.Requests, w.Order})
}

// Ask writes what is wanted into rows.
func (f *folder) Ask(ctx context.Context, product string, a events.Action, alone bool, take func(wanted) error) (local.Asked, error) {
	release, err := f.hold(ctx)
	if err != nil {
		return local.Asked{}, err
	}
	defer release()
	asked, failed := f.SetRequest(ctx, product, a, alone)
	if len(asked.Requests) == 0 {
		return asked, failed
	}
	// After an error of the disk a part may be requested: then it is brought in, so
	// that nothing is done that is not in the log with its reason.
	err = take(wanted{asked.Requests, asked.Order})
	if failed != nil {
		return asked, failed
	}
	return asked, err
}

// Report makes the source show a report and has that recorded before anybody
// reads the source again.
func (f *folder) Report(ctx context.Context, r events.Report, req events.Request, done func() error) error {
	release, err := f.hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err := f.Source.Report(ctx, r, req); err != nil {
		return err
	}
	return done()
}
