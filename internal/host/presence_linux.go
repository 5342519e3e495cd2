// SPDX-License-Identifier: Apache-2.0

package host

import "github.com/quietsetup/quietsetup/events"

// lock is what was last seen of a session's lock.
type lock struct {
	locked   bool
	unlocked int64 // boot-relative milliseconds of the first look without the lock; unknown
}

// followLocks sets UnlockedMS of each session from what earlier looks saw. The
// unlocking lies between two looks; the later one counts, so a session is
// rather taken for unlocked just now than for unlocked long ago.
func (m *Machine) followLocks(sessions []events.Session, nowMS int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	next := make(map[string]lock, len(sessions))
	for i, s := range sessions {
		was, ok := m.locks[s.ID]
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
	m.locks = next
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
func (m *Machine) followSleep(bootMS, awakeMS int64) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	asleep := bootMS - awakeMS
	switch {
	case !m.sleep.seen:
		m.sleep = sleep{seen: true, asleep: asleep, resumed: unknown}
	case asleep-m.sleep.asleep >= sleepStep:
		m.sleep = sleep{seen: true, asleep: asleep, resumed: bootMS}
	}
	return since(m.sleep.resumed, bootMS)
}

func since(thenMS, nowMS int64) int64 {
	if thenMS == unknown {
		return unknown
	}
	return max(0, nowMS-thenMS)
}
