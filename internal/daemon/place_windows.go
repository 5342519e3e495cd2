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

// socketIn is the pipe of a state folder of its own.
func socketIn(dir string) string { return filepath.Join(dir, "api.sock") }
