// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/effects"
)

// hands are what one piece of work touches the world with: the small interfaces
// of package effects, whose code is the real one.
type hands struct {
	w       *world
	t       *task
	product string
	watches bool
	until   func(events.Moment) events.Span
	moment  events.Span // left to the moment the work waits for, as last asked; 0 = it waits for none
}

// workers are the real workers with hands in the world.
func (w *world) workers(t *task, e fsm.Effect, until func(events.Moment) events.Span) *effects.Workers {
	h := &hands{w: w, t: t, product: e.Ticket.Product, watches: e.Ticket.Kind == events.KindWatch, until: until}
	return &effects.Workers{Timer: h, Looker: h, Packages: h, Asker: h, Closer: (*closer)(h), Installer: h, Detector: h, Reporter: h}
}

// closer is hands with the time of the standard library.
type closer hands

func (c *closer) Close(ctx context.Context, ps []events.Process, grace time.Duration, force bool) error {
	return (*hands)(c).Close(ctx, ps, grace.Milliseconds(), force)
}

// Sleep waits. A watch that sleeps between two looks sleeps until something has
// changed: the looks before would show the same. A work that waits for a moment
// sleeps until then, not in naps.
func (h *hands) Sleep(_ context.Context, d time.Duration) error {
	switch {
	case h.watches:
		h.w.watchers = append(h.w.watchers, h.t)
		h.t.wake = nil
		return h.t.block()
	case h.moment > 0:
		return h.t.sleep(int64(h.moment))
	case d <= 0:
		return nil
	}
	return h.t.sleep(d.Milliseconds())
}

func (h *hands) Until(m events.Moment) events.Span {
	h.moment = h.until(m)
	return h.moment
}

func (h *hands) Look(_ context.Context, p events.Package) events.Observation {
	if h.w.opt.bent.noLastLook && h.t.life != nil && h.starts() {
		return events.Observation{Scanned: true, Complete: true}
	}
	return h.w.look(p)
}

// starts: this is the look before the start of an installer.
func (h *hands) starts() bool {
	q := h.w.daemon.state().Product(h.product)
	return q != nil && q.Phase == events.PhaseInstalling
}

func (h *hands) LookAtPeople(context.Context) events.Observation { return h.w.lookAtPeople() }
func (h *hands) Alive(id events.ProcessID) bool                  { return h.w.lives(id) }

func (h *hands) Prepare(_ context.Context, req events.Request) (events.Policy, events.Package, *events.Problem, error) {
	if err := h.t.sleep(h.w.c.span(20, 2*second)); err != nil {
		return events.Policy{}, events.Package{}, nil, err
	}
	pol, pkg, problem := h.w.prepare(req)
	return pol, pkg, problem, nil
}

func (h *hands) Detect(_ context.Context, p events.Package, a events.Action, want string) events.Detection {
	if h.t.sleep(h.w.c.span(10, second)) != nil {
		return events.Detection{}
	}
	return h.w.detect(p, a, want)
}

func (h *hands) Report(_ context.Context, r events.Report, req events.Request, done func() error) error {
	if err := h.t.sleep(h.w.c.span(20, second)); err != nil {
		return err
	}
	return h.w.report(h.t, r, req, done)
}
