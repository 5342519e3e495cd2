// SPDX-License-Identifier: Apache-2.0

package local

import (
	"io/fs"
	"os"

	"github.com/quietsetup/quietsetup/internal/winfile"
)

// ours refuses an open file or folder that others could change: a row says what
// the system installs.
func ours(file *os.File, _ fs.FileInfo) error { return winfile.CheckOpen(file) }

// noBlock has no meaning for files here.
const noBlock = 0
