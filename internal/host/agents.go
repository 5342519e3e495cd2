// SPDX-License-Identifier: Apache-2.0

package host

import (
	"strings"
	"time"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
)

// unknown is an age that is not known.
const unknown = -1

// joinAgents adds what connected agents prove: a session that has one is there,
// whether or not the session manager lists it.
func joinAgents(sessions []events.Session, agents []Agent, user func(owner string) events.Text, idle func(tty string) time.Duration) []events.Session {
	at := map[string]int{}
	for i, s := range sessions {
		at[s.ID] = i
	}
	for _, a := range agents {
		if !validSession(a.Session) {
			continue
		}
		if i, ok := at[a.Session]; ok {
			// An agent that another user runs inside the session does not speak for it.
			if sessions[i].Owner == a.Owner {
				sessions[i].Agent = true
				told(&sessions[i], a)
			}
			continue
		}
		s := events.Session{ID: a.Session, Owner: a.Owner, User: user(a.Owner), Kind: checks.KindGraphical, Agent: true, IdleMS: unknown, UnlockedMS: unknown}
		if a.TTY != "" {
			s.Kind = checks.KindTerminal
			s.IdleMS = idleMS(idle(a.TTY))
		}
		told(&s, a)
		at[s.ID] = len(sessions)
		sessions = append(sessions, s)
	}
	return sessions
}

// told adds what the agent says of its person.
func told(s *events.Session, a Agent) {
	if !a.Told {
		return
	}
	s.Locked = s.Locked || a.Locked
	if s.IdleMS == unknown {
		s.IdleMS = idleMS(a.Idle)
	}
}

// idleMS is an idle time for a record; negative = not known.
func idleMS(d time.Duration) int64 {
	if d < 0 {
		return unknown
	}
	return d.Milliseconds()
}

// validSession reports whether s is a session id that may go into file names,
// records and texts: letters, digits and a few signs, and no path of its own.
func validSession(s string) bool {
	return s != "" && len(s) <= 64 && s[0] != '/' && s[0] != '.' && !strings.Contains(s, "..") && strings.IndexFunc(s, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("_-:/.", c))
	}) < 0
}
