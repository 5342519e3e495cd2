// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"context"
	"errors"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// answer keeps an answer and hands it in until the daemon has said what became
// of it. The channel is closed when it has.
func (a *agent) answer(ctx context.Context, p apitypes.Prompt, choice string) <-chan struct{} {
	a.mu.Lock()
	a.held[p.ID] = true
	a.mu.Unlock()
	done := make(chan struct{})
	a.answers.Add(1)
	go func() {
		defer a.answers.Done()
		defer close(done)
		state := a.deliver(ctx, p, choice)
		a.mu.Lock()
		delete(a.held, p.ID)
		a.mu.Unlock()
		if text := a.verdict(state, choice); text != "" {
			a.Front.Say(text)
		}
	}()
	return done
}

// deliver returns the final state of an answer, "" if ctx ended before there was
// one. A lost connection changes nothing: prompt and nonce stay valid, and an
// answer that arrived before is "already recorded".
func (a *agent) deliver(ctx context.Context, p apitypes.Prompt, choice string) string {
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
		r, err := a.Daemon.Answer(ctx, p.ID, apitypes.Answer{Agent: name, Nonce: p.Nonce, Choice: choice})
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

func (a *agent) verdict(state, choice string) string {
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
	case apitypes.AnswerRefused:
		return a.Texts.Text("agent.refused", nil)
	}
	return ""
}
