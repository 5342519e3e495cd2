// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"cmp"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// longestChain bounds what is told; a person stops reading before.
const longestChain = 20

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
	case events.ReasonDependency, events.ReasonReboot, ReasonSlot:
		return true
	}
	return false
}
