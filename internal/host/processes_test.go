// SPDX-License-Identifier: Apache-2.0

package host

import (
	"testing"

	"github.com/quietsetup/quietsetup/checks"
)

func TestOwnPath(t *testing.T) {
	own := []string{"/opt/q/bin", "/var/lib/q/", "", "/"}
	for path, want := range map[string]bool{"/opt/q/bin": true, "/opt/q/bin/x": true, "/opt/q/bin2": false, "/var/lib/q/x": true, "/usr/bin/x": false, "": false, "/OPT/q/bin": false} {
		if got := ownPath(checks.Unix(), own, path); got != want {
			t.Errorf("%q: %v", path, got)
		}
	}
	own = []string{`C:\Program Files\quietsetup\quietsetupd.exe`, `C:\ProgramData\quietsetup\state\supervisor\`, "", `C:\`, `D:`}
	for path, want := range map[string]bool{`c:\program files\QuietSetup\quietsetupd.exe`: true, `C:\Program Files\quietsetup\quietsetup.exe`: false,
		`\\?\C:/ProgramData/quietsetup/state/supervisor/x.exe`: true, `C:\ProgramData\quietsetup\state\supervisor2\x.exe`: false, `C:\x.exe`: false, `D:\x.exe`: false, "": false} {
		if got := ownPath(checks.Windows(), own, path); got != want {
			t.Errorf("%q: %v", path, got)
		}
	}
}
