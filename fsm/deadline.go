// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"time"

	"github.com/quietsetup/quietsetup/events"
)

// deadline is the moment from which a product must not be put off any more, on the
// client's clock as it ticks now. It is a date of the calendar, so it follows the
// wall clock where that is set.
func (d *step) deadline(p *Product) (events.Moment, bool) {
	t, err := time.Parse(time.RFC3339, p.Policy.Deadline)
	if err != nil {
		return events.Moment{}, false // none, or a policy that no reader gives
	}
	t = t.UTC() // a moment is written so, whatever zone the date names
	return events.Moment{Clock: d.now.Clock + t.Sub(d.now.Wall).Milliseconds(), Wall: t}, true
}

// pastDeadline: what is asked from now on is the announced last time. The window
// still lasts its final notice, so nobody is surprised by a date.
func (d *step) pastDeadline(p *Product) bool {
	t, set := d.deadline(p)
	return set && !d.now.Before(t)
}

// rest is how long a product that was put off is left alone: not beyond its
// deadline, for the last notice comes then.
func (d *step) rest(p *Product, until events.Moment) events.Moment {
	t, set := d.deadline(p)
	if !set || !t.Before(until) {
		return until
	}
	soon := d.now.Add(events.Minute)
	if soon.Before(t) {
		return t
	}
	// It is here, or nearly. Whoever was asked just now had an ordinary window, or nobody
	// could be asked, so the last notice is still to come; after that the interval counts
	// again.
	if was := d.before.Product(p.ID); was != nil && (was.Window == nil && d.now.Before(t) || was.Window != nil && !was.Window.Final) {
		return soon
	}
	return until
}
