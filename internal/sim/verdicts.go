// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"slices"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

// event judges one decision and takes it into the judge's own files.
func (j *judge) event(did []events.Event, i int, e events.Event) {
	switch e := e.(type) {
	case events.OrderChanged:
		j.order = e.Order
		return
	case events.HoldPlaced:
		if e.Product == "" {
			j.hold = true
		} else {
			j.of(e.Product).held = true
		}
		return
	case events.ModeChanged:
		j.watch = e.Observe
		return
	case events.HoldReleased:
		if e.Product == "" {
			j.hold = false
		} else {
			j.of(e.Product).held = false
		}
		return
	}
	id := e.About()
	if id == "" {
		return
	}
	f := j.of(id)
	switch e := e.(type) {
	case events.Accepted:
		j.accepted(f, e)
	case events.Retargeted:
		f.next = &e.Request
	case events.ChecksStarted:
		if f.round, f.rechecks = e.Round, 0; f.next != nil {
			f.request, f.next = *f.next, nil
		}
		j.mayWork(f, "a round begins")
		j.inOrder(f)
	case events.RoundPrepared:
		if e.Policy != nil {
			f.policy = *e.Policy
		}
		if e.Package != nil {
			f.pkg = *e.Package
		}
	case events.WindowOpened:
		j.mayAct(f, "a window is opened")
		w := e.Window
		w.Asks = slices.Clone(w.Asks)
		f.window, f.opened, f.epoch, f.late = &w, j.w.now, j.epoch, nil
		j.promises(f, w)
	case events.ProgramsChanged:
		f.joins(e)
	case events.Answered:
		j.answers[answer{e.Window, e.Session, e.Choice}] = true
	case events.WindowClosed:
		f.last, f.window = f.window, nil
		if e.Why == "expired" {
			j.expired(f, did[i+1:])
		}
	case events.Rechecked:
		if f.rechecks++; e.N != f.rechecks || e.N > f.policy.MaxRecheck {
			j.fault("%s: recheck %d, really %d of %d", id, e.N, f.rechecks, f.policy.MaxRecheck)
		}
	case events.Deferred:
		j.deferred(f, e, did[:i])
	case events.CountersReset:
		if f.resets++; f.resets > j.w.product(id).resets {
			j.fault("%s: its counters begin anew, and nobody ordered it", id)
		}
		f.counters = [7]counter{}
	case events.CloseAgreed:
		j.mayAct(f, "programs are closed")
		f.closing = &e
		j.agreed(f, e)
	case events.Finished:
		f.outcome = e.Outcome
		if e.Ran || e.Outcome == events.OutcomeFailed || e.Outcome == events.OutcomeWithdrawn {
			*f.counter() = counter{}
		}
		j.finished(f, e)
	case events.ReportAccepted:
		if p := j.w.product(id); !slices.ContainsFunc(p.shown, func(r events.Report) bool { return sameReport(r, e.Report) }) {
			j.fault("%s: the source is said to show %+v, and never did", id, e.Report)
		}
	default:
		j.attempt(f, e)
	}
}

// sameReport compares what the source shows with what it was told to. A newer
// request stays in it.
func sameReport(a, b events.Report) bool {
	a.ActionRequest = b.ActionRequest
	return a == b
}

// accepted: a run needs a wish of the admin that no other run was begun for.
func (j *judge) accepted(f *file, e events.Accepted) {
	p := j.w.product(f.id)
	f.run, f.request, f.action, f.outcome = e.Run, e.Request, e.Request.Row.ActionRequest, ""
	f.tries, f.closing, f.next, f.round = nil, nil, nil, 0
	if p.runs++; p.runs > p.asked+p.always {
		j.fault("%s: %d runs for %d wishes", f.id, p.runs, p.asked+p.always)
	}
}

// mayWork: nothing is begun under a hold.
func (j *judge) mayWork(f *file, what string) {
	if j.hold || f.held {
		j.fault("%s: %s under a hold", f.id, what)
	}
}

// mayAct: nothing is done under a hold, nor in observe mode.
func (j *judge) mayAct(f *file, what string) {
	j.mayWork(f, what)
	if j.watch {
		j.fault("%s: %s in observe mode", f.id, what)
	}
}

// requires lists what the log knows to come before a product.
func (j *judge) requires(f *file) []string {
	if !slices.Contains(j.order.Sequence, f.id) {
		return f.request.Requires
	}
	var ids []string
	for _, r := range j.order.Requires[f.id] {
		ids = append(ids, r.Product)
	}
	return ids
}

// inOrder: nobody overtakes what it requires.
func (j *judge) inOrder(f *file) {
	for _, id := range j.requires(f) {
		q := j.of(id)
		if q.run > 0 && q.outcome != events.OutcomeOK && q.outcome != events.OutcomeWithdrawn && !j.circle(q, f.id, 0) {
			j.fault("%s overtakes %s (%q), which it requires", f.id, id, q.outcome)
		}
	}
}

func (j *judge) circle(q *file, id string, deep int) bool {
	if deep > len(j.files) {
		return false
	}
	return slices.ContainsFunc(j.requires(q), func(r string) bool { return r == id || j.circle(j.of(r), id, deep+1) })
}

// deferred: what counts was pressed, or passed before the eyes of somebody.
func (j *judge) deferred(f *file, e events.Deferred, before []events.Event) {
	k := f.counter()
	if j.watch && (e.Counted || e.Reason == events.ReasonUnanswered) {
		j.fault("%s: it is counted in observe mode", f.id)
	}
	if !e.Counted {
		if e.Count != k.defers {
			j.fault("%s: %d defers told, really %d", f.id, e.Count, k.defers)
		}
		switch e.Reason {
		case events.ReasonUser, events.ReasonTimeout, events.ReasonRecheckLimit:
			j.fault("%s: put off because of %s, and not counted", f.id, e.Reason)
		}
		if e.Reason == events.ReasonUnanswered {
			k.unanswered++
		}
		return
	}
	k.defers++
	j.w.res.Defers++
	if e.Count != k.defers || e.Count > f.policy.MaxDefer {
		j.fault("%s: defer %d counted, really %d of %d", f.id, e.Count, k.defers, f.policy.MaxDefer)
	}
	switch e.Reason {
	case events.ReasonUser:
		ok := false
		for _, b := range before {
			if a, is := b.(events.Answered); is && a.Choice == events.ChoiceDefer {
				ok = j.w.didPress(a.Window, a.Session, a.Choice)
			}
		}
		if !ok {
			j.fault("%s: a defer is counted that nobody pressed", f.id)
		}
	case events.ReasonTimeout:
		if f.last == nil || !j.passed(f) {
			j.fault("%s: a defer is counted for a window that nobody let pass", f.id)
		}
	case events.ReasonRecheckLimit:
		if f.rechecks < f.policy.MaxRecheck || f.rechecks == 0 {
			j.fault("%s: a defer is counted for %d rechecks of %d", f.id, f.rechecks, f.policy.MaxRecheck)
		}
	default:
		j.fault("%s: a defer is counted because of %s", f.id, e.Reason)
	}
}

// passed: somebody at the machine had the window on the screen and let its time run out.
func (j *judge) passed(f *file) bool {
	for _, s := range j.w.sessions {
		for _, p := range s.prompts {
			if p.window == f.last.ID && !s.locked && !s.away && (s.idle < 0 || s.idle > p.shown) {
				return true
			}
		}
	}
	return false
}

// promises: default, highlighted choice and text are one thing, and what the policy says.
func (j *judge) promises(f *file, w events.Window) {
	want := f.policy.DefaultAction
	if w.Final {
		want = f.policy.DeferAction
	}
	if w.Default != want {
		j.fault("%s: the window says %s, the policy %s", w.ID, w.Default, want)
	}
	if offered := slices.Contains(w.Choices, events.ChoiceDefer); offered == w.Final || w.Final != (f.counter().defers >= f.policy.MaxDefer || f.policy.Urgent || j.due(f)) {
		j.fault("%s: final %v, later offered %v, %d defers of %d, urgent %v, deadline %s", w.ID, w.Final, offered, f.counter().defers, f.policy.MaxDefer, f.policy.Urgent, f.policy.Deadline)
	}
}

// due: the wall clock is not before the product's deadline.
func (j *judge) due(f *file) bool {
	t, err := time.Parse(time.RFC3339, f.policy.Deadline)
	wall, _, _ := j.w.clock()
	return err == nil && !wall.Before(t)
}

// expired: at its end a window does what its text said, or nothing.
func (j *judge) expired(f *file, then []events.Event) {
	w := f.last
	if f.epoch == j.epoch && j.w.now-f.opened < w.Deadline.Clock-w.Opened.Clock {
		j.fault("%s ends after %d ms of %d", w.ID, j.w.now-f.opened, w.Deadline.Clock-w.Opened.Clock)
	}
	if len(then) == 0 {
		j.fault("%s ends and nothing follows", w.ID)
		return
	}
	did := events.Choice("")
	switch e := then[0].(type) {
	case events.Deferred:
		if e.Reason == events.ReasonUnanswered || e.Reason == events.ReasonUnlock {
			return // nobody saw it
		}
		did = events.ChoiceDefer
	case events.CloseAgreed:
		did = events.ChoiceKill
	case events.Finished:
		did = events.ChoiceFail
		if f.policy.Unanswered == events.ChoiceFail && f.counter().unanswered+1 >= f.policy.MaxUnanswered {
			return
		}
	}
	if did != w.Default {
		j.fault("%s said %s and did %s", w.ID, w.Default, did)
	}
	for _, s := range j.w.sessions {
		for _, p := range s.prompts {
			if p.window == w.ID && p.text != did {
				j.fault("%s showed that it does %s, and did %s", w.ID, p.text, did)
			}
		}
	}
}

// joins takes over who is asked now in an open window.
func (f *file) joins(e events.ProgramsChanged) {
	if f.window == nil || f.window.ID != e.Window {
		return
	}
	w := *f.window
	for _, a := range e.Asks {
		if !slices.ContainsFunc(w.Asks, func(o events.Ask) bool { return o.Session == a.Session && o.Owner == a.Owner }) {
			if f.late == nil {
				f.late = map[string]bool{}
			}
			f.late[a.Session+a.Owner] = true
		}
	}
	w.Asks = e.Asks
	f.window = &w
}
