// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/actionprocessor"
	"github.com/quietsetup/quietsetup/internal/effects"
	"github.com/quietsetup/quietsetup/internal/installer"
)

// TakeAlone takes the machine for what is installed past the service. Where the service
// never ran its state folder is made.
func TakeAlone(stateDir string) (actionprocessor.Lock, error) {
	if _, err := os.Stat(stateDir); errors.Is(err, fs.ErrNotExist) {
		if err := makeState(stateDir); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("cannot make the state folder: %w", err)
		}
	}
	a, err := installer.TakeAlone(stateDir)
	switch {
	case errors.Is(err, installer.ErrOccupied), errors.Is(err, installer.ErrRuns):
		return nil, fmt.Errorf("%w: %w", actionprocessor.ErrBusy, err)
	case err != nil:
		return nil, err
	}
	return a, nil
}

// oneAtATime are packages of a machine on which something may be installed past the
// service. Nobody is asked meanwhile, and nothing closed, for what could not begin.
type oneAtATime struct {
	effects.Packages
	stateDir string
	patience time.Duration // before the product is put off: scripts at a logon are over soon
}

const (
	occupiedFor   = 20 * time.Second
	occupiedPause = time.Second / 2
)

// Prepare implements effects.Packages.
func (o oneAtATime) Prepare(ctx context.Context, req events.Request) (events.Policy, events.Package, *events.Problem, error) {
	policy, pkg, problem, err := o.Packages.Prepare(ctx, req)
	for end := time.Now().Add(o.patience); err == nil && problem == nil; {
		busy := installer.Occupied(o.stateDir)
		if !errors.Is(busy, installer.ErrOccupied) { // what else is wrong with the lock the start says
			break
		}
		if !time.Now().Before(end) {
			problem = &events.Problem{Code: "occupied", Message: busy.Error()}
			break
		}
		select {
		case <-time.After(occupiedPause):
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	return policy, pkg, problem, err
}
