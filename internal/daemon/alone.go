// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/quietsetup/quietsetup/internal/actionprocessor"
	"github.com/quietsetup/quietsetup/internal/installer"
)

// TakeAlone takes the machine for what is installed past the service. Where the service
// never ran its state folder is made.
func TakeAlone(stateDir string) (actionprocessor.Lock, error) {
	if _, err := os.Stat(stateDir); errors.Is(err, fs.ErrNotExist) {
		if err := makeState(stateDir); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("cannot make the state folder: %w", err)
		}
	}
	a, err := installer.TakeAlone(stateDir)
	switch {
	case errors.Is(err, installer.ErrOccupied), errors.Is(err, installer.ErrRuns):
		return nil, fmt.Errorf("%w: %w", actionprocessor.ErrBusy, err)
	case err != nil:
		return nil, err
	}
	return a, nil
}
