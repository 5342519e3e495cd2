// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/quietsetup/quietsetup/events"
)

// detectMSI is not implemented yet; no platform but Windows has Windows Installer.
func detectMSI(events.Detect) (found, error) {
	return found{}, fmt.Errorf("asking Windows Installer on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
