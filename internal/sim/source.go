// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"errors"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/effects"
)

// source is how the outside is to be reached.
type source struct {
	out     int64 // source and depot cannot be reached until then
	blind   int64 // nor can the list of sessions
	dim     int64 // nor the whole list of programs
	held    bool  // read or written by somebody
	waiting []*task
}

var errOut = errors.New("the source does not answer")

// hold keeps everybody else from the source.
func (w *world) hold(t *task) error {
	for w.source.held {
		w.source.waiting = append(w.source.waiting, t)
		if err := t.block(); err != nil {
			return err
		}
	}
	w.source.held = true
	return nil
}

func (w *world) release() {
	w.source.held = false
	for _, t := range w.source.waiting {
		t.wakeIn(0)
	}
	w.source.waiting = w.source.waiting[:0]
}

// poll brings in what the source shows.
func (w *world) poll(t *task, trigger string) error {
	if err := w.hold(t); err != nil {
		return err
	}
	defer w.release()
	if w.now < w.source.out {
		return errOut
	}
	in := events.RequestsObserved{Trigger: trigger}
	var o events.Order
	for _, p := range w.products { // in an order in which, but for circles, nobody needs a later one
		in.Requests = append(in.Requests, w.offer(p))
		if p.row.ActionRequest == events.ActionAlways && trigger != "poll" {
			p.always++
		}
		if p.row.ActionRequest != events.ActionNone {
			o.Sequence = append(o.Sequence, p.id)
			if len(p.needs) > 0 {
				if o.Requires == nil {
					o.Requires = map[string][]events.Requirement{}
				}
				for _, id := range p.needs {
					o.Requires[p.id] = append(o.Requires[p.id], events.Requirement{Product: id})
				}
			}
		}
	}
	if len(o.Sequence) > 0 {
		in.Order = &o
	}
	err := w.daemon.submit(t, "source", in)
	if errors.Is(err, fsm.ErrNothing) {
		return nil
	}
	return err
}

// pollEvery looks at the source from a start of the daemon on.
func (w *world) pollEvery(t *task) {
	trigger := "start"
	for {
		err := w.poll(t, trigger)
		pause := 4 * hour
		if err == nil {
			trigger = "poll"
		} else {
			pause = 10 * minute
		}
		if t.sleep(pause) != nil {
			return
		}
	}
}

// report makes the source show a report.
func (w *world) report(t *task, r events.Report, req events.Request, done func() error) error {
	if err := w.hold(t); err != nil {
		return err
	}
	defer w.release()
	p := w.product(r.ProductID)
	switch {
	case w.now < w.source.out:
		return errOut
	case w.now < p.refusing:
		return effects.ErrRefused
	}
	lost := !w.calm && w.c.one(12)
	take := func() {
		if p.row.ActionRequest != req.Row.ActionRequest {
			r.ActionRequest = p.row.ActionRequest // a newer request stays
		}
		p.row, p.touched = r, false
		w.judge.shows(p)
	}
	if err := w.cross("report", take, nil); err != nil {
		return err
	}
	if lost { // the report arrived, its acknowledgement did not
		return errOut
	}
	err := done()
	if !w.calm && w.c.one(12) && err == nil {
		err = done() // and this one came twice
	}
	return err
}
