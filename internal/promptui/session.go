// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"context"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// Reports is what the agent tells the daemon beside its windows;
// *localclient.Client is one.
type Reports interface {
	Closed(ctx context.Context, c apitypes.Closed) error
	Presence(ctx context.Context, p apitypes.Presence) error
}

// Session is what the agent does and sees in its session for the daemon, where
// nothing outside of the session can.
type Session interface {
	// Close asks the windows of exactly this program to close, and returns one of
	// the states of apitypes.CloseResult.
	Close(p apitypes.Running) (state string)
	// Presence is what is seen of the person now; Agent is empty.
	Presence() apitypes.Presence
}

const (
	// lookEach is how often it is looked whether the person does something.
	lookEach = time.Second
	// toldEach is how long input is not told again while a window is shown; a
	// window may end any time, and then it matters who touched the machine since.
	toldEach = 3 * time.Second
	// restEach is the same while none is shown.
	restEach = time.Minute
)

// carryOut carries out an order to close and tells what became of it. One that
// cannot be told is not repeated: the daemon sees what closes.
func (a *agent) carryOut(ctx context.Context, name string, o apitypes.Close) {
	if a.Session == nil || len(o.Programs) > apitypes.MaxClose {
		return
	}
	done := apitypes.Closed{Agent: name, Order: o.ID}
	for _, p := range o.Programs {
		done.Programs = append(done.Programs, apitypes.CloseResult{Running: p, State: a.Session.Close(p)})
	}
	ctx, cancel := context.WithTimeout(ctx, goodbye)
	defer cancel()
	_ = a.Reports.Closed(ctx, done)
}

// watch tells what is seen of the person until ctx ends: a lock at once, input
// now and then.
func (a *agent) watch(ctx context.Context) {
	if a.Session == nil {
		return
	}
	tick := time.NewTicker(lookEach)
	defer tick.Stop()
	var told apitypes.Presence // what was told last, to which agent name
	var at time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		p := a.Session.Presence()
		p.Agent = a.agentName()
		if p.Agent == "" {
			continue
		}
		each := restEach
		if a.first() != nil {
			each = toldEach
		}
		since := time.Since(at)
		touched := p.IdleMS >= 0 && time.Duration(p.IdleMS)*time.Millisecond < since
		if p.Agent == told.Agent && p.Locked == told.Locked && p.Busy == told.Busy && !(touched && since >= each) {
			continue
		}
		if a.Reports.Presence(ctx, p) == nil {
			told, at = p, time.Now()
		}
	}
}
