// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"errors"
	"slices"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// prompt is a window on the screen of a session. The agent keeps it, and an
// answer that was not acknowledged, while daemons come and go.
type prompt struct {
	window  string
	shown   int64 // first on the screen; what was added shows it anew
	first   int64
	list    []events.ProcessID // on the screen now
	added   uint64             // its mark
	choices []events.Choice
	text    events.Choice // what the text says happens at the end
	by      *task         // the work that keeps it open; over = the window is gone
	life    *life

	considered bool
	pressed    events.Choice
	seen       uint64 // mark of the list the person saw when she pressed
	sent       bool   // acknowledged
}

// gone: nobody keeps the window open any more. While there is no daemon it stays.
func (w *world) gone(p *prompt) bool { return p.by.done.Load() && p.life == w.life }

// display puts a window on the screen, or a new list into it.
func (w *world) display(t *task, s *session, work fsm.AskUsers) *prompt {
	i := slices.IndexFunc(s.prompts, func(p *prompt) bool { return p.window == work.Window.ID })
	if i < 0 {
		s.prompts = append(s.prompts, &prompt{window: work.Window.ID, first: w.now, shown: w.now})
		i = len(s.prompts) - 1
	}
	p := s.prompts[i]
	p.by, p.life = t, t.life
	p.choices, p.text = work.Window.Choices, work.Window.Default
	if p.added != work.Ask.Added { // the person has not read this list
		p.shown, p.pressed, p.sent, p.considered = w.now, "", false, false
	}
	p.added = work.Ask.Added
	p.list = p.list[:0:0]
	for _, q := range work.Ask.Programs {
		p.list = append(p.list, q.ProcessID)
	}
	w.judge.onScreen(p)
	if p.shown == w.now {
		w.judge.displayed(s, p)
		w.trouble(25, minute)
	}
	w.consider(s, p)
	return p
}

// consider lets a person who is there decide what to press, and when.
func (w *world) consider(s *session, p *prompt) {
	if !s.present() || p.considered {
		return
	}
	p.considered = true
	var choice events.Choice
	n := w.c.below(100)
	switch t := s.who.temper; {
	case n < t.later:
		choice = events.ChoiceDefer
	case n < t.later+t.again:
		choice = events.ChoiceRecheck
	case n < t.later+t.again+t.kill:
		choice = events.ChoiceKill
	default:
		return // lets it pass
	}
	if !slices.Contains(p.choices, choice) {
		if choice = events.ChoiceKill; w.c.one(2) && !w.calm {
			return
		}
	}
	slow := of(w.c, 8*second, 20*second, 50*second, 10*minute)
	if w.calm {
		slow = 8 * second
	}
	w.after(w.c.span(2*second, slow), func() { w.press(s, p, choice) })
}

// press is a person's answer. The agent hands it in until it is acknowledged.
func (w *world) press(s *session, p *prompt, choice events.Choice) {
	if !s.present() || p.pressed != "" || w.gone(p) || !slices.Contains(s.prompts, p) {
		p.considered = false
		return
	}
	if choice == events.ChoiceRecheck && w.c.one(2) { // closed it herself before
		for _, q := range w.programs {
			if slices.Contains(p.list, q.ProcessID) && q.owner == s.who.owner {
				w.endProgram(q)
				break
			}
		}
	}
	p.pressed, p.seen = choice, p.added
	w.judge.pressed(s, p)
	w.spawn(nil, func(t *task) { w.handIn(t, s, p) })
}

// handIn sends an answer again and again until the daemon says what became of it.
func (w *world) handIn(t *task, s *session, p *prompt) {
	choice, seen := p.pressed, p.seen
	for !s.gone && p.pressed == choice && p.seen == seen && !p.sent {
		err := errDead
		if w.life != nil {
			err = w.daemon.submit(t, s.who.owner, events.UserAnswered{Window: p.window, Session: s.id, Seen: seen, Choice: choice})
		}
		switch {
		case err == nil, errors.Is(err, fsm.ErrAlreadyRecorded), errors.Is(err, fsm.ErrNothing):
			p.sent = true
			w.judge.acknowledged(s, p, choice)
		case errors.Is(err, fsm.ErrTooLate), errors.Is(err, fsm.ErrRefused), errors.Is(err, fsm.ErrStale):
			p.sent = true
		case errors.Is(err, fsm.ErrChanged): // asked again with the new list
			if p.seen == seen {
				p.pressed, p.considered = "", false
			}
			return
		default:
			if err := t.sleep(5 * second); err != nil {
				return
			}
		}
	}
}

// Ask keeps one session's window open.
func (h *hands) Ask(ctx context.Context, work fsm.AskUsers, shown func() error, failed func(string) error) error {
	w, t := h.w, h.t
	if err := t.sleep(w.c.span(50, second)); err != nil {
		return err
	}
	s := w.session(work.Ask.Session, work.Ask.Owner)
	if s == nil || !s.agent {
		if err := t.sleep(20 * second); err != nil { // it may come yet
			return err
		}
		if s = w.session(work.Ask.Session, work.Ask.Owner); s == nil || !s.agent {
			return failed("no_agent")
		}
	}
	if err := w.cross("show", func() { w.display(t, s, work) }, nil); err != nil {
		return err
	}
	if err := shown(); err != nil && !errors.Is(err, fsm.ErrNothing) {
		return err
	}
	for !s.gone {
		if err := t.block(); err != nil {
			return err
		}
	}
	return failed("superseded")
}
