// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"path"
	"slices"
	"strings"

	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

// Exit codes of Windows Installer ("MsiExec.exe and InstMsi.exe error messages").
// What wraps it hands them on: bundles of WiX, InstallShield, Advanced Installer.
// NSIS, Inno Setup and most others use small numbers only, and no program of
// another system can end with such a code.
const (
	msiUnknownProduct = 1605 // this product is not installed
	msiUninstalled    = 1614 // it was uninstalled
	msiBusy           = 1618 // another installation runs
	msiRestarting     = 1641 // done, and the machine is being restarted
	msiRestart        = 3010 // done, the machine must be restarted
)

// usualCodes gives the codes of Windows Installer their meaning on Windows, unless
// the package has said something about them. That a product is gone already is the
// success of its removal; as there is one table for all actions, it counts only
// where the detect rule is asked afterwards.
func (l *loading) usualCodes(t *tomlfile.Table) {
	if l.machine.OS != "windows" {
		return
	}
	codes := &l.pkg.ExitCodes
	said := slices.Concat(codes.OK, codes.Reboot, codes.Retry)
	usual := func(list *[]int, key string, numbers ...int) {
		if t.Has(key) {
			return
		}
		for _, n := range numbers {
			if !slices.Contains(said, n) {
				*list = append(*list, n)
			}
		}
	}
	usual(&codes.Reboot, "reboot", msiRestart, msiRestarting)
	usual(&codes.Retry, "retry", msiBusy)
	if l.pkg.Detect != nil && removesByMSI(l.pkg.Uninstall) {
		usual(&codes.OK, "ok", msiUnknownProduct, msiUninstalled)
	}
}

// removesByMSI reports whether a command is msiexec.
func removesByMSI(argv []string) bool {
	if len(argv) == 0 {
		return false
	}
	name := strings.ToLower(path.Base(strings.ReplaceAll(argv[0], `\`, "/")))
	return name == "msiexec" || name == "msiexec.exe"
}
