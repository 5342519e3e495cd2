// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"context"
	"errors"
	"slices"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// held is an answer that was given and has not come to its end.
type held struct {
	seen  uint64                // revision of what was on the screen
	late  *apitypes.PromptEvent // what the daemon last asked; nil = the prompt was cancelled
	about apitypes.Prompt       // as it was when it was answered
	// again: the daemon has programs that were not on the screen; the window comes
	// again with them.
	again bool
}

// answer keeps an answer and hands it in until the daemon has said what became
// of it, or late ends. The channel is closed when it has. If the answer did not
// count, the window is queued again, to live as long as ctx.
func (a *agent) answer(ctx, late context.Context, it *item, choice string) <-chan struct{} {
	p, _ := it.win.Prompt()
	a.mu.Lock()
	h := &held{seen: it.win.onScreen(), about: p}
	if it.ctx.Err() == nil {
		h.late = &it.last
	}
	a.held[p.ID] = h
	a.queue = slices.DeleteFunc(a.queue, func(o *item) bool { return o == it })
	a.mu.Unlock()
	done := make(chan struct{})
	a.answers.Add(1)
	go func() {
		defer a.answers.Done()
		defer close(done)
		state := a.deliver(late, p, h.seen, choice)
		a.mu.Lock()
		over := h.late == nil
		h.again = state == apitypes.AnswerChanged && !over
		if h.again {
			a.take(ctx, *h.late) // the list that came meanwhile, or else it is waited for
		} else {
			delete(a.held, p.ID)
		}
		a.mu.Unlock()
		if text := a.verdict(state, choice, p, over); text != "" {
			a.Front.Say(text)
		}
	}()
	return done
}

// deliver returns the final state of an answer, "" if ctx ended before there was
// one. A lost connection changes nothing: prompt and nonce stay valid, and an
// answer that arrived before is "already recorded".
func (a *agent) deliver(ctx context.Context, p apitypes.Prompt, seen uint64, choice string) string {
	var pause backoff
	for ctx.Err() == nil {
		a.mu.Lock()
		name, renamed := a.name, a.renamed
		a.mu.Unlock()
		if name == "" {
			select {
			case <-renamed:
			case <-ctx.Done():
			}
			continue
		}
		r, err := a.Daemon.Answer(ctx, p.ID, apitypes.Answer{Agent: name, Nonce: p.Nonce, Revision: seen, Choice: choice})
		if err == nil {
			a.mu.Lock()
			if a.name == name {
				a.done[p.ID] = r.Cursor
			}
			a.mu.Unlock()
			return r.State
		}
		var e *apitypes.Error
		if errors.As(err, &e) && (e.Code == apitypes.CodeForbidden || e.Code == apitypes.CodeBadRequest) {
			return apitypes.AnswerRefused
		}
		pause.wait(ctx)
	}
	return ""
}

// verdict says what became of an answer to a prompt; over: the window is closed.
// "" = the person sees it: the window comes again.
func (a *agent) verdict(state, choice string, p apitypes.Prompt, over bool) string {
	switch state {
	case apitypes.AnswerRecorded:
		switch choice {
		case apitypes.ChoiceDefer:
			return a.Texts.Text("agent.recorded_defer", nil)
		case apitypes.ChoiceRecheck:
			return a.Texts.Text("agent.recorded_recheck", nil)
		default:
			return a.Texts.Text("agent.recorded_kill", nil)
		}
	case apitypes.AnswerAlready:
		return a.Texts.Text("agent.already_recorded", nil)
	case apitypes.AnswerTooLate:
		return a.Texts.Text("agent.too_late", nil)
	case apitypes.AnswerChanged:
		if over {
			return a.over(p)
		}
	case apitypes.AnswerRefused:
		return a.Texts.Text("agent.refused", nil)
	}
	return ""
}
