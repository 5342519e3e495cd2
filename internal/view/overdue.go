// SPDX-License-Identifier: Apache-2.0

package view

import (
	"fmt"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// When a wait is told to be too long.
const (
	heldTooLong  = 14 * events.Day // held until nobody is there, or by a defect or an order
	aloneTooLong = events.Day      // nobody is there, but a blocking program lives
	finalTooLong = events.Day      // later is used up, and the announced closing did not come about
)

// overdue says in English why a product should not have taken so long, or "".
func (v View) overdue(p *fsm.Product) string {
	if !p.Open() {
		return ""
	}
	if a := p.Attempt; a != nil && a.Stage == fsm.StageBegun && p.Phase == events.PhaseInstalling {
		if limit := p.Policy.InstallTimeout; limit > 0 && v.since(a.Since) > limit {
			return fmt.Sprintf("the installer has run for more than %s", length(limit))
		}
	}
	if w := p.Wait; w != nil {
		age := v.since(w.Since)
		switch w.Reason {
		case events.ReasonAlone:
			if age > aloneTooLong {
				return fmt.Sprintf("nobody is there, but a program has kept the installer waiting for more than %s", length(aloneTooLong))
			}
		case events.ReasonOwnerAway:
			if age > aloneTooLong {
				return fmt.Sprintf("a program of somebody who is not here has kept the installer waiting for more than %s", length(aloneTooLong))
			}
		case events.ReasonRefused, events.ReasonRespawned, events.ReasonUnlock:
			if p.Counter().Defers >= p.Policy.MaxDefer && age > finalTooLong {
				return fmt.Sprintf("later is used up, but the programs could not be closed for more than %s", length(finalTooLong))
			}
		case events.ReasonNoMetadata, events.ReasonNotBackground, events.ReasonNotAsked, events.ReasonDefect, events.ReasonHeld:
			if age > heldTooLong {
				return fmt.Sprintf("held for more than %s", length(heldTooLong))
			}
		}
	}
	if used, limit := p.Counter().Unanswered, p.Policy.MaxUnanswered; limit > 0 && used >= limit {
		return fmt.Sprintf("nobody saw the question %d times", used)
	}
	return ""
}

// length spells a span in its largest whole unit: "14 days", "3 hours".
func length(s events.Span) string {
	unit := func(n events.Span, name string) string {
		if n == 1 {
			return "1 " + name
		}
		return fmt.Sprintf("%d %ss", n, name)
	}
	switch {
	case s >= 2*events.Day && s%events.Day == 0:
		return unit(s/events.Day, "day")
	case s >= events.Hour && s%events.Hour == 0:
		return unit(s/events.Hour, "hour")
	case s >= events.Minute:
		return unit(s/events.Minute, "minute")
	}
	return unit(s/events.Second, "second")
}
