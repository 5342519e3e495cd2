// SPDX-License-Identifier: Apache-2.0

package opsiscript

import (
	"testing"

	"golang.org/x/sys/windows/registry"
)

// TestLeave: a wish that is left is one that is found, and can be taken away.
func TestLeave(t *testing.T) {
	const parent, name = `SOFTWARE\quietsetup-test`, `SOFTWARE\quietsetup-test\winst`
	t.Cleanup(func() {
		_ = registry.DeleteKey(registry.LOCAL_MACHINE, name)
		_ = registry.DeleteKey(registry.LOCAL_MACHINE, parent)
	})
	if w, err := Key(name).Look(); err != nil || w != NoWish {
		t.Fatal(w, err)
	}
	if err := Key(name).leave(); err != nil {
		t.Fatal(err)
	}
	if w, err := Key(name).Look(); err != nil || w != Reboot {
		t.Errorf("%v, %v", w, err)
	}
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, name, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if err != nil {
		t.Fatal(err)
	}
	n, err := number(key, rebootRequested)
	if err != nil || n != 4 {
		t.Errorf("the value is %d, %v", n, err)
	}
	if err := key.Close(); err != nil {
		t.Error(err)
	}
	if err := Key(name).Clear(); err != nil {
		t.Error(err)
	}
	if w, err := Key(name).Look(); err != nil || w != NoWish {
		t.Errorf("%v, %v", w, err)
	}
}
