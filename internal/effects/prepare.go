// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"context"
	"fmt"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// Packages reads a product's metadata and resolves its policy.
type Packages interface {
	// Prepare returns policy and package of a request, or the problem that keeps
	// the package from being used. An error means that the place where packages
	// lie could not be reached.
	Prepare(ctx context.Context, req events.Request) (events.Policy, events.Package, *events.Problem, error)
}

// unreachable is the problem of a depot that did not answer.
const unreachable = "depot_unreachable"

// prepare reads the package. A depot that does not answer is asked three times
// before the product waits for it.
func (w *Workers) prepare(ctx context.Context, t events.Ticket, work fsm.Prepare, emit Emit) error {
	in := events.Prepared{For: t}
	var err error
	for _, pause := range []time.Duration{0, time.Second, 3 * time.Second} {
		if err := w.Timer.Sleep(ctx, pause); err != nil {
			return err
		}
		in.Policy, in.Package, in.Problem, err = w.Packages.Prepare(ctx, work.Request)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil && (in.Problem == nil || in.Problem.Code != unreachable) {
			return emit(in)
		}
	}
	if in.Problem == nil || err != nil {
		in.Problem = &events.Problem{Code: unreachable, Message: fmt.Sprintf("cannot read the package of %s: %v", work.Product, err)}
	}
	return emit(in)
}
