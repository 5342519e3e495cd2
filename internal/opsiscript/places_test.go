// SPDX-License-Identifier: Apache-2.0

package opsiscript

import (
	"slices"
	"testing"
)

// TestPlaces: Windows may lie on another drive.
func TestPlaces(t *testing.T) {
	const behind = `\opsi.org\opsi-client-agent\opsi-script\opsi-script.exe`
	t.Setenv("ProgramFiles", `D:\Program Files`)
	t.Setenv("ProgramFiles(x86)", `relative`)
	want := []string{`D:\Program Files` + behind, `C:\Program Files (x86)` + behind, `C:\Program Files` + behind}
	if got := Places("windows"); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	for _, system := range []string{"linux", "darwin"} {
		if got := Places(system); len(got) == 0 || !absolute(system, got[0]) {
			t.Errorf("%s: %q", system, got)
		}
	}
}
