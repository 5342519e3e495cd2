// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"slices"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

// Failure is work that is due and ended with an error. It is tried again. It is
// not in the log: a restart begins the tries anew.
type Failure struct {
	Ticket events.Ticket
	Err    error
	Tries  int       // in a row
	Again  time.Time // when the next try begins, or began
}

// Failing lists what fails for a product, by the kind of work; "" is the client's
// own work.
func (e *Engine) Failing(product string) []Failure {
	e.mu.RLock()
	defer e.mu.RUnlock()
	var out []Failure
	for l, f := range e.failing {
		if l.product == product {
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(x, y Failure) int {
		return cmp.Or(cmp.Compare(x.Ticket.Kind, y.Ticket.Kind), cmp.Compare(x.Ticket.Session, y.Ticket.Session))
	})
	return out
}

// setFailing remembers how work ended that is tried again after a pause, and
// forgets what ended well or is not due any more.
func (e *Engine) setFailing(r result, tries int, pause time.Duration) {
	wall, _, _ := e.o.Clock.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.err == nil || expected(r.err) {
		delete(e.failing, laneOf(r.ticket))
		return
	}
	e.failing[laneOf(r.ticket)] = Failure{Ticket: r.ticket, Err: r.err, Tries: tries, Again: wall.Add(pause)}
}
