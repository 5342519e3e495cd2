// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"slices"

	"github.com/quietsetup/quietsetup/events"
)

// restarted is the whole of recovery: what the host shows, decided like any
// other input. Most work simply stays due.
//
//	checking    the look is made again
//	prompting   the same window with the same deadline; if that passed meanwhile, nobody is charged
//	killing     the targets are re-verified; those of an earlier boot are gone
//	installing  an intent without a living supervisor is probed, never run
func (d *step) restarted(in events.Restarted) {
	newBoot := d.boot != d.before.Clock.Boot
	d.emit(events.ClientRestarted{Clean: in.Clean, NewBoot: newBoot})
	if newBoot && len(d.c.Reboot) > 0 {
		d.emit(events.RebootDone{})
	}
	d.people(in.Seen)
	for _, p := range d.sorted() {
		switch p.Phase {
		case events.PhasePrompting:
			if p.Window != nil && !d.now.Before(p.Window.Deadline) {
				p = d.c.own(p.ID)
				d.endWindow(p, "expired_while_down")
				d.unanswered(p, d.interval(p, false))
			}
		case events.PhaseInstalling:
			a := p.Attempt
			if p.Outcome != "" || a == nil || a.Stage == StageExited || a.Stage == StageLost {
				continue
			}
			alive := slices.ContainsFunc(in.Attempts, func(s events.AttemptSeen) bool { return s.Token == a.Token && s.Alive })
			if a.Stage == StageCleared || !alive {
				d.emit(events.AttemptLost{Product: p.ID, Token: a.Token})
			}
		}
	}
	if newBoot {
		d.giveWay() // a window whose time is over has ended for that
	}
}

// giveWay puts off what was being worked on before the restart, if a script waits
// for the restart in its middle: that one goes first.
func (d *step) giveWay() {
	half := ""
	d.c.eachOpen(func(p *Product) {
		if p.Resumes && p.Waiting() && p.Hold == nil && (p.Wait == nil || p.Wait.Reason == events.ReasonReboot) && (half == "" || p.ID < half) {
			half = p.ID
		}
	})
	if half == "" || d.c.Hold != nil || d.c.Slot == "" {
		return
	}
	if p := d.c.own(d.c.Slot); p.Phase != events.PhaseInstalling {
		d.endWindow(p, "restarted")
		d.later(p, events.ReasonInstallerBusy, half, events.Moment{})
	}
}

// sorted returns all products by id.
func (d *step) sorted() []*Product {
	var out []*Product
	d.c.each(func(p *Product) { out = append(out, p) })
	slices.SortFunc(out, func(a, b *Product) int { return compare(a.ID, b.ID) })
	return out
}

// forked: what happened to these products after the common part is not known.
// They are probed before anything is run; their counters stay.
func (d *step) forked(in events.ForkObserved) {
	d.emit(events.StoreForked{Common: in.Common, Products: in.Products})
	for _, id := range in.Products {
		p := d.c.Product(id)
		if p == nil || !p.Open() {
			continue // marked suspect: probed before its next start
		}
		if p.Phase == events.PhaseInstalling && p.Attempt.Stage != StageExited {
			d.emit(events.AttemptLost{Product: id, Token: p.Attempt.Token})
		}
	}
}
