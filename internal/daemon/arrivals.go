// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/prompts"
)

// arrivalTime is how long after a start the agents are given to come back.
const arrivalTime = 5 * time.Second

// arrivals looks at the machine, but does not believe just after a start that
// nobody is there: where agents are the only sign of a person, they are all gone
// until they have found the new daemon.
type arrivals struct {
	looker
	end     time.Time
	agents  func() []prompts.Agent
	changed func() <-chan struct{}
}

func (a arrivals) Look(ctx context.Context, p events.Package) events.Observation {
	o := a.looker.Look(ctx, p)
	if a.await(ctx, o) {
		o = a.looker.Look(ctx, p)
	}
	return o
}

func (a arrivals) LookAtPeople(ctx context.Context) events.Observation {
	o := a.looker.LookAtPeople(ctx)
	if a.await(ctx, o) {
		o = a.looker.LookAtPeople(ctx)
	}
	return o
}

// await waits for the first agent if nobody was seen and the start was just now.
// It reports whether another look is worth while.
func (a arrivals) await(ctx context.Context, o events.Observation) bool {
	left := time.Until(a.end)
	if len(o.Sessions) > 0 || left <= 0 {
		return false
	}
	t := time.NewTimer(left)
	defer t.Stop()
	for {
		changed := a.changed()
		if len(a.agents()) > 0 {
			return true
		}
		select {
		case <-changed:
		case <-t.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}
