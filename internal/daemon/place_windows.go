// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"os"
	"path/filepath"
)

func defaultState() string {
	dir := os.Getenv("ProgramData")
	if !filepath.IsAbs(dir) {
		dir = `C:\ProgramData`
	}
	return filepath.Join(dir, "quietsetup", "state")
}
