// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/installer"
)

// tellWaiting adds to a product what its running installer seems to wait for. The
// log does not know: it is seen on the machine, now, and decides nothing.
func (v *views) tellWaiting(p *apitypes.Product) {
	if p.Attempt == nil || p.Attempt.State != "running" && p.Attempt.State != "stalled" {
		return
	}
	if s, err := installer.Inspect(v.stateDir, p.Attempt.Token); err == nil {
		addWaiting(p, s.Waiting)
	}
}

// addWaiting makes the wait the reason why the product takes too long.
func addWaiting(p *apitypes.Product, what string) {
	if what != "" {
		p.Overdue, p.OverdueWhy = true, "the installer does not go on: "+what
	}
}
