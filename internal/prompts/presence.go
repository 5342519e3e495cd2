// SPDX-License-Identifier: Apache-2.0

package prompts

import (
	"context"
	"slices"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localsock"
)

// Presence is what an agent has told of the person in its session. The zero
// value says that it has told nothing.
type Presence struct {
	Known  bool
	Locked bool
	// Since is when it was locked or unlocked, as far as the agent saw it; the
	// zero time = it was so at the agent's first word.
	Since time.Time
	Busy  string // apitypes.BusyPresentation and its kin; "" = not busy

	input time.Time // the last key press or mouse move; zero = not known
}

// Idle is the time since the last key press or mouse move, at most: one that the
// agent has not told yet is missing. It is negative when nothing is known.
func (p Presence) Idle() time.Duration {
	if p.input.IsZero() {
		return -1
	}
	return max(time.Since(p.input), 0)
}

// Presence takes what an agent sees of the person in its session. It is kept for
// that agent's place alone, so nobody can be present in a session of another's.
func (b *Broker) Presence(_ context.Context, peer localsock.Peer, p apitypes.Presence) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	a, err := b.agentOf(peer, p.Agent)
	if err != nil {
		return err
	}
	if !slices.Contains([]string{"", apitypes.BusyPresentation, apitypes.BusyFullScreen, apitypes.BusyQuiet}, p.Busy) {
		return badRequest("a person is busy by presentation, full_screen or quiet")
	}
	if p.IdleMS < -1 || p.IdleMS > int64(idleMost/time.Millisecond) {
		return badRequest("nobody is idle for so long")
	}
	was, now := a.Presence, Presence{Known: true, Locked: p.Locked, Busy: p.Busy}
	now.Since = was.Since
	if was.Known && was.Locked != now.Locked {
		now.Since = time.Now()
	}
	if p.IdleMS >= 0 {
		now.input = time.Now().Add(-time.Duration(p.IdleMS) * time.Millisecond)
	}
	a.Presence = now
	if !was.Known || was.Locked != now.Locked || was.Busy != now.Busy {
		b.wake() // who only types is no news
	}
	return nil
}

// idleMost is how long a machine may have been without input.
const idleMost = 10 * 365 * 24 * time.Hour
