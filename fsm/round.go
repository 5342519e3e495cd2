// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/quietsetup/quietsetup/events"
)

const (
	maxScans   = 3 // looks of a round that may fail
	maxReturns = 2 // refusals and send-backs a round may have together
)

// prepared freezes policy and metadata for the round.
func (d *step) prepared(p *Product, in events.Prepared) {
	if pr := in.Problem; pr != nil {
		r, until := events.ReasonDefect, d.soon(p)
		switch pr.Code {
		case "depot_unreachable":
			r = events.ReasonUnreachable
		case meansOccupied:
			r, until = events.ReasonInstallerBusy, d.now.Add(retryPause)
		}
		d.later(p, r, pr.Message, until)
		return
	}
	if !in.Policy.Active {
		d.later(p, events.ReasonInactive, "", d.soon(p))
		return
	}
	if !in.Package.CarriesOut(p.Action()) {
		d.later(p, events.ReasonDefect, "the package has no command for "+string(p.Action()), d.soon(p))
		return
	}
	e := events.RoundPrepared{Product: p.ID}
	if !reflect.DeepEqual(in.Policy, p.Policy) {
		e.Policy = &in.Policy
	}
	if !reflect.DeepEqual(in.Package, p.Package) {
		e.Package = &in.Package
	}
	d.emit(e)
}

func (d *step) checksObserved(in events.ChecksObserved) error {
	w, err := d.due(in.For)
	if err != nil {
		return err
	}
	if in.For.Product == "" {
		d.people(in.Seen)
		return nil
	}
	p := d.c.own(in.For.Product)
	switch w.(type) {
	case RunChecks:
		d.checked(p, in.Seen)
	case RunInstaller:
		d.lastLook(p, in.Seen)
	case Watch:
		if in.Seen.Scanned && in.Seen.Complete {
			d.watched(p, in.Seen)
		}
	default:
		return ErrStale
	}
	return nil
}

// checked decides what a look at the machine means for the round.
func (d *step) checked(p *Product, o events.Observation) {
	if p.Resumes { // people agreed when it began, and the half of it is done
		if nobody := d.people(o); p.Alone && !nobody {
			d.later(p, events.ReasonNotBackground, "the script says logout", events.Moment{})
			return
		}
		d.clear(p)
		return
	}
	if !o.Scanned || !o.Complete {
		n := p.Scans + 1
		d.emit(events.ScanFailed{Product: p.ID, N: n, Reason: o.Reason})
		if n >= maxScans {
			d.later(p, events.ReasonUnknown, o.Reason, d.soon(p))
		}
		return
	}
	nobody := d.people(o)
	blocking := o.Blocking()
	if d.givesWay(p) {
		return // nobody is asked for what cannot begin
	}
	if !nobody {
		if !p.Package.Metadata && p.Policy.WithoutMeta != events.Install {
			d.later(p, events.ReasonNoMetadata, "", events.Moment{})
			return
		}
		if p.Package.Metadata && !p.Package.Background {
			d.later(p, events.ReasonNotBackground, "", events.Moment{})
			return
		}
	}
	switch {
	case len(blocking) == 0:
		d.clear(p)
	case nobody && p.Policy.AloneAction == events.Kill && p.Policy.DialogTimeout > 0:
		d.emit(events.CloseAgreed{Product: p.ID, Why: closeAlone, Targets: blocking, Force: true})
	case d.c.Presence.empty():
		until := d.interval(p, false)
		if !nobody {
			until = d.now.Add(events.Minute)
			if end := d.c.Presence.Since.Add(absence); until.Before(end) {
				until = end
			}
		}
		d.emit(events.ProgramsChanged{Product: p.ID, Programs: blocking})
		d.later(p, events.ReasonAlone, names(blocking), until)
	case p.Policy.DialogTimeout == 0:
		d.emit(events.ProgramsChanged{Product: p.ID, Programs: blocking})
		d.later(p, events.ReasonNotAsked, names(blocking), d.interval(p, false))
	case d.mustWaitFor(p, o, blocking):
		d.emit(events.ProgramsChanged{Product: p.ID, Programs: blocking})
		d.later(p, events.ReasonOwnerAway, names(ownerless(o, blocking)), d.interval(p, false))
	case len(ownerless(o, blocking)) == len(blocking) && o.SessionsKnown:
		d.emit(events.CloseAgreed{Product: p.ID, Why: closeAlone, Targets: blocking, Force: true})
	case p.Rechecks > 0 && p.Rechecks >= p.Policy.MaxRecheck && !d.final(p):
		d.recheckLimit(p, blocking)
	default:
		d.ask(p, o, blocking)
	}
}

// mustWaitFor: a program's owner is not there, and the policy does not close
// what nobody is there for.
func (d *step) mustWaitFor(p *Product, o events.Observation, blocking []events.Process) bool {
	return p.Policy.AloneAction != events.Kill && len(ownerless(o, blocking)) > 0
}

// clear makes the intent to install durable.
func (d *step) clear(p *Product) {
	if d.givesWay(p) {
		return
	}
	n := p.Starts + 1
	if p.Attempts >= max(p.Policy.MaxAttempts, 1) { // the policy may have been lowered since
		d.finish(p, events.OutcomeFailed, "no attempt is left of "+strconv.Itoa(p.Policy.MaxAttempts), false)
		return
	}
	if p.Suspect { // an attempt of this number may stand in the lost part of the log
		d.emit(events.AttemptLost{Product: p.ID, Token: events.Token(d.c.StoreID, p.ID, p.Run, n)})
		return
	}
	d.emit(events.InstallCleared{Product: p.ID, Attempt: n, Token: events.Token(d.c.StoreID, p.ID, p.Run, n)})
}

// final: the round after the last defer, or one that must not be put off; later is
// not offered any more.
func (d *step) final(p *Product) bool {
	return p.Counter().Defers >= p.Policy.MaxDefer || p.Policy.Urgent || d.pastDeadline(p)
}

// recheckLimit does what the policy says when "try again" was used up.
func (d *step) recheckLimit(p *Product, blocking []events.Process) {
	act := p.Policy.RecheckAction
	if act == events.ChoiceKill && !shownToAskers(p.Last, blocking) {
		act = events.ChoiceDefer // others' programs are not closed because one person tried again
	}
	switch act {
	case events.ChoiceKill:
		d.emit(events.CloseAgreed{Product: p.ID, Why: closeRecheckLimit, Targets: blocking, Force: true})
	case events.ChoiceFail:
		d.finish(p, events.OutcomeFailed, "programs were still running after "+strconv.Itoa(p.Rechecks)+" tries", false)
	default:
		d.deferCounted(p, events.ReasonRecheckLimit)
	}
}

// shownToAskers: every program was shown to a session that pressed "try again".
func shownToAskers(w *events.Window, ps []events.Process) bool {
	if w == nil {
		return false
	}
	return !slices.ContainsFunc(ps, func(p events.Process) bool {
		return !slices.ContainsFunc(w.Asks, func(a events.Ask) bool {
			return a.Answer == events.ChoiceRecheck && slices.Contains(a.Covers, p.ProcessID)
		})
	})
}

func (d *step) deferCounted(p *Product, r events.Reason) {
	d.emit(events.Deferred{Product: p.ID, Reason: r, Counted: true, Count: p.Counter().Defers + 1, Until: d.interval(p, true)})
}

// watched takes over a change of the programs while a window is open or the
// product waits for them to end.
func (d *step) watched(p *Product, o events.Observation) {
	d.people(o)
	blocking := o.Blocking()
	if p.Phase == events.PhasePrompting {
		d.watchedWindow(p, o, blocking)
		return
	}
	if len(blocking) == 0 {
		d.emit(events.WaitEnded{Product: p.ID, Why: "programs_gone"})
		return
	}
	if !slices.Equal(ids(blocking), ids(p.Blockers)) {
		d.emit(events.ProgramsChanged{Product: p.ID, Programs: blocking})
	}
}

// names lists programs for a detail, each once.
func names(ps []events.Process) string {
	var out []string
	for _, p := range ps {
		if !slices.Contains(out, p.Name) {
			out = append(out, p.Name)
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}
