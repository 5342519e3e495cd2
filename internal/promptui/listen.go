// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/localclient"
)

// backoff is the wait before another try: from 200 ms up to 5 s, never the same
// for all agents of a machine.
type backoff struct{ n int }

func (b *backoff) reset() { b.n = 0 }

func (b *backoff) wait(ctx context.Context) {
	d := min(200*time.Millisecond<<min(b.n, 5), 5*time.Second)
	b.n++
	t := time.NewTimer(d/2 + rand.N(d/2))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// listen keeps up the connection and brings in what the daemon says. It returns
// when there is no hope any more, or ctx has ended.
func (a *agent) listen(ctx context.Context) error {
	var pause backoff
	down := false
	for ctx.Err() == nil {
		w, err := a.Daemon.Hello(ctx, apitypes.Hello{Kind: a.Front.Kind(), Languages: a.Languages, Holding: a.holding(), Closes: a.Session != nil})
		if err == nil {
			if down {
				down = false
				a.Front.Report(a.Texts.Text("agent.reached", nil))
			}
			a.rename(w.Agent)
			err = a.follow(ctx, w.Agent, pause.reset)
		}
		if ctx.Err() != nil {
			break // what is left is said under the last name
		}
		a.rename("")
		if !hopeful(err) {
			return err
		}
		if errors.Is(err, localclient.ErrNotRunning) && !down {
			down = true
			a.Front.Report(a.Texts.Text("agent.not_running", i18n.Data{"Socket": a.Socket}))
		}
		pause.wait(ctx)
	}
	return nil
}

// follow takes in events until the connection fails.
func (a *agent) follow(ctx context.Context, name string, good func()) error {
	var cursor uint64
	for {
		e, err := a.Daemon.Next(ctx, name, cursor)
		if err != nil {
			return err
		}
		good()
		cursor = e.Cursor
		switch e.Kind {
		case apitypes.EventAsk, apitypes.EventUpdate:
			if e.Prompt != nil && e.Prompt.ID == e.ID {
				a.ask(ctx, e)
			}
		case apitypes.EventClose:
			if e.Order != nil {
				go a.carryOut(ctx, name, *e.Order)
			}
		case apitypes.EventCancel:
			if e.ID == "" {
				return ErrReplaced
			}
			a.drop(e.ID)
		}
	}
}

// ask queues a window, or changes the one that is there. A daemon that asks for
// one that is on the screen already may not know that it is.
func (a *agent) ask(ctx context.Context, e apitypes.PromptEvent) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.take(ctx, e)
}

// take is ask. The caller holds mu.
func (a *agent) take(ctx context.Context, e apitypes.PromptEvent) {
	p := *e.Prompt
	if e.Cursor <= a.done[p.ID] {
		return // the answer overtook this event
	}
	h := a.held[p.ID]
	if h != nil {
		h.late = &e
		if !h.again || p.Revision == h.seen {
			return // the answer is on its way, or the list that it lacked
		}
		delete(a.held, p.ID)
	}
	for _, it := range a.queue {
		if it.id == p.ID && it.ctx.Err() == nil {
			it.last = e
			it.win.set(p)
			if e.Kind == apitypes.EventAsk && it.win.isShown() {
				go a.shown(it)
			}
			return
		}
	}
	it := &item{id: p.ID, last: e}
	it.ctx, it.cancel = context.WithCancel(ctx)
	it.win = newWindow(p, func() { go a.shown(it) })
	if h != nil {
		it.win.Again = true
		a.queue = slices.Insert(a.queue, 0, it) // it was this one's turn
	} else {
		a.queue = append(a.queue, it)
	}
	select {
	case a.filled <- struct{}{}:
	default: // it is told already
	}
}

// shown tells the daemon that a window is on the screen, while it is.
func (a *agent) shown(it *item) {
	var pause backoff
	for it.ctx.Err() == nil && pause.n < 8 {
		p, _ := it.win.Prompt()
		if a.Daemon.Shown(it.ctx, p.ID, apitypes.Shown{Agent: a.agentName(), Nonce: p.Nonce, Revision: it.win.onScreen()}) == nil {
			return
		}
		pause.wait(it.ctx)
	}
}

// drop takes a window away.
func (a *agent) drop(id string) {
	a.mu.Lock()
	h := a.held[id]
	unheard := h != nil && h.again // the person chose, and was told nothing since
	defer func() {
		a.mu.Unlock()
		if unheard {
			a.Front.Say(a.over(h.about))
		}
	}()
	if h != nil {
		h.late = nil
	}
	if unheard {
		delete(a.held, id)
	}
	for _, it := range a.queue {
		if it.id == id {
			it.cancel() // whoever comes to it takes it out of the queue
		}
	}
}

func (a *agent) holding() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var ids []string
	for _, it := range a.queue {
		if it.ctx.Err() == nil {
			ids = append(ids, it.id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(a.held)) {
		if a.held[id].again {
			ids = append(ids, id)
		}
	}
	return ids
}

// rename notes under which name the daemon knows the agent; "" = it does not.
func (a *agent) rename(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.name, a.done = name, map[string]uint64{}
	close(a.renamed)
	a.renamed = make(chan struct{})
}
