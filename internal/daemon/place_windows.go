// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"path/filepath"

	"github.com/quietsetup/quietsetup/internal/config"
)

func defaultState() string { return filepath.Join(config.ProgramData(), "quietsetup", "state") }
