// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"slices"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/view"
)

// WhySchema names the JSON of an Explanation.
const WhySchema = "why/v1"

// Explanation says why a product stands where it stands. Its words are stable
// and not translated.
type Explanation struct {
	Schema  string `json:"schema"` // why/v1
	Product string `json:"product"`
	Name    string `json:"name,omitempty"`
	Run     int    `json:"run"`
	Round   int    `json:"round"`
	Action  string `json:"action"`
	Version string `json:"version,omitempty"`
	Phase   string `json:"phase"`
	// Reason is a waiting product's reason as the core names it, else one of the
	// Reason constants of this package.
	Reason string `json:"reason"`
	Detail string `json:"detail,omitempty"` // the product waited for, the defect, the outcome's reason
	// Behind are the products that are waited for, if one is: the one that this
	// product waits for, what that one waits for, and so on to the one that holds
	// all of them up.
	Behind []Behind `json:"behind,omitempty"`
	// Rules are the values that led here and lead on, with who set them.
	Rules []apitypes.PolicyValue `json:"rules,omitempty"`
	// Programs are the ones that keep the installer waiting, with the rule that found each.
	Programs []apitypes.Process `json:"programs,omitempty"`
	Defers   apitypes.Count     `json:"defers"`
	Since    *time.Time         `json:"since,omitempty"`
	Until    *time.Time         `json:"until,omitempty"` // nil = until something changes
	// Next is what happens then: one of the Next constants.
	Next string `json:"next"`
	// Decided is the record that put the product there; nil when the log at hand
	// does not reach back to it.
	Decided *Decision `json:"decided,omitempty"`
	// Failing is outstanding work that ended with an error and is tried again; of
	// a running daemon only.
	Failing []apitypes.Failing `json:"failing,omitempty"`
	Overdue string             `json:"overdue,omitempty"` // why it should not have taken so long, English
	// Source is the server that gives no good answer; of a running daemon only.
	Source *apitypes.Source `json:"source,omitempty"`
}

// Behind is a product that others wait for, and where it stands itself.
type Behind struct {
	Product string     `json:"product"`
	Phase   string     `json:"phase"`
	Reason  string     `json:"reason,omitempty"` // what it waits for itself
	Detail  string     `json:"detail,omitempty"`
	Outcome string     `json:"outcome,omitempty"` // how it ended; a failed one is waited for too
	Until   *time.Time `json:"until,omitempty"`
}

// Decision is the record that decided.
type Decision struct {
	Seq   uint64    `json:"seq"`
	At    time.Time `json:"at"`
	Actor string    `json:"actor"` // "daemon", "uid:1000", …
	Input string    `json:"input"` // what came in
	Event string    `json:"event"` // what was decided
}

// Reasons of products that do not wait for one of the core's reasons.
const (
	ReasonNeverRequested = "never_requested"
	ReasonSlot           = view.ReasonSlot // another product is being worked on
	ReasonLooking        = "looking"       // programs are looked for
	ReasonAsked          = "asked"         // people have been asked
	ReasonAnnounced      = "announced"     // people have the last notice
	ReasonClosing        = "closing"
	ReasonStarting       = "starting" // an installer is about to start
	ReasonInstalling     = "installing"
	ReasonStalled        = "stalled"   // the installer runs and does not go on
	ReasonProbing        = "probing"   // it is found out what became of an installer
	ReasonVerifying      = "verifying" // it is looked whether the product is there
	ReasonReporting      = "reporting" // done; the source does not know yet
	ReasonDone           = "done"
)

// What happens next.
const (
	NextNothing      = "nothing"
	NextBegin        = "begin"        // the first round begins
	NextAsk          = "ask"          // it is looked and asked again
	NextLastNotice   = "last_notice"  // the next window is the announced last one
	NextDefault      = "default_"     // with a choice: what the deadline does
	NextInstall      = "install"      // the installer starts
	NextOutcome      = "outcome"      // its end is awaited
	NextReport       = "report"       // the report is sent
	NextNobody       = "nobody_there" // goes on when nobody is there
	NextProgramEnds  = "program_ends" // goes on when the program has ended
	NextUnlock       = "unlock"       // goes on some time after the screen is unlocked
	NextMended       = "mended"       // goes on with a mended package
	NextReleased     = "released"     // goes on when the hold is released
	NextObserved     = "observed"     // it is looked again, and done when the mode is no longer observe
	NextDependency   = "dependency"   // goes on when the other product is done
	NextReboot       = "reboot"       // goes on after a restart of the machine
	NextActive       = "active"       // goes on when the policy switches it on
	NextReachable    = "reachable"    // goes on when the depot can be reached
	NextSlot         = "slot"         // goes on when the other product is done or deferred
	NextInstaller    = "installer"    // goes on when the other product's installer has ended, at the latest then
	NextLook         = "look"         // what was found decides
	installInBackgnd = "install_in_background"
)

// Explain says why a product stands where it stands. steps are the product's
// records as far as they are at hand, oldest first; blockers the programs that
// keep it waiting, nil to take them from the steps.
func Explain(p apitypes.Product, blockers []events.Process, steps []events.Step) Explanation {
	w := Explanation{Schema: WhySchema, Product: p.ID, Name: p.Name, Run: p.Run, Round: p.Round, Action: p.Action,
		Version: p.Version, Phase: p.Phase, Defers: p.Defers, Overdue: p.OverdueWhy, Failing: p.Failing, Since: p.Since}
	w.Decided = decided(p.ID, steps)
	if w.Decided != nil {
		w.Since = &w.Decided.At
	}
	var keys []string
	switch {
	case p.Run == 0:
		w.Reason, w.Next = ReasonNeverRequested, NextNothing
	case p.Outcome != nil && p.Phase == string(events.PhaseReported):
		w.Reason, w.Detail, w.Next = ReasonDone, p.Outcome.Reason, NextNothing
	case p.Outcome != nil:
		w.Reason, w.Detail, w.Next = ReasonReporting, p.Report.Reason, NextReport
	case p.Waits != nil:
		keys = w.waits(p)
	default:
		keys = w.works(p)
	}
	for _, k := range keys {
		w.rule(p, k)
	}
	if w.Reason == string(events.ReasonNotBackground) {
		w.Rules = append(w.Rules, apitypes.PolicyValue{Key: installInBackgnd, Value: false, Origin: "metadata"})
	}
	if blocked(w.Reason) || w.Reason == string(events.ReasonObserved) && w.Detail != fsm.WouldInstall {
		if blockers == nil {
			blockers = lastBlockers(p.ID, steps)
		}
		w.Programs = view.Programs(blockers, view.Open(parts(steps)))
	}
	return w
}

// rule adds one value of the round's policy with its origin.
func (w *Explanation) rule(p apitypes.Product, key string) {
	if i := slices.IndexFunc(p.Policy, func(v apitypes.PolicyValue) bool { return v.Key == key }); i >= 0 {
		w.Rules = append(w.Rules, p.Policy[i])
	}
}

// waits explains a waiting product and names the rules behind it.
func (w *Explanation) waits(p apitypes.Product) []string {
	w.Reason, w.Detail, w.Until = p.Waits.Reason, p.Waits.Detail, p.Waits.Until
	if p.Waits.Since != nil {
		w.Since = p.Waits.Since
	}
	w.Next = NextAsk
	if p.Defers.Max > 0 && p.Defers.Used >= p.Defers.Max {
		w.Next = NextLastNotice
	}
	if p.Phase == string(events.PhasePending) {
		w.Next = NextBegin
	}
	switch events.Reason(p.Waits.Reason) {
	case events.ReasonUser:
		return []string{"max_defer", "max_defer_action", "defer_interval"}
	case events.ReasonTimeout:
		return []string{"default_action", "dialog_timeout", "max_defer", "defer_interval"}
	case events.ReasonUnanswered:
		return []string{"max_unanswered", "unanswered_action", "defer_interval"}
	case events.ReasonRecheckLimit:
		return []string{"max_recheck", "max_recheck_action", "defer_interval"}
	case events.ReasonDeferLimit:
		return []string{"max_defer", "max_defer_action", "defer_interval"}
	case events.ReasonNotAsked:
		w.Next = NextNobody
		return []string{"dialog_timeout"}
	case events.ReasonNoMetadata:
		w.Next = NextNobody
		return []string{"without_metadata"}
	case events.ReasonNotBackground:
		w.Next = NextNobody
	case events.ReasonDefect:
		w.Next = NextMended
	case events.ReasonUnknown, events.ReasonRespawned:
		return []string{"defer_interval"}
	case events.ReasonAlone:
		w.Next = NextProgramEnds
		return []string{"alone_action"}
	case events.ReasonPromptInterval:
		return []string{"prompt_interval"}
	case events.ReasonUnlock:
		w.Next = NextUnlock
		return []string{"final_notice"}
	case events.ReasonRefused:
		return []string{"close_grace", "defer_interval"}
	case events.ReasonInstallerBusy:
		if p.Waits.Until == nil {
			w.Next = NextSlot // of an older log: the other installer stands still; its end is awaited
			return nil
		}
		return []string{"max_attempts", "defer_interval"}
	case events.ReasonScript:
		return []string{"max_attempts", "defer_interval"}
	case events.ReasonHeld:
		w.Next = NextReleased
	case events.ReasonObserved:
		w.Next = NextObserved
	case events.ReasonDependency:
		w.Next = NextDependency
	case events.ReasonReboot:
		w.Next = NextReboot
		return []string{"reboot_gate"}
	case events.ReasonInactive:
		w.Next = NextActive
		return []string{"active"}
	case events.ReasonUnreachable:
		w.Next = NextReachable
	case ReasonSlot:
		w.Next = NextSlot
	}
	return nil
}

// works explains a product that is being worked on.
func (w *Explanation) works(p apitypes.Product) []string {
	switch events.Phase(p.Phase) {
	case events.PhasePending, events.PhaseDeferred:
		w.Reason, w.Next = ReasonSlot, NextSlot
	case events.PhaseChecking:
		w.Reason, w.Next = ReasonLooking, NextLook
	case events.PhasePrompting:
		if p.Window == nil {
			w.Reason, w.Next = ReasonAsked, NextLook
			return nil
		}
		opened, deadline := p.Window.Opened, p.Window.Deadline
		w.Since, w.Until = &opened, &deadline
		w.Reason, w.Next = ReasonAsked, NextDefault+p.Window.Default
		if p.Window.Final {
			w.Reason = ReasonAnnounced
			return []string{"max_defer", "max_defer_action", "final_notice"}
		}
		return []string{"dialog_timeout", "default_action", "max_defer"}
	case events.PhaseKilling:
		w.Reason, w.Next = ReasonClosing, NextInstall
		return []string{"close_grace"}
	case events.PhaseInstalling:
		w.Reason, w.Next = ReasonInstalling, NextOutcome
		if p.Attempt == nil {
			return nil
		}
		w.Since = p.Attempt.Began
		switch p.Attempt.State {
		case "cleared":
			w.Reason = ReasonStarting
		case "lost":
			w.Reason = ReasonProbing
		case "stalled":
			w.Reason = ReasonStalled
		case "ended":
			w.Reason, w.Next = ReasonVerifying, NextReport
		}
		return []string{"installer_timeout", "max_attempts"}
	default:
		w.Reason, w.Next = ReasonDone, NextNothing
	}
	return nil
}

// blocked reports whether programs are part of the reason.
func blocked(reason string) bool {
	switch reason {
	case ReasonAsked, ReasonAnnounced, ReasonClosing, string(events.ReasonUser), string(events.ReasonTimeout),
		string(events.ReasonUnanswered), string(events.ReasonRecheckLimit), string(events.ReasonDeferLimit),
		string(events.ReasonNotAsked), string(events.ReasonAlone), string(events.ReasonPromptInterval),
		string(events.ReasonUnlock), string(events.ReasonRefused), string(events.ReasonRespawned):
		return true
	}
	return false
}
