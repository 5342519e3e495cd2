// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"testing"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

func TestAddWaiting(t *testing.T) {
	p := apitypes.Product{Overdue: true, OverdueWhy: "the installer has run for more than 3 hours"}
	if addWaiting(&p, ""); p.OverdueWhy != "the installer has run for more than 3 hours" || !p.Overdue {
		t.Errorf("%+v", p)
	}
	const want = "the installer does not go on: a window (#32770) of setup.exe waits for input"
	if addWaiting(&p, "a window (#32770) of setup.exe waits for input"); p.OverdueWhy != want || !p.Overdue {
		t.Errorf("%+v", p)
	}
	v := &views{stateDir: t.TempDir()}
	for _, a := range []*apitypes.Attempt{nil, {State: "ended", Token: "../x"}, {State: "running", Token: "../x"}, {State: "running", Token: "id.x.1.1"}} {
		q := apitypes.Product{Attempt: a}
		if v.tellWaiting(&q); q.Overdue {
			t.Errorf("%+v: %q", a, q.OverdueWhy)
		}
	}
}
