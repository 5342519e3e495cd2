// SPDX-License-Identifier: Apache-2.0

package actionprocessor

import (
	"slices"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/view"
)

const (
	// soon is how far away a moment may be to be waited for.
	soon = 3 * time.Minute
	// patience is how long nothing may happen. It is longer than the two minutes
	// after which nobody counts as there.
	patience = 5 * time.Minute
	// settling is how long looking for programs is waited for while somebody is there:
	// what disturbs nobody begins after it, and may need the depot.
	settling = 20 * time.Second
	// asking is how long people are waited for who are asked because of a script: it needs
	// the depot, which opsi's agent mounts for as long as its event takes. The usual window
	// is open for a minute, the last one for a quarter of an hour.
	asking = 20 * time.Minute
	// often is how often in a row work may fail that is waited for, and how often the
	// check of a product may begin anew: it may be put off for a minute for days.
	often = 3
)

// Seen is what the service shows at one moment, and what is known from before.
type Seen struct {
	Now      time.Time // of the service's clock
	Alone    bool      // nobody is logged in, and that is known
	Products []apitypes.Product
	Reboot   []string       // products whose installer wants a restart of the machine
	Observes bool           // the service only observes
	Failing  map[string]int // by product: how often in a row work failed that is due
	Rounds   map[string]int // by product: how often its check began since the call
	Only     []string       // nil = all
	Over     map[string]int // by product: the last run that was over when the call came
	Called   time.Duration  // since the call
	Idle     time.Duration  // since something was last done
}

// Verdict is what the call does next.
type Verdict struct {
	State   State
	Waits   []string // products that are waited for
	Failed  []string // products that ended failed since the call
	Restart bool     // what was done wants a restart; only with Done
}

// State is how far a call is.
type State int

// The states of a call.
const (
	Waiting State = iota
	Done          // nothing can go on by itself now
	Handed        // people are there: the service sees to the rest
)

// Judge says whether a call waits. It is a pure function.
func Judge(s Seen) Verdict {
	by := map[string]apitypes.Product{}
	for _, p := range s.Products {
		by[p.ID] = p
	}
	v := Verdict{State: Done}
	for _, p := range s.Products {
		if s.ours(p) && p.Run > s.Over[p.ID] && p.Outcome != nil && (p.Outcome.Outcome == string(events.OutcomeFailed) || p.Outcome.Outcome == string(events.OutcomeUnknown)) {
			v.Failed = append(v.Failed, p.ID)
		}
	}
	if !s.Alone {
		v.State = Handed
	}
	switch {
	case s.Observes: // nothing begins; what began before ends
		for _, p := range s.Products {
			if s.installs(p) && running(p) {
				v.State, v.Waits = Waiting, append(v.Waits, p.ID)
			}
		}
		return v
	case !s.Alone:
		for _, p := range s.Products {
			if s.installs(p) || s.ours(p) && (s.Called < settling && s.looks(p) || s.Called < asking && s.asks(p)) {
				v.State, v.Waits = Waiting, append(v.Waits, p.ID)
			}
		}
		return v
	}
	var others []string // that go on, and are no matter of the call
	runs := false
	for _, p := range s.Products {
		switch {
		case s.installs(p), s.ours(p) && s.goesOn(p, by, nil):
			v.Waits = append(v.Waits, p.ID)
		case p.Run > 0 && p.Outcome == nil && s.goesOn(p, by, nil):
			others = append(others, p.ID)
		}
		runs = runs || running(p)
		if s.ours(p) && p.Run > s.Over[p.ID] && (slices.Contains(s.Reboot, p.ID) || p.Outcome == nil && waitsFor(p) == events.ReasonReboot) {
			v.Restart = true
		}
	}
	if v.Restart && len(v.Waits) == 0 {
		v.Waits = others // the restart would meet them in the middle
	}
	if len(v.Waits) > 0 && s.Idle < patience {
		v.State = Waiting
	}
	v.Restart = v.Restart && v.State == Done && !runs
	return v
}

// ours reports whether the call is about a product: it is wanted, or was when the
// call came.
func (s Seen) ours(p apitypes.Product) bool {
	return p.Run > 0 && (p.Outcome == nil || p.Run > s.Over[p.ID]) && (s.Only == nil || slices.Contains(s.Only, p.ID))
}

// Busy reports whether something is being done.
func (s Seen) Busy() bool {
	return slices.ContainsFunc(s.Products, func(p apitypes.Product) bool { return s.installs(p) || s.looks(p) })
}

// installs reports whether an installer runs, or is about to. One that waits for what
// nobody gives it is not waited for.
func (s Seen) installs(p apitypes.Product) bool {
	return p.Phase == string(events.PhaseInstalling) && p.Outcome == nil && p.Waits == nil && !stalled(p) && s.Failing[p.ID] < often
}

// looks reports whether a product is prepared, or programs are looked for or closed.
func (s Seen) looks(p apitypes.Product) bool {
	return (p.Phase == string(events.PhaseChecking) || p.Phase == string(events.PhaseKilling)) && p.Outcome == nil && p.Waits == nil && s.Failing[p.ID] < often
}

// running reports whether an installer lives, or may: also one that hangs.
func running(p apitypes.Product) bool {
	return p.Outcome == nil && p.Attempt != nil && slices.Contains([]string{"running", "stalled", "lost"}, p.Attempt.State)
}

// asks reports whether people are asked because of a script, or their programs closed
// for it.
func (s Seen) asks(p apitypes.Product) bool {
	return p.Script && (p.Phase == string(events.PhasePrompting) || p.Phase == string(events.PhaseKilling)) && p.Outcome == nil && p.Waits == nil && s.Failing[p.ID] < often
}

func stalled(p apitypes.Product) bool { return p.Attempt != nil && p.Attempt.State == "stalled" }

func waitsFor(p apitypes.Product) events.Reason {
	if p.Waits == nil {
		return ""
	}
	return events.Reason(p.Waits.Reason)
}

// goesOn reports whether a product goes on by itself, with nobody there. passed are
// products that led here: who waits in a circle goes on never.
func (s Seen) goesOn(p apitypes.Product, by map[string]apitypes.Product, passed []string) bool {
	if slices.Contains(passed, p.ID) || s.Failing[p.ID] >= often || s.Rounds[p.ID] > often && p.Phase != string(events.PhaseInstalling) || stalled(p) {
		return false
	}
	if p.Outcome != nil { // its report is on its way, or fails and is sent some day
		return !p.Report.Accepted && p.Report.Class == ""
	}
	switch waitsFor(p) {
	case "":
		return true
	case view.ReasonSlot, events.ReasonDependency:
		other, known := by[p.Waits.Detail]
		if !known {
			return false
		}
		if other.Outcome != nil { // its turn is now, unless that failed
			return other.Outcome.Outcome == string(events.OutcomeOK)
		}
		return s.goesOn(other, by, append(passed, p.ID))
	case events.ReasonNoMetadata, events.ReasonNotBackground, events.ReasonNotAsked:
		return true // they wait for nobody to be there, and that is so
	case events.ReasonHeld, events.ReasonReboot, events.ReasonObserved, events.ReasonInactive:
		return false
	}
	return p.Waits.Until != nil && p.Waits.Until.Sub(s.Now) <= soon
}
