// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/quietsetup/quietsetup/events"
)

// retryPause is how long another installer is given to end.
const retryPause = 10 * events.Minute

// What an exit code means.
const (
	meansOK     = "ok"
	meansReboot = "reboot"
	meansRetry  = "retry"
	meansFailed = "failed"

	// Of a script alone, whose end is read where it writes it.
	meansDeferred    = "deferred"    // it put itself off
	meansInterrupted = "interrupted" // it begins again after a restart of the machine
	meansLogout      = "logout"      // it begins again once nobody is logged in
	meansUntouched   = "untouched"   // it never began
	meansUnknown     = "unknown"     // it began, and wrote no end

	// Nothing was run, for a reason that may be over soon.
	meansNotNow = "not_now"
	// Nothing was run, because something is installed that is none of the client's.
	meansOccupied = "occupied"
)

// lastLook: the look before the start found something. The attempt's token is
// void, and no attempt is counted.
func (d *step) lastLook(p *Product, o events.Observation) {
	d.people(o)
	left := o.Blocking()
	if p.Resumes || o.Complete && len(left) == 0 {
		return // nothing in the way after all: the start is still due
	}
	r, why, detail := events.ReasonRespawned, "blocking_program", names(left)
	if !o.Complete {
		r, why, detail = events.ReasonUnknown, "programs_unknown", o.Reason
	}
	d.emit(events.AttemptVoided{Product: p.ID, Token: p.Attempt.Token, Reason: why})
	d.sendBack(p, r, detail)
}

// Over reports whether the log holds the end of the attempt that a token names,
// so that nothing else about it is needed. It is false for an attempt that the
// log does not know: after a loss of records it may have run all the same.
func (c *Client) Over(token string) bool {
	id, run, n, ok := events.SplitToken(c.StoreID, token)
	p := c.Product(id)
	switch {
	case !ok || p == nil || p.Suspect:
		return false
	case run != p.Run:
		return run < p.Run
	case n != p.Starts:
		return n < p.Starts
	}
	return p.Attempt == nil || p.Attempt.Stage == StageExited || p.Outcome != ""
}

// ofToken finds the product a token names, and whether it is its current attempt.
func (d *step) ofToken(token string) (p *Product, current bool) {
	id, ok := events.ProductOfToken(token)
	if !ok || d.c.Product(id) == nil {
		return nil, false
	}
	p = d.c.own(id)
	return p, p.Attempt != nil && p.Attempt.Token == token
}

// started: the installer runs under its supervisor.
func (d *step) started(in events.InstallerStarted) error {
	p, current := d.ofToken(in.Token)
	if !current || p.Phase != events.PhaseInstalling {
		return ErrStale
	}
	if s := p.Attempt.Stage; s != StageCleared && s != StageLost {
		return ErrNothing
	}
	d.emit(events.InstallBegun{Product: p.ID, Token: in.Token, Supervisor: in.Supervisor, Installer: in.Installer})
	return nil
}

// stalled: the installer waits for what nobody gives it. It is left alone; others
// need not wait for its end.
func (d *step) stalled(in events.InstallerStalled) error {
	p, current := d.ofToken(in.Token)
	if !current || p.Phase != events.PhaseInstalling || p.Outcome != "" || p.Attempt.Stage != StageBegun {
		return ErrStale
	}
	if p.Attempt.Stalled != "" || in.What == "" {
		return ErrNothing
	}
	d.emit(events.AttemptStalled{Product: p.ID, Token: in.Token, What: in.What})
	return nil
}

// wentOn: the installer works again. Whoever has the slot by now keeps it, and starts
// no installer beside this one.
func (d *step) wentOn(in events.InstallerWentOn) error {
	p, current := d.ofToken(in.Token)
	if !current || p.Phase != events.PhaseInstalling || p.Outcome != "" || p.Attempt.Stage != StageBegun {
		return ErrStale
	}
	if p.Attempt.Stalled == "" {
		return ErrNothing
	}
	d.emit(events.AttemptWentOn{Product: p.ID, Token: in.Token})
	return nil
}

// runningBeside is the first of the other products whose installer runs or may run,
// "" if there is none. It stalls, or it did.
func (d *step) runningBeside(p *Product) string {
	first := ""
	d.c.eachOpen(func(q *Product) {
		if q.ID != p.ID && q.runs() && (first == "" || q.ID < first) {
			first = q.ID
		}
	})
	return first
}

// givesWay puts a product off, uncounted, while the installer of another one works
// that stalled when the product's round began. It reports whether that is so.
func (d *step) givesWay(p *Product) bool {
	first := ""
	d.c.eachOpen(func(q *Product) {
		if q.ID != p.ID && q.runs() && q.Attempt.Stalled == "" && (first == "" || q.ID < first) {
			first = q.ID
		}
	})
	if first != "" {
		d.later(p, events.ReasonInstallerBusy, first, d.now.Add(retryPause))
	}
	return first != ""
}

// inTheWay reports whether what a product waits for as a busy installer is still at
// work: detail is a product, or says how an installer ended and tells nothing.
func (d *step) inTheWay(detail string) bool {
	q := d.c.Product(detail)
	return q == nil || d.c.Slot == q.ID || q.runs()
}

// backOff is how long a package waits that found the installer locked by one that
// stalls: longer each time, as there may be people to ask again, and at most as long
// as what is put off. The lock may be another one's.
func (d *step) backOff(p *Product) events.Moment {
	most := max(p.Policy.DeferInterval, retryPause)
	pause := retryPause
	for n := p.Starts - p.Attempts; n > 1 && pause < most; n-- { // attempts of this run that did nothing
		pause *= 2
	}
	return d.now.Add(min(pause, most))
}

// again: the attempt is over and the check begins once more. Where another product
// was let past this one, it has the slot, and this one gets in line.
func (d *step) again(p *Product) {
	if d.c.Slot != p.ID {
		d.later(p, events.ReasonInstallerBusy, d.c.Slot, d.now.Add(events.Minute))
	}
}

// ended: an outcome matches by its token and is never dropped.
func (d *step) ended(in events.InstallerEnded) error {
	p, current := d.ofToken(in.Token)
	if p == nil {
		return fmt.Errorf("%w: no product has the attempt %q", ErrStale, in.Token)
	}
	e := events.InstallerExited{Product: p.ID, Token: in.Token, Exit: in.Exit, Signal: in.Signal, Error: in.Error,
		Meaning: meaning(p.Package.ExitCodes, in), Detail: in.Detail}
	if !current || p.Phase != events.PhaseInstalling || p.Outcome != "" || p.Attempt.Stage == StageExited {
		if current && p.Attempt.Stage == StageExited {
			return ErrNothing
		}
		d.emit(e) // late: kept in the log, changes nothing
		return nil
	}
	d.emit(e)
	if !in.Restarted && (in.Reboot || e.Meaning == meansReboot || e.Meaning == meansInterrupted) {
		d.emit(events.RebootWanted{Product: p.ID})
	}
	switch e.Meaning {
	case meansReboot, meansOK:
		if p.Package.Detect == nil {
			d.finish(p, events.OutcomeOK, exitText(in), true)
		} // else it is verified first
	case meansRetry:
		if q := d.runningBeside(p); q != "" { // its lock is in the way, which is no fault of this package
			d.emit(events.AttemptVoided{Product: p.ID, Token: in.Token, Reason: "installer_stalled"})
			d.later(p, events.ReasonInstallerBusy, q, d.backOff(p))
			return nil
		}
		if p.Attempts >= p.Policy.MaxAttempts {
			d.finish(p, events.OutcomeFailed, "another installer was running at each of "+strconv.Itoa(p.Attempts)+" attempts", false)
			return nil
		}
		d.emit(events.Deferred{Product: p.ID, Reason: events.ReasonInstallerBusy, Detail: exitText(in),
			Count: p.Counter().Defers, Until: d.now.Add(retryPause)})
	case meansDeferred:
		d.emit(events.Deferred{Product: p.ID, Reason: events.ReasonScript, Detail: exitText(in), Count: p.Counter().Defers, Until: d.now.Add(max(p.Policy.DeferInterval, events.Minute))})
	case meansInterrupted:
		d.emit(events.Deferred{Product: p.ID, Reason: events.ReasonReboot, Detail: p.ID, Count: p.Counter().Defers})
	case meansLogout: // counted as an attempt: with nobody there it begins again at once
		d.emit(events.Deferred{Product: p.ID, Reason: events.ReasonNotBackground, Detail: exitText(in), Count: p.Counter().Defers})
	case meansNotNow:
		r := events.ReasonDefect
		if p.Package.Script != "" {
			r = events.ReasonScript
		}
		d.emit(events.AttemptVoided{Product: p.ID, Token: in.Token, Reason: meansNotNow})
		d.later(p, r, exitText(in), d.now.Add(retryPause))
	case meansOccupied:
		pause := retryPause
		if p.Starts-p.Attempts == 0 { // the first time: a script at a logon is over soon
			pause = events.Minute
		}
		d.emit(events.AttemptVoided{Product: p.ID, Token: in.Token, Reason: meansOccupied})
		d.later(p, events.ReasonInstallerBusy, exitText(in), d.now.Add(pause))
	case meansUntouched:
		if p.Attempts >= p.Policy.MaxAttempts {
			d.finish(p, events.OutcomeFailed, exitText(in), false)
			return nil
		}
		d.emit(events.Deferred{Product: p.ID, Reason: events.ReasonScript, Detail: exitText(in), Count: p.Counter().Defers, Until: d.now.Add(retryPause)})
	case meansUnknown:
		d.finish(p, events.OutcomeUnknown, exitText(in), true)
	default:
		d.finish(p, events.OutcomeFailed, exitText(in), in.Error == "")
	}
	return nil
}

func meaning(codes events.ExitCodes, in events.InstallerEnded) string {
	switch {
	case in.Meaning != "":
		return in.Meaning
	case in.Error != "" || in.Signal != "":
		return meansFailed
	case slices.Contains(codes.OK, in.Exit):
		return meansOK
	case slices.Contains(codes.Reboot, in.Exit):
		return meansReboot
	case slices.Contains(codes.Retry, in.Exit):
		return meansRetry
	}
	return meansFailed
}

func exitText(in events.InstallerEnded) string {
	switch {
	case in.Detail != "":
		return in.Detail
	case in.Error != "":
		return "the installer could not be started: " + in.Error
	case in.Signal != "":
		return "the installer was ended by " + in.Signal
	}
	return "exit code " + strconv.Itoa(in.Exit)
}

// verified: success that cannot be found on the machine is none. Where the
// installer asked for a restart of the machine, files in use are replaced only by
// that, so what is not found is looked for once more after it.
func (d *step) verified(p *Product, f events.Detection) {
	a := p.Attempt
	d.found(p, f)
	switch {
	case !f.Known:
		d.finish(p, events.OutcomeOK, "exit code "+strconv.Itoa(a.Exit)+"; detection gave no answer: "+f.Reason, true)
	case f.Matches:
		d.finish(p, events.OutcomeOK, "exit code "+strconv.Itoa(a.Exit), true)
	case a.Meaning == meansReboot && a.Awaits == "" && d.boot != "" && slices.Contains(d.c.Reboot, p.ID): // the restart is still to come
		d.emit(events.RestartAwaited{Product: p.ID, Token: a.Token, Boot: d.boot})
	case a.Meaning == meansReboot:
		d.finish(p, events.OutcomeFailed, "the installer asked for a restart, and after it "+foundText(f), true)
	default:
		d.finish(p, events.OutcomeFailed, "the installer reported success, but "+foundText(f), true)
	}
}

func foundText(f events.Detection) string {
	switch {
	case !f.Installed:
		return "the product was not found"
	case f.Version != "":
		return "version " + f.Version + " was found"
	}
	return "the product was found"
}

// probed decides an attempt whose outcome is not known.
func (d *step) probed(p *Product, in events.InstallProbed) {
	begun := !p.Attempt.Installer.IsZero() // then it did run, whatever became of its file
	if in.NeverStarted && !p.Attempt.Suspect && !begun {
		d.emit(events.AttemptVoided{Product: p.ID, Token: in.Token, Reason: "never_started"})
		d.again(p)
		return
	}
	d.found(p, in.Found)
	f := in.Found
	if in.NeverStarted && !begun && (f.Known && !f.Matches || p.Package.Repeatable) {
		d.emit(events.AttemptVoided{Product: p.ID, Token: in.Token, Reason: "never_started"})
		d.again(p)
		return
	}
	switch {
	case f.Known && f.Matches:
		d.finish(p, events.OutcomeOK, "interrupted, but found complete", true)
	case p.Package.Repeatable && p.Attempts < p.Policy.MaxAttempts:
		d.emit(events.AttemptRepeated{Product: p.ID, Token: in.Token, Reason: "interrupted"})
		d.again(p)
	case f.Known:
		d.finish(p, events.OutcomeFailed, "interrupted, and "+foundText(f), true)
	case p.Package.Repeatable:
		d.finish(p, events.OutcomeFailed, "interrupted "+strconv.Itoa(p.Attempts)+" times", true)
	default:
		d.finish(p, events.OutcomeUnknown, "interrupted; whether it was done cannot be told: "+f.Reason, true)
	}
}

// found remembers a detection: the report tells it.
func (d *step) found(p *Product, f events.Detection) {
	d.emit(events.Detected{Product: p.ID, Found: f})
}
