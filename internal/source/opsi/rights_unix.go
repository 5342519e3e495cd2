// SPDX-License-Identifier: Apache-2.0

//go:build unix

package opsi

import (
	"fmt"
	"io/fs"
	"syscall"
)

// noBlock makes opening a pipe return at once instead of waiting for a writer.
const noBlock = syscall.O_NONBLOCK

// loose refuses a mode that gives others than the owner anything at all: whoever
// reads the key is this client to the server.
func loose(name string, mode fs.FileMode) error {
	if mode.Perm()&0o077 != 0 {
		return fmt.Errorf("%w: %s has mode %04o; mend it with: chmod 600 %s", ErrLooseFile, name, mode.Perm(), name)
	}
	return nil
}
