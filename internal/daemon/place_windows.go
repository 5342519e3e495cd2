// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"errors"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/winfile"
)

func defaultState() string { return filepath.Join(config.ProgramData(), "quietsetup", "state") }

// privileged reports whether this process may look after everybody's programs: as
// the system, or as an administrator whose rights are raised.
func privileged() bool { return windows.GetCurrentProcessToken().IsElevated() }

// makeState makes a private folder, as the store does. In ProgramData everybody may
// create files, so the folder above it is guarded.
func makeState(dir string) error {
	if err := winfile.MakeGuarded(filepath.Dir(dir)); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return winfile.MakePrivate(dir)
}
