// SPDX-License-Identifier: Apache-2.0

package prompts

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// StandIn shows windows where a session has no agent, by something that is not ours.
// That a person saw such a window it cannot prove, so the core never hears that one
// is shown: without an answer nobody counts as asked.
type StandIn interface {
	// Show shows a prompt in a session of owner until it is answered, and returns the
	// choice. ErrPassed says that it was shown to its end; any other error that it
	// cannot be shown, or is not shown any more. When ctx ends it returns soon.
	Show(ctx context.Context, session, owner string, p apitypes.Prompt) (choice string, err error)
}

// ErrPassed: a stand-in showed a window to its end, and there was no answer.
var ErrPassed = errors.New("the window went by without an answer")

// noAgent is the reason of a window in a session without an agent.
const noAgent = "no_agent"

// repeat is how long after an answer that could not be recorded it is handed in again.
const repeat = time.Second

// standIn has the stand-in show a prompt. The channel gives the reason why it is on no
// screen, "" if the core hears of the rest by itself. dismiss ends it and waits for
// that; a window may go on to be seen, but what it is told then is not heard.
func (b *Broker) standIn(ctx context.Context, p *prompt) (stood <-chan string, dismiss func()) {
	ctx, cancel := context.WithCancel(ctx)
	out := make(chan string, 1)
	var running sync.WaitGroup
	running.Go(func() { out <- b.showByStandIn(ctx, p) })
	return out, func() { cancel(); running.Wait() }
}

func (b *Broker) showByStandIn(ctx context.Context, p *prompt) (reason string) {
	if b.c.StandIn == nil {
		return noAgent
	}
	for ctx.Err() == nil {
		b.mu.Lock()
		v, window, answered := *b.view(p), p.work.Window.ID, p.answered
		p.stood = true
		b.mu.Unlock()
		if answered { // by an agent that has gone since
			return ""
		}
		choice, err := b.c.StandIn.Show(ctx, p.at.session, p.at.owner, v)
		switch {
		case err == nil:
		case ctx.Err() != nil, errors.Is(err, ErrPassed):
			return "" // the deadline is the core's
		default:
			b.mu.Lock()
			p.stood = false
			b.mu.Unlock()
			return noAgent
		}
		switch b.recordSurely(ctx, p, events.UserAnswered{Window: window, Session: p.at.session, Seen: v.Revision, Choice: events.Choice(choice)}) {
		case apitypes.AnswerChanged: // the newer list is asked about
		case apitypes.AnswerRefused:
			return apitypes.FailedError
		default:
			return ""
		}
	}
	return ""
}

// recordSurely hands in an answer until there is a verdict or ctx has ended; that
// breaks off none that is on its way. Nobody else keeps it.
func (b *Broker) recordSurely(ctx context.Context, p *prompt, in events.UserAnswered) (state string) {
	for {
		r, err := b.record(context.WithoutCancel(ctx), p, p.at.owner, in)
		if err == nil {
			return r.State
		}
		select {
		case <-ctx.Done():
			return ""
		case <-time.After(repeat):
		}
	}
}

// standsIn reports whether the stand-in shows a prompt.
func (b *Broker) standsIn(p *prompt) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return p.stood && b.agents[p.at] == nil
}
