// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"strings"

	"github.com/quietsetup/quietsetup/events"
)

// What a round would have done in observe mode, as the detail of a wait for
// ReasonObserved.
const (
	WouldAsk     = "ask"     // open a window
	WouldNotify  = "notify"  // open the last window, which offers no later
	WouldClose   = "close"   // close programs
	WouldInstall = "install" // start the installer
	WouldFail    = "fail"    // give the run up
)

// mode begins or ends observe mode. In it the rounds go on: packages are read,
// programs and people are looked at, and the same rules decide. Only what would
// touch anything does not happen, see observes; and the rows of open runs are left
// as they are, see shows. An installer that runs ends and is reported.
func (d *step) mode(in events.ModeChosen) error {
	if in.Observe == (d.c.Observe != nil) {
		return ErrNothing
	}
	d.emit(events.ModeChanged{Observe: in.Observe, Reason: in.Reason})
	for _, p := range d.sorted() {
		switch {
		case !p.Open() || p.Waiting():
		case !in.Observe && p.Phase == events.PhaseChecking:
			// Who only observes need not bring a package here whole, so the round begins
			// anew: advance lets go on all that waited for the end of the mode.
			d.later(d.c.own(p.ID), events.ReasonObserved, "", events.Moment{})
		case !in.Observe:
		case p.Phase != events.PhaseInstalling:
			// An open window closes uncharged. A minute later the look is made again.
			p = d.c.own(p.ID)
			d.endWindow(p, "observed")
			d.later(p, events.ReasonObserved, "", d.now.Add(events.Minute))
		case p.Attempt.Stage == StageCleared: // it may have been started: that is found out
			d.emit(events.AttemptLost{Product: p.ID, Token: p.Attempt.Token})
		}
	}
	return nil
}

// observes reports whether an event is not to be in observe mode, and notes
// instead what would have been done. Every event that asks, closes, starts, counts
// or gives up is decided through here, so none gets by.
func (d *step) observes(p *Product, e events.Event) bool {
	if d.c.Observe == nil {
		return false
	}
	what, programs := "", p.Blockers
	switch e := e.(type) {
	case events.WindowOpened:
		what, programs = WouldAsk, shownIn(e.Window.Asks)
		if e.Window.Final {
			what = WouldNotify
		}
	case events.CloseAgreed:
		what, programs = WouldClose, e.Targets
	case events.InstallCleared:
		what, programs = WouldInstall, nil
	case events.Deferred:
		if e.Counted || e.Reason == events.ReasonUnanswered {
			what = WouldAsk // nobody was
		}
	case events.Finished:
		// What was installed, or taken back by the source, is a fact.
		if e.Outcome == events.OutcomeFailed && p.Phase == events.PhaseChecking {
			what = WouldFail
		}
	}
	if what == "" {
		return false
	}
	if len(programs) > 0 {
		d.emit(events.ProgramsChanged{Product: p.ID, Programs: programs})
	}
	d.later(p, events.ReasonObserved, what, d.soon(p))
	return true
}

// foldMode also tells which reports wait for the end of observe mode, and which do
// so no longer. What an observer prepared is not gone on with after it.
func (c *Client) foldMode(e events.ModeChanged, seq uint64, now events.Moment, actor string) {
	c.Observe = nil
	if e.Observe {
		c.Observe = &Hold{Reason: e.Reason, Actor: actor, Since: now}
	}
	var open []string
	c.eachOpen(func(p *Product) { open = append(open, p.ID) })
	for _, id := range open {
		p := c.own(id)
		if !e.Observe && p.Phase == events.PhaseInstalling {
			p.Prepared = false // an attempt that did not begin, or is repeated: its package may not be here whole
		}
		c.foldReport(p, seq)
	}
}

// shows is what the source should show for the product. In observe mode the row of
// an open run stays as it is; but one that says "installing" would be a lie after
// the installer has ended, and one that says that its installer waits for a restart
// after that.
func (c *Client) shows(p *Product) events.Report {
	if c.Observe == nil || !p.Open() || p.Phase == events.PhaseInstalling && p.Attempt.ran() || p.Starts > 0 && tellsOfInstaller(p.Row) {
		return p.report()
	}
	return p.Row
}

// leaves reports whether the row is not even to be made sure of: what may have been
// sent before observe mode tells of a wait alone, and is left as it is until its end.
func (c *Client) leaves(p *Product) bool {
	return c.Observe != nil && p.Open() && p.Starts == 0
}

// ran: the installer was seen to start.
func (a *Attempt) ran() bool { return a.Stage == StageBegun || a.Stage == StageExited }

func tellsOfInstaller(r events.Report) bool {
	return strings.HasPrefix(r.ActionProgress, installing) || strings.HasPrefix(r.ActionProgress, uninstalling) || tellsOfRestart(r.ActionProgress)
}

func tellsOfRestart(progress string) bool { return strings.HasPrefix(progress, restartFirst) }
