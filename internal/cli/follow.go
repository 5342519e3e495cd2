// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/replay"
)

// follower is what is known of a run: from a product's state at first, and then
// from what the log tells.
type follower struct {
	table   *fsm.Table // nil = the phase is not wanted
	run     int
	phase   events.Phase
	rests   bool           // put off or over: nothing goes on at the moment
	outcome events.Outcome // "" = it is open
	reboot  bool           // the installer asked for a restart of the machine

	reason, detail string // of a wait or an outcome
	until          *time.Time
}

// followerOf begins with a product's state.
func followerOf(table *fsm.Table, p apitypes.Product, reboot bool) *follower {
	f := &follower{table: table, run: p.Run, phase: events.Phase(p.Phase), reboot: reboot}
	if w := p.Waits; w != nil {
		f.rests, f.reason, f.detail, f.until = w.Reason != replay.ReasonSlot, w.Reason, w.Detail, w.Until
	}
	if o := p.Outcome; o != nil {
		f.outcome, f.reason, f.detail = events.Outcome(o.Outcome), "", o.Reason
		f.rests = f.phase == events.PhaseReported
	}
	return f
}

func (f *follower) take(e events.Event) {
	if f.table != nil {
		if to, ok := f.table.Next(f.phase, e); ok {
			f.phase = to
		}
	}
	switch e := e.(type) {
	case events.RebootWanted:
		f.reboot = true
	case events.Finished:
		f.outcome = e.Outcome
		f.reason, f.detail, f.until = "", e.Reason, nil
	case events.Deferred:
		f.waits(e.Reason, e.Detail, e.Until)
	case events.Held:
		f.waits(e.Reason, e.Detail, e.Until)
	case events.RestartAwaited:
		f.waits(events.ReasonReboot, e.Product, events.Moment{})
	case events.Reported:
		f.rests = true
	case events.Accepted:
		f.goesOn()
		f.run = e.Run
	case events.WaitEnded, events.ChecksStarted:
		f.goesOn()
	}
}

func (f *follower) waits(r events.Reason, detail string, until events.Moment) {
	f.rests, f.reason, f.detail, f.until = true, string(r), detail, nil
	if !until.IsZero() {
		t := until.Wall.UTC()
		f.until = &t
	}
}

// goesOn: what rested is worked on again, in the same step perhaps.
func (f *follower) goesOn() {
	f.rests, f.outcome, f.reason, f.detail, f.until = false, "", "", "", nil
}

// code is the exit code of a run that rests.
func (f *follower) code() int {
	switch {
	case f.outcome == "":
		return exitDeferred
	case f.outcome != events.OutcomeOK:
		return exitFailed
	case f.reboot:
		return exitReboot
	}
	return exitOK
}
