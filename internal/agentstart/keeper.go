// SPDX-License-Identifier: Apache-2.0

package agentstart

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"
)

// Sessions are the sessions of the machine.
type Sessions interface {
	// List lists the sessions that have a desktop, by the names that connected
	// agents have for theirs.
	List() ([]string, error)
	// Start starts the agent in a session. ErrNobody says that nobody is logged on.
	Start(session string) (Process, error)
}

// Process is an agent that was started.
type Process interface {
	Alive() bool
	Close() error // forgets it; it goes on
}

// ErrNobody: nobody is logged on in the session.
var ErrNobody = errors.New("nobody is logged on there")

// Keeper starts agents where they are missing.
type Keeper struct {
	Sessions Sessions
	// Connected lists the sessions whose agent is connected.
	Connected func() []string
	// Changed is closed at the next change of the connected agents or of the
	// windows they are wanted for.
	Changed func() <-chan struct{}
	// Logons gives a value when a session began, ended or changed; nil = never.
	Logons <-chan struct{}
	// Failed is told of what could not be started or listed, once for each pause.
	Failed func(session string, err error)
	// Started is told of each agent that was started.
	Started func(session string)

	places map[string]*place
}

// place is a session without a connected agent.
type place struct {
	agent Process // nil = none of ours
	tries int
	next  time.Time // when one is started, if none has come
}

// The pauses. A session gets its moment first; a start that failed, or an agent
// that did not come, is followed by a pause twice as long as the last.
const (
	moment    = 3 * time.Second
	longest   = 10 * time.Minute
	otherwise = time.Minute // a look is taken at least this often
	atMost    = 250 * time.Millisecond
)

// Run keeps agents in the sessions until ctx ends. The agents go on after that.
func (k *Keeper) Run(ctx context.Context) {
	defer func() {
		for _, p := range k.places {
			p.forget()
		}
	}()
	for {
		changed := k.Changed()
		wait := k.look(time.Now())
		t := time.NewTimer(wait)
		select {
		case <-changed:
		case <-k.Logons:
		case <-t.C:
		case <-ctx.Done():
		}
		t.Stop()
		// Changes come in crowds, and each look asks the system.
		select {
		case <-time.After(atMost):
		case <-ctx.Done():
			return
		}
	}
}

// look starts what is due and says how long nothing will be due.
func (k *Keeper) look(now time.Time) time.Duration {
	if k.places == nil {
		k.places = map[string]*place{}
	}
	there, err := k.Sessions.List()
	if err != nil {
		k.Failed("", err)
		return otherwise
	}
	connected := k.Connected()
	for id, p := range k.places {
		if !slices.Contains(there, id) || slices.Contains(connected, id) {
			p.forget()
			delete(k.places, id)
		}
	}
	for _, id := range there {
		if k.places[id] == nil && !slices.Contains(connected, id) {
			k.places[id] = &place{next: now.Add(moment)}
		}
	}
	wait := otherwise
	for _, id := range slices.Sorted(maps.Keys(k.places)) {
		p := k.places[id]
		if !p.next.After(now) {
			k.start(id, p, now)
		}
		wait = min(wait, p.next.Sub(now))
	}
	return wait
}

// start starts an agent, unless the one that was started last still lives.
func (k *Keeper) start(id string, p *place, now time.Time) {
	p.next = now.Add(min(moment<<min(p.tries, 10), longest))
	if p.agent != nil && p.agent.Alive() {
		return
	}
	p.forget()
	agent, err := k.Sessions.Start(id)
	switch {
	case errors.Is(err, ErrNobody):
		p.next = now.Add(otherwise) // a logon is told
		return
	case err != nil:
		k.Failed(id, err)
	default:
		p.agent = agent
		k.Started(id)
	}
	p.tries++
}

func (p *place) forget() {
	if p.agent != nil {
		_ = p.agent.Close() // a handle that was ours alone
		p.agent = nil
	}
}
