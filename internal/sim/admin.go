// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"strings"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// admin enters what those who run the machine do on a day.
func (w *world) admin() {
	for _, p := range w.products {
		if w.calm {
			continue // mendAll asks for what is missing
		}
		at := w.c.span(8*hour, 17*hour)
		if w.c.one(3) {
			at = w.c.span(0, day)
		}
		switch n := w.c.below(100); {
		case n < 14:
			w.during(at, func() { w.want(p, events.ActionSetup) })
		case n < 17:
			w.during(at, func() { w.want(p, w.someAction(p)) })
		case n < 19:
			w.during(at, func() { w.want(p, events.ActionNone) })
		case n < 23: // a new version, requested as such
			w.during(at, func() { p.version++; w.want(p, events.ActionSetup) })
		case n < 25: // a new version, quietly
			w.during(w.c.span(0, day), func() { p.version++ })
		case n < 27:
			w.during(w.c.span(0, day), func() { p.broken = true; w.after(w.c.span(minute, 12*hour), func() { p.broken = false }) })
		case n < 30:
			w.during(w.c.span(0, day), func() { w.setPolicy(p) })
		case n < 31:
			w.during(w.c.span(0, day), func() { p.refusing = w.now + w.c.span(minute, 2*day) })
		case n < 32:
			w.during(w.c.span(0, day), func() { p.needs = w.shuffledNeeds(p) })
		case n < 34:
			w.during(w.c.span(0, day), func() { w.order(events.DeferRequested{Product: p.id, Reason: "chance"}) })
		case n < 36:
			w.during(w.c.span(0, day), func() { w.order(events.ResumeRequested{Product: p.id, Reason: "chance"}) })
		case n < 37:
			w.during(w.c.span(0, day), func() {
				p.resets++
				w.order(events.ResetRequested{Product: p.id, Reason: "chance"})
			})
		case n < 39:
			w.during(w.c.span(0, day), func() { w.holdFor(p.id) })
		}
	}
	if !w.calm && w.c.one(40) {
		w.during(w.c.span(0, day), func() { w.holdFor("") })
	}
	if !w.calm && w.c.one(60) {
		w.during(w.c.span(0, day), func() {
			w.order(events.ModeChosen{Observe: true, Reason: "chance"})
			w.after(w.c.span(minute, 2*day), func() { w.order(events.ModeChosen{Reason: "chance"}) })
		})
	}
}

// someAction draws an action. One for which the package has no command is soon
// noticed.
func (w *world) someAction(p *product) events.Action {
	a := of(w.c, events.Actions()...)
	if len(p.pkg.CommandFor(a)) == 0 {
		w.after(w.c.span(minute, 8*hour), func() { w.want(p, events.ActionNone) })
	}
	return a
}

// shuffledNeeds draws anew what a product requires.
func (w *world) shuffledNeeds(p *product) []string {
	var out []string
	circles := w.c.one(6) // what two need of each other, nobody waits for
	for _, q := range w.products {
		if q == p && !circles {
			break
		}
		if q != p && w.c.one(3) {
			out = append(out, q.id)
		}
	}
	return out
}

// want makes a row want an action, and tells the daemon that there is something new.
func (w *world) want(p *product, a events.Action) {
	if a != events.ActionNone {
		p.asked++
	}
	p.row.ActionRequest, p.row.ActionProgress, p.touched = a, "", true
	if a != events.ActionNone {
		p.row.ActionResult = events.ResultNone
	}
	w.outside(func(t *task) { _ = w.poll(t, of(w.c, "operator", "poll")) }) // what is missed, the next poll brings
}

// order gives the daemon an operator's order.
func (w *world) order(in events.Input) {
	w.outside(func(t *task) { _ = w.daemon.submit(t, "uid:0", in) }) // a refusal is an answer
}

func (w *world) holdFor(id string) {
	w.order(events.HoldRequested{Product: id, Reason: "chance"})
	w.after(w.c.span(minute, 2*day), func() { w.order(events.ReleaseRequested{Product: id, Reason: "chance"}) })
}

// outside lets somebody outside of the daemon speak to it, if it runs.
func (w *world) outside(body func(*task)) {
	if w.life == nil {
		return
	}
	w.spawn(w.life, body)
}

// mendAll is what a good admin does on a calm day: packages are whole, nothing
// is held, and what failed is wanted again.
func (w *world) mendAll() {
	w.order(events.ReleaseRequested{Reason: "calm"})
	w.order(events.ModeChosen{Reason: "calm"})
	for _, p := range w.products {
		p.broken, p.refusing, p.how = false, 0, manner{}
		p.site.Set("active", true, "site")
		p.resolved = false
		if len(p.pkg.Uninstall) == 0 {
			p.pkg.Uninstall = []string{"remove"}
		}
		w.order(events.ReleaseRequested{Product: p.id, Reason: "calm"})
		if w.daemon.state() == nil {
			continue
		}
		q := w.daemon.state().Product(p.id)
		if q != nil && q.Phase == events.PhaseReported && (q.Outcome == events.OutcomeFailed || q.Outcome == events.OutcomeUnknown) {
			w.want(p, events.ActionSetup)
		}
	}
	for _, s := range w.sessions {
		s.agent = true
		s.who.temper = temper{kill: 100}
	}
	for _, s := range w.people {
		s.temper = temper{kill: 100}
	}
	for _, p := range w.programs {
		p.stays, p.returns = false, false
	}
	w.endHanging()
}

// ended: every request was carried out and the source shows how.
func (w *world) ended() bool {
	if w.life == nil {
		return false
	}
	c := w.daemon.state()
	for _, p := range w.products {
		if c == nil || w.missing(c, p) != "" {
			return false
		}
	}
	return true
}

// missing is what of a product has not ended yet, "" if all has.
func (w *world) missing(c *fsm.Client, p *product) string {
	q := c.Product(p.id)
	wanted := p.row.ActionRequest != events.ActionNone
	switch {
	case q == nil || q.Run == 0:
		if wanted {
			return "not accepted"
		}
	case q.Phase != events.PhaseReported || len(q.Owed) > 0:
		if q.Wait != nil {
			return string(q.Phase) + " (" + string(q.Wait.Reason) + " " + q.Wait.Detail + ")"
		}
		return string(q.Phase)
	case q.Outcome == events.OutcomeFailed || q.Outcome == events.OutcomeUnknown:
		return string(q.Outcome)
	case wanted && p.row.ActionRequest != events.ActionAlways:
		return "wanted still"
	}
	return ""
}

// open names what has not ended yet.
func (w *world) open() string {
	c := w.daemon.state()
	if c == nil {
		return "no daemon"
	}
	var out []string
	for _, p := range w.products {
		if s := w.missing(c, p); s != "" {
			out = append(out, p.id+" "+s)
		}
	}
	return strings.Join(out, ", ")
}
