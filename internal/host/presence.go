// SPDX-License-Identifier: Apache-2.0

//go:build linux || windows

package host

import (
	"sync"

	"github.com/quietsetup/quietsetup/events"
)

// presence is what is kept of people between looks.
type presence struct {
	mu    sync.Mutex
	locks map[string]lock // by session id
	sleep sleep
}

// lock is what was last seen of a session's lock.
type lock struct {
	locked   bool
	unlocked int64 // boot-relative milliseconds of the first look without the lock; unknown
}

// followLocks sets UnlockedMS of each session from what earlier looks saw. The
// unlocking lies between two looks; the later one counts, so a session is
// rather taken for unlocked just now than for unlocked long ago.
func (p *presence) followLocks(sessions []events.Session, nowMS int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := make(map[string]lock, len(sessions))
	for i, s := range sessions {
		was, ok := p.locks[s.ID]
		now := lock{locked: s.Locked, unlocked: unknown}
		switch {
		case s.Locked || !ok:
		case was.locked:
			now.unlocked = nowMS
		default:
			now.unlocked = was.unlocked
		}
		next[s.ID] = now
		sessions[i].UnlockedMS = since(now.unlocked, nowMS)
	}
	p.locks = next
}

// sleep is what is known of the machine's sleep.
type sleep struct {
	seen    bool
	asleep  int64 // milliseconds since boot that were slept, at the last look
	resumed int64 // boot-relative milliseconds of the look that found more; unknown
}

// sleepStep is a difference that is sleep and not the time between two clock reads.
const sleepStep = 1000

// followSleep returns the time since the machine woke, from the difference
// between a clock that runs during sleep and one that does not.
func (p *presence) followSleep(bootMS, awakeMS int64) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	asleep := bootMS - awakeMS
	switch {
	case !p.sleep.seen:
		p.sleep = sleep{seen: true, asleep: asleep, resumed: unknown}
	case asleep-p.sleep.asleep >= sleepStep:
		p.sleep = sleep{seen: true, asleep: asleep, resumed: bootMS}
	}
	return since(p.sleep.resumed, bootMS)
}

func since(thenMS, nowMS int64) int64 {
	if thenMS == unknown {
		return unknown
	}
	return max(0, nowMS-thenMS)
}

// secret is a private text; nothing is not private.
func secret(s string) events.Text {
	if s == "" {
		return events.Plain("")
	}
	return events.Secret(s)
}
