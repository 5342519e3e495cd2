// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"strconv"

	"github.com/quietsetup/quietsetup/events"
)

// progressLimit is what opsi keeps of actionProgress.
const progressLimit = 250

// The progress of a running installer.
const (
	installing   = "installing"
	uninstalling = "uninstalling"
)

// restartFirst is the progress of what waits for a restart, before the product that
// wants it.
const restartFirst = "Deferred (waiting for restart after "

// report is what the source should show for the product, from the state alone.
// Nothing in it comes from the clock, so it changes only with a record.
func (p *Product) report() events.Report {
	r := p.Row
	if p.Run == 0 || p.Phase == events.PhaseReported {
		return r
	}
	switch p.Outcome {
	case "":
		// Status, version and request stay what they were; only the progress tells.
		r = p.Request.Row
		switch {
		case p.Phase == events.PhaseInstalling && p.Attempt != nil && p.Attempt.Stage != StageCleared:
			r.ActionProgress, r.ActionResult = installing, events.ResultNone
			if p.Action() == events.ActionUninstall {
				r.ActionProgress = uninstalling
			}
			switch a := p.Attempt; {
			case a.Awaits != "":
				r.ActionProgress = waitText(events.ReasonReboot, p.ID)
			case a.Stalled != "":
				r.ActionProgress += " (waits for input)"
			}
		case p.Progress != "":
			r.ActionProgress, r.ActionResult = p.Progress, events.ResultNone
		default:
			r.ActionProgress = "" // what an earlier run left
		}
	case events.OutcomeOK:
		r = p.success()
	case events.OutcomeFailed, events.OutcomeUnknown:
		r = p.failure()
	}
	return r
}

// ReportDue reports whether the source is not known to show what it should.
func (p *Product) ReportDue() bool { return p.Want != p.Row || p.Unsure && p.reports() }

// success is the life cycle of opsi's productOnClient after a successful action.
func (p *Product) success() events.Report {
	r := p.Request.Row
	a := p.Action()
	r.ActionResult, r.ActionProgress, r.LastAction = events.ResultSuccessful, "", a
	r.ActionRequest = events.ActionNone
	if a != events.ActionCustom {
		r.ProductVersion, r.PackageVersion = p.Request.ProductVersion, p.Request.PackageVersion
	}
	switch a {
	case events.ActionSetup, events.ActionUpdate:
		r.InstallationStatus = events.StatusInstalled
	case events.ActionAlways:
		r.InstallationStatus, r.ActionRequest = events.StatusInstalled, events.ActionAlways
	case events.ActionUninstall, events.ActionOnce:
		r.InstallationStatus = events.StatusNotInstalled
	}
	return r
}

// failure keeps the truth: a product no installer touched keeps its status and
// version; one that was touched shows what a detection found, else unknown.
func (p *Product) failure() events.Report {
	r := p.Request.Row
	a := p.Action()
	r.ActionResult, r.LastAction, r.ActionRequest = events.ResultFailed, a, events.ActionNone
	if a == events.ActionAlways {
		r.ActionRequest = a
	}
	r.ActionProgress = cut(p.Why)
	if !p.Ran && !p.Touched || a == events.ActionCustom {
		return r
	}
	r.InstallationStatus = events.StatusUnknown
	if f := p.Found; f != nil && f.Known {
		r.InstallationStatus = events.StatusNotInstalled
		if f.Installed {
			r.InstallationStatus = events.StatusInstalled
		}
	}
	return r
}

// deferredText is the report's progress while a product waits. The keyword is
// always first: opsi knows "Deferred".
func deferredText(e events.Deferred, p *Product) string {
	count := strconv.Itoa(e.Count) + " of " + strconv.Itoa(p.Policy.MaxDefer)
	switch {
	case e.Counted && e.Reason == events.ReasonUser:
		return "Deferred (user, " + count + ")"
	case e.Counted:
		return "Deferred (" + words(e.Reason) + ", " + count + ")"
	}
	return waitText(e.Reason, e.Detail)
}

func waitText(r events.Reason, detail string) string {
	switch r {
	case events.ReasonDependency:
		return cut("Deferred (waiting for " + detail + ")")
	case events.ReasonReboot:
		return cut(restartFirst + detail + ")")
	case events.ReasonDefect:
		return cut("Deferred (defect: " + detail + ")")
	}
	return "Deferred (" + words(r) + ")"
}

// words spells a reason for a report: "no_metadata" is "no metadata".
func words(r events.Reason) string {
	b := []byte(r)
	for i := range b {
		if b[i] == '_' {
			b[i] = ' '
		}
	}
	return string(b)
}

func cut(s string) string {
	rs := []rune(s)
	if len(rs) > progressLimit {
		rs = rs[:progressLimit]
	}
	return string(rs)
}
