// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package installer

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/quietsetup/quietsetup/events"
)

// detectRegistry has nothing to read: no platform but Windows has a registry.
func detectRegistry(events.Detect) (found, error) {
	return found{}, fmt.Errorf("reading the registry on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
