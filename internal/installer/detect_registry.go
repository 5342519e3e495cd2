// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/quietsetup/quietsetup/events"
)

// detectRegistry is not implemented yet; no platform but Windows has a registry.
func detectRegistry(events.Detect) (found, error) {
	return found{}, fmt.Errorf("reading the registry on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
