// SPDX-License-Identifier: Apache-2.0

package prompts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localsock"
)

// Next waits for the first event after the revision an agent knows. A second
// call of the same agent ends the first.
func (b *Broker) Next(ctx context.Context, peer localsock.Peer, agentID string, after uint64) (apitypes.PromptEvent, error) {
	b.mu.Lock()
	a, err := b.agentOf(peer, agentID)
	if err != nil {
		b.mu.Unlock()
		return apitypes.PromptEvent{}, err
	}
	a.polls++
	a.waiting++
	mine := a.polls
	b.wake() // an older call of this agent looks, and ends
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		a.waiting--
		b.leaveSoon(a)
		b.mu.Unlock()
	}()
	enough := time.NewTimer(pollFor)
	defer enough.Stop()
	for {
		b.mu.Lock()
		e, found := b.eventFor(a, after)
		changed, older := b.changed, a.polls != mine
		b.mu.Unlock()
		if found {
			return e, nil
		}
		none := apitypes.PromptEvent{Schema: apitypes.SchemaEvent, Kind: apitypes.EventNone, Cursor: after}
		if older {
			return none, nil
		}
		select {
		case <-changed:
		case <-enough.C:
			return none, nil
		case <-ctx.Done():
			return apitypes.PromptEvent{}, &apitypes.Error{Code: apitypes.CodeUnavailable, Message: "the service is stopping"}
		}
	}
}

// eventFor finds the oldest change of the agent's place after a revision. The
// caller holds mu.
func (b *Broker) eventFor(a *agent, after uint64) (apitypes.PromptEvent, bool) {
	e := apitypes.PromptEvent{Schema: apitypes.SchemaEvent, Cursor: after}
	if a.replaced {
		e.Kind, e.Reason = apitypes.EventCancel, apitypes.CancelReplaced
		return e, true
	}
	var first *prompt
	var at uint64
	for _, p := range b.prompts {
		if p.at != a.at {
			continue
		}
		rev := p.changed
		switch {
		case p.closed > 0:
			if rev = p.closed; rev <= a.from {
				continue
			}
		case !p.open || p.answered:
			continue
		}
		if rev > after && (first == nil || rev < at) {
			first, at = p, rev
		}
	}
	if o, found := b.orderFor(a, after); found && (first == nil || o.Cursor < at) {
		return o, true
	}
	if first == nil {
		return e, false
	}
	e.Cursor, e.ID = at, first.id
	switch {
	case first.closed > 0:
		e.Kind, e.Reason = apitypes.EventCancel, apitypes.CancelOver
	case first.asked > after:
		e.Kind, e.Prompt = apitypes.EventAsk, b.view(first)
	default:
		e.Kind, e.Prompt = apitypes.EventUpdate, b.view(first)
	}
	return e, true
}

// enter checks that a call about a prompt comes from the session it was made
// for, and returns the prompt, which is nil if nothing is known of it any more.
func (b *Broker) enter(peer localsock.Peer, id, agentID, nonce string) (*prompt, place, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a, err := b.agentOf(peer, agentID)
	if err != nil {
		return nil, place{}, err
	}
	_, session, ok := splitID(id)
	if !ok || session != a.at.session || !b.nonceFits(id, a.Owner, nonce) {
		return nil, place{}, &apitypes.Error{Code: apitypes.CodeForbidden, Message: "this prompt was not made for this session"}
	}
	return b.prompts[key{id, a.Owner}], a.at, nil
}

// Shown takes note that a prompt is on the screen. A list to which programs were
// added since is no news for the core: the agent has the newer one to show.
func (b *Broker) Shown(_ context.Context, peer localsock.Peer, id string, s apitypes.Shown) error {
	p, _, err := b.enter(peer, id, s.Agent, s.Nonce)
	if err != nil || p == nil {
		return err
	}
	b.mu.Lock()
	if s.Revision == p.work.Ask.Added {
		p.shown = p.open
	}
	b.mu.Unlock()
	return b.tellShown(p)
}

// Failed takes note that a prompt cannot be shown, or went away unanswered.
func (b *Broker) Failed(_ context.Context, peer localsock.Peer, id string, f apitypes.Failed) error {
	if !slices.Contains([]string{apitypes.FailedNoDisplay, apitypes.FailedError, apitypes.FailedGone}, f.Reason) {
		return badRequest("a prompt fails by no_display, error or superseded")
	}
	p, _, err := b.enter(peer, id, f.Agent, f.Nonce)
	if err != nil || p == nil {
		return err
	}
	return b.tellFailed(p, f.Reason)
}

// Answer hands a person's answer to the core and returns its verdict. An error
// means that there is none yet: the agent sends the answer again.
func (b *Broker) Answer(ctx context.Context, peer localsock.Peer, id string, a apitypes.Answer) (apitypes.AnswerResult, error) {
	p, at, err := b.enter(peer, id, a.Agent, a.Nonce)
	if err != nil {
		return apitypes.AnswerResult{}, err
	}
	window, session, _ := splitID(id) // enter has checked it
	return b.record(ctx, p, at.owner, events.UserAnswered{Window: window, Session: session, Seen: a.Revision, Choice: events.Choice(a.Choice)})
}

// record hands an answer to the core. p is its prompt, nil if nothing is known of it
// any more.
func (b *Broker) record(ctx context.Context, p *prompt, owner string, in events.UserAnswered) (apitypes.AnswerResult, error) {
	asked, cursor := b.askedBy(p)
	result := func(state string) (apitypes.AnswerResult, error) {
		r := apitypes.AnswerResult{Schema: apitypes.SchemaAnswered, State: state}
		if state == apitypes.AnswerRecorded || state == apitypes.AnswerAlready {
			r.Cursor = cursor
			b.answered(p, asked)
		}
		return r, nil
	}
	if in.Choice != events.ChoiceDefer && in.Choice != events.ChoiceRecheck && in.Choice != events.ChoiceKill {
		return result(apitypes.AnswerRefused)
	}
	err := b.c.Core.Deliver(ctx, owner, in)
	switch {
	case err == nil:
		return result(apitypes.AnswerRecorded)
	case errors.Is(err, ErrAlreadyRecorded):
		return result(apitypes.AnswerAlready)
	case errors.Is(err, ErrTooLate):
		return result(apitypes.AnswerTooLate)
	case errors.Is(err, ErrChanged):
		return result(apitypes.AnswerChanged)
	case errors.Is(err, ErrRefused):
		return result(apitypes.AnswerRefused)
	}
	return apitypes.AnswerResult{}, fmt.Errorf("cannot record the answer to %s: %w", promptID(in.Window, in.Session), err)
}

// askedBy is the effect that asks now, and the last change of what it asks.
func (b *Broker) askedBy(p *prompt) (by *effect, changed uint64) {
	if p == nil {
		return nil, 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return p.by, p.changed
}

// answered keeps a prompt from being asked again while it is still open. What
// came up while the answer was on its way is not answered by it.
func (b *Broker) answered(p *prompt, by *effect) {
	if p == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.by == by || p.by == nil {
		p.answered = true
	}
}
