// SPDX-License-Identifier: Apache-2.0

//go:build wine

package e2ewindows

import (
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/promptui/desktoptest"
)

// What a person presses in the dialog: the underlined letter of a button.
const (
	later    = "alt+l"
	closeAll = "alt+c"
)

// dialog waits until the question about a product is on the screen and has the
// keyboard.
func (m *machine) dialog(id, title string, used int) apitypes.Product {
	m.t.Helper()
	p := m.untilProduct(id, "has a window on the screen", func(p apitypes.Product) bool {
		return p.Phase == "prompting" && p.Defers.Used == used && p.Window != nil && p.Window.Asks[0].Shown
	})
	m.desk.Wait(title)
	return p
}

// press answers the dialog of a product. A new one takes no keys until it could be
// read; so the key is pressed until the service has the answer.
func (m *machine) press(p apitypes.Product, title, key string) {
	m.t.Helper()
	m.until("the key "+key+" is taken", patience, func() bool {
		if (m.desk.Active(title) != desktoptest.Window{}) {
			m.desk.Press(key)
		}
		now := m.product(p.ID)
		return now.ID == p.ID && (now.Window == nil || now.Window.ID != p.Window.ID)
	})
}
