// SPDX-License-Identifier: Apache-2.0

//go:build wine

package e2ewindows

import (
	"time"

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
func (m *machine) dialog(id, title string, used int) (apitypes.Product, desktoptest.Window) {
	m.t.Helper()
	p := m.untilProduct(id, "has a window on the screen", func(p apitypes.Product) bool {
		return p.Phase == "prompting" && p.Defers.Used == used && p.Window != nil && p.Window.Asks[0].Shown
	})
	return p, m.desk.Wait(title)
}

// press answers a dialog. A new one takes no keys until it could be read; so the
// key is pressed until the window has gone.
func (m *machine) press(title string, w desktoptest.Window, key string) {
	m.t.Helper()
	m.until("the key "+key+" is taken", patience, func() bool {
		if m.desk.Active(title) != w {
			return true
		}
		m.desk.Press(key)
		for end := time.Now().Add(time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			if m.desk.Active(title) != w {
				return true
			}
		}
		return false
	})
}
