// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package installer

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/quietsetup/quietsetup/events"
)

// detectMSI has nothing to read: no platform but Windows has Windows Installer.
func detectMSI(events.Detect) (found, error) {
	return found{}, fmt.Errorf("asking Windows Installer on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
