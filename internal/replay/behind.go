// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"cmp"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// longestChain bounds what is told; a person stops reading before.
const longestChain = 20

// Follow adds the products that are waited for, and what that means for what happens
// next. find returns a product's state, false if there is none.
func (w *Explanation) Follow(p apitypes.Product, find func(id string) (apitypes.Product, bool)) {
	w.Behind = BehindOf(p, find)
	if w.Reason == string(events.ReasonInstallerBusy) && len(w.Behind) > 0 { // the installer is one of ours
		w.Next = NextInstaller
	}
}

// BehindOf follows a product that waits for another one to the one that holds
// all of them up. find returns a product's state, false if there is none.
func BehindOf(p apitypes.Product, find func(id string) (apitypes.Product, bool)) []Behind {
	var out []Behind
	seen := map[string]bool{p.ID: true}
	for len(out) < longestChain && p.Waits != nil && waitsForAnother(p.Waits.Reason) && !seen[p.Waits.Detail] {
		seen[p.Waits.Detail] = true
		q, known := find(p.Waits.Detail)
		if !known {
			break
		}
		b := Behind{Product: q.ID, Phase: q.Phase}
		if q.Waits != nil {
			b.Reason, b.Detail, b.Until = q.Waits.Reason, q.Waits.Detail, q.Waits.Until
		}
		if q.Outcome != nil {
			b.Outcome, b.Detail = q.Outcome.Outcome, cmp.Or(b.Detail, q.Outcome.Reason)
		}
		out, p = append(out, b), q
	}
	return out
}

func waitsForAnother(reason string) bool {
	switch events.Reason(reason) {
	case events.ReasonDependency, events.ReasonReboot, events.ReasonInstallerBusy, ReasonSlot: // a busy installer of nobody we know is no product
		return true
	}
	return false
}
