// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"io/fs"

	"github.com/quietsetup/quietsetup/internal/winfile"
)

// privileged: what this process runs, it runs as the system or with an
// administrator's rights.
func privileged() bool { return winfile.Privileged() }

// Changeable tells who else could change a file or folder, nil if only the system,
// the administrators and whoever runs this. The error names the mend; it names
// groups by their numbers, which are the same in every language.
func Changeable(name string, info fs.FileInfo) error {
	err := winfile.Check(name)
	if err == nil {
		return nil
	}
	down := ""
	if info.IsDir() {
		down = "(OI)(CI)"
	}
	return fmt.Errorf("%[1]s: %[2]w, who could change what is run; mend it with: icacls \"%[1]s\" /setowner *S-1-5-32-544 && icacls \"%[1]s\" /inheritance:r /grant:r *S-1-5-18:%[3]sF *S-1-5-32-544:%[3]sF *S-1-5-32-545:%[3]sRX", name, err, down)
}

// readableByAll believes so: whoever cannot read it is shown no logo.
func readableByAll(fs.FileMode) bool { return true }

// noBlock has no meaning for files here.
const noBlock = 0
