// SPDX-License-Identifier: Apache-2.0

package prompts

import (
	"cmp"
	"context"
	"crypto/rand"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localsock"
)

// Limits of what agents can make the broker keep.
const (
	maxAgents    = 16 // of one user
	maxLanguages = 8
	maxHolding   = 32
	maxWord      = 64 // bytes of a language
)

// Agent is a connected agent, as the source of sessions sees it.
type Agent struct {
	Session   string
	Owner     string // "uid:1000"
	PID       int
	TTY       string // "pts/3"; "" = none or not known
	Kind      string // apitypes.AgentTerminal or AgentWindow
	Languages []string
	Since     time.Time
	Presence  Presence
}

type agent struct {
	Agent
	closes   bool // it can ask programs to close
	id       string
	at       place
	polls    uint64 // counts the calls of Next; only the newest one waits
	waiting  int
	from     uint64 // revision at its hello: what closed before does not concern it
	replaced bool
	gone     *time.Timer // runs while nobody waits; at its end the agent is gone
}

// Agents lists the connected agents, by session.
func (b *Broker) Agents() []Agent {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]Agent, 0, len(b.agents))
	for _, a := range b.agents {
		x := a.Agent
		x.Languages = slices.Clone(x.Languages)
		out = append(out, x)
	}
	slices.SortFunc(out, func(x, y Agent) int {
		return cmp.Or(strings.Compare(x.Session, y.Session), strings.Compare(x.Owner, y.Owner))
	})
	return out
}

// Changed is closed at the next change of agents or windows; then Agents may
// differ. Whoever watches asks for it again each time.
func (b *Broker) Changed() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.changed
}

// Hello takes an agent in. An older one in the same session of the same user is
// told to end.
func (b *Broker) Hello(_ context.Context, peer localsock.Peer, h apitypes.Hello) (apitypes.Welcome, error) {
	if h.Kind != apitypes.AgentTerminal && h.Kind != apitypes.AgentWindow {
		return apitypes.Welcome{}, badRequest("an agent shows windows of the kind terminal or window")
	}
	if len(h.Languages) > maxLanguages || len(h.Holding) > maxHolding {
		return apitypes.Welcome{}, badRequest("too many languages or prompts in a hello")
	}
	for _, w := range h.Languages {
		if len(w) > maxWord || strings.ContainsFunc(w, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return apitypes.Welcome{}, badRequest("a language in a hello has no such form")
		}
	}
	if b.c.AgentImage != "" && !strings.EqualFold(filepath.Clean(peer.Image), filepath.Clean(b.c.AgentImage)) {
		return apitypes.Welcome{}, &apitypes.Error{Code: apitypes.CodeForbidden, Message: "only the installed agent asks people", Hint: "start " + b.c.AgentImage}
	}
	session, tty := b.locate(peer)
	a := &agent{
		closes: h.Closes,
		id:     rand.Text(),
		at:     place{peer.Owner, session},
		Agent: Agent{Session: session, Owner: peer.Owner, PID: peer.PID, TTY: tty, Kind: h.Kind,
			Languages: slices.Clone(h.Languages), Since: time.Now()},
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	mine := 0
	for _, o := range b.byID {
		if o.Owner == peer.Owner && o.at != a.at {
			mine++
		}
	}
	if mine >= maxAgents {
		return apitypes.Welcome{}, &apitypes.Error{Code: apitypes.CodeTooMany, Message: "this user has too many agents"}
	}
	if old := b.agents[a.at]; old != nil {
		old.replaced = true
		b.leaveSoon(old)
	}
	a.from = b.rev
	b.agents[a.at] = a
	b.byID[a.id] = a
	b.leaveSoon(a)
	for _, id := range h.Holding {
		b.doubt(id, a.at)
	}
	b.wake()
	return apitypes.Welcome{Schema: apitypes.SchemaWelcome, Agent: a.id, Session: session, Version: b.c.Version}, nil
}

// locate finds the session of an agent; nothing of it is the agent's own word.
func (b *Broker) locate(peer localsock.Peer) (session, tty string) {
	if b.c.Locator != nil && peer.PID > 0 {
		session, owner, tty, err := b.c.Locator.SessionOf(peer.PID)
		if err == nil && session != "" && owner == peer.Owner && peer.Alive() {
			return session, tty
		}
	}
	return peer.Owner, ""
}

// agentOf finds the agent a call comes from: the process that said hello, whose
// session is known. Another process of the same user may stand in another
// session, whatever name it has learnt. The caller holds mu.
func (b *Broker) agentOf(peer localsock.Peer, id string) (*agent, error) {
	a := b.byID[id]
	if a == nil || a.Owner != peer.Owner || a.PID != peer.PID {
		return nil, &apitypes.Error{Code: apitypes.CodeUnknownAgent, Message: "this agent is not known", Hint: "say hello"}
	}
	return a, nil
}

// leaveSoon begins the time within which the agent must ask again. The caller
// holds mu.
func (b *Broker) leaveSoon(a *agent) {
	if a.waiting > 0 {
		return
	}
	if a.gone != nil {
		a.gone.Stop()
	}
	polls := a.polls
	a.gone = time.AfterFunc(leave, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if a.waiting > 0 || a.polls != polls {
			return
		}
		delete(b.byID, a.id)
		if b.agents[a.at] == a {
			delete(b.agents, a.at)
		}
		b.wake()
	})
}

func badRequest(text string) error {
	return &apitypes.Error{Code: apitypes.CodeBadRequest, Message: text}
}
