// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"github.com/quietsetup/quietsetup/events"
)

// Why programs are being closed.
const (
	closeAsked        = "asked"         // everybody concerned agreed; a program may refuse
	closeAnnounced    = "announced"     // the last window said so and its time is over
	closeTimeout      = "timeout"       // the window said so (default_action = kill) and its time is over
	closeRecheckLimit = "recheck_limit" // max_recheck_action = kill
	closeAlone        = "alone"         // nobody is there and alone_action = kill
)

// calmAfterUnlock is how long nothing is closed after a session was unlocked or
// the machine woke: its user has only just come back.
const calmAfterUnlock = 15 * events.Minute

// closed decides what a closing left behind.
func (d *step) closed(p *Product, in events.CloseObserved) {
	d.people(in.Seen)
	if in.NotTried != "" {
		e := events.Deferred{Product: p.ID, Reason: events.ReasonUnlock, Count: p.Counter().Defers}
		switch in.NotTried {
		case "locked":
		case "unknown":
			e.Reason, e.Until = events.ReasonPeopleUnknown, d.now.Add(events.Minute)
		default:
			e.Until = d.now.Add(calmAfterUnlock)
		}
		d.emit(e)
		return
	}
	left := in.Seen.Blocking()
	if in.Seen.Complete && len(left) == 0 {
		d.clear(p)
		return
	}
	r := events.ReasonRespawned
	if !in.Seen.Complete {
		r = events.ReasonUnknown
	}
	for _, t := range p.Closing.Targets {
		if has(left, t.ProcessID) {
			r = events.ReasonRefused
		}
	}
	d.sendBack(p, r, names(left))
}

// sendBack begins the check again inside the round, twice at most.
func (d *step) sendBack(p *Product, r events.Reason, detail string) {
	if p.Returns < maxReturns {
		d.emit(events.SentBack{Product: p.ID, Reason: r, Returns: p.Returns + 1})
		return
	}
	d.emit(events.Deferred{Product: p.ID, Reason: r, Detail: detail, Count: p.Counter().Defers, Until: d.interval(p, false)})
}
