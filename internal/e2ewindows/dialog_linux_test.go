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
func (m *machine) dialog(id, title string, used int) apitypes.Product {
	m.t.Helper()
	p := m.untilProduct(id, "has a window on the screen", func(p apitypes.Product) bool {
		return p.Phase == "prompting" && p.Defers.Used == used && p.Window != nil && p.Window.Asks[0].Shown
	})
	m.desk.Wait(title)
	return p
}

// reading is how long a person looks at a window before pressing a key. A key that
// comes sooner does not count, and the window asks anew.
const reading = 2 * time.Second

// press answers the dialog of a product as a person does: reads, presses, and
// looks whether it was taken.
func (m *machine) press(p apitypes.Product, title, key string) {
	m.t.Helper()
	taken := func() bool {
		now := m.product(p.ID)
		return now.ID == p.ID && (now.Window == nil || now.Window.ID != p.Window.ID)
	}
	for end := time.Now().Add(patience); time.Now().Before(end); {
		time.Sleep(reading)
		if (m.desk.Active(title) != desktoptest.Window{}) {
			m.desk.Press(key)
		}
		for look := time.Now().Add(reading); time.Now().Before(look); {
			if taken() {
				return
			}
		}
	}
	m.t.Fatalf("the key %s was not taken in %v", key, patience)
}
