// SPDX-License-Identifier: Apache-2.0

package config

import (
	"path/filepath"

	"golang.org/x/sys/windows"
)

// ProgramData is the folder of all programs' data. The system is asked for it, not
// the environment: that is whoever's who starts a program, and the service and the
// command line must mean the same folder.
func ProgramData() string {
	dir, err := windows.KnownFolderPath(windows.FOLDERID_ProgramData, windows.KF_FLAG_DEFAULT)
	if err != nil || !filepath.IsAbs(dir) {
		return `C:\ProgramData`
	}
	return dir
}
