// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"path/filepath"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/internal/config"
)

func defaultState() string { return filepath.Join(config.ProgramData(), "quietsetup", "state") }

// privileged reports whether this process may look after everybody's programs: as
// the system, or as an administrator whose rights are raised.
func privileged() bool { return windows.GetCurrentProcessToken().IsElevated() }
