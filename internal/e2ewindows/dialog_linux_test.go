// SPDX-License-Identifier: Apache-2.0

//go:build wine

package e2ewindows

import (
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/promptui/desktoptest"
)

// What a person presses in the dialog. The first button is later, which has the
// focus; close and go on is the last of three.
var (
	later    = []string{"Return"}
	closeAll = []string{"Tab", "Tab", "Return"}
)

// dialog waits until the question about a product can be answered: it has the
// keyboard, and a person has had the time that the agent wants to have seen it.
func (m *machine) dialog(id, title string, used int) (apitypes.Product, desktoptest.Window) {
	m.t.Helper()
	p := m.untilProduct(id, "has a window on the screen", func(p apitypes.Product) bool {
		return p.Phase == "prompting" && p.Defers.Used == used && p.Window != nil && p.Window.Asks[0].Shown
	})
	w := m.desk.Wait(title)
	time.Sleep(1100 * time.Millisecond) // a new window takes no keys for a second
	return p, w
}
