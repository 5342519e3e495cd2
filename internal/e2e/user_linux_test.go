// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localclient"
)

// user is a person with an agent: it shows each prompt and answers as its plan
// says. Like the real agent it keeps an answer until it is acknowledged.
type user struct {
	plan   func(apitypes.Prompt) string // "" = does not answer
	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex
	shown   []apitypes.Prompt
	results []string
	acked   map[string]string // by prompt: the answer that was acknowledged
}

// login starts a user whose agent reconnects for ever.
func (m *machine) login(plan func(apitypes.Prompt) string) *user {
	ctx, cancel := context.WithCancel(context.Background())
	u := &user{plan: plan, cancel: cancel, done: make(chan struct{}), acked: map[string]string{}}
	m.user = u
	go func() {
		defer close(u.done)
		for ctx.Err() == nil {
			u.serve(ctx, m.socket())
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	return u
}

func (u *user) leave() {
	u.cancel()
	<-u.done
}

// prompts are the distinct prompts shown so far.
func (u *user) prompts() []apitypes.Prompt {
	u.mu.Lock()
	defer u.mu.Unlock()
	var out []apitypes.Prompt
	seen := map[string]bool{}
	for _, p := range u.shown {
		if !seen[p.ID] {
			seen[p.ID] = true
			out = append(out, p)
		}
	}
	return out
}

func (u *user) serve(ctx context.Context, socket string) {
	c := localclient.New(socket)
	defer c.Close()
	w, err := c.Hello(ctx, apitypes.Hello{Kind: apitypes.AgentTerminal, Languages: []string{"en"}})
	if err != nil {
		return
	}
	var cursor uint64
	for ctx.Err() == nil {
		e, err := c.Next(ctx, w.Agent, cursor)
		if err != nil {
			return
		}
		cursor = e.Cursor
		if e.Prompt == nil || e.Kind != apitypes.EventAsk && e.Kind != apitypes.EventUpdate {
			continue
		}
		if c.Shown(ctx, e.Prompt.ID, apitypes.Shown{Agent: w.Agent, Nonce: e.Prompt.Nonce, Revision: e.Prompt.Revision}) != nil {
			continue
		}
		u.mu.Lock()
		u.shown = append(u.shown, *e.Prompt)
		u.mu.Unlock()
		choice := u.decide(ctx, c, w.Agent, cursor, *e.Prompt)
		if choice == "" {
			continue
		}
		for ctx.Err() == nil {
			r, err := c.Answer(ctx, e.Prompt.ID, apitypes.Answer{Agent: w.Agent, Nonce: e.Prompt.Nonce, Revision: e.Prompt.Revision, Choice: choice})
			if err == nil {
				u.mu.Lock()
				u.results = append(u.results, r.State)
				if r.State == apitypes.AnswerRecorded || r.State == apitypes.AnswerAlready {
					u.acked[e.Prompt.ID] = choice
				}
				u.mu.Unlock()
				break
			}
			var api *apitypes.Error
			if errors.As(err, &api) && api.Code == apitypes.CodeUnknownAgent {
				return // say hello again; the prompt comes again
			}
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
}

// decide lets the person decide. An agent goes on asking for news while a window is
// open, or it counts as gone after five seconds. What it hears comes again.
func (u *user) decide(ctx context.Context, c *localclient.Client, agent string, cursor uint64, p apitypes.Prompt) string {
	asking, enough := context.WithCancel(ctx)
	var there sync.WaitGroup
	there.Go(func() {
		for asking.Err() == nil {
			_, _ = c.Next(asking, agent, cursor)
			select {
			case <-asking.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	defer there.Wait()
	defer enough()
	return u.plan(p)
}
