// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// ours is not implemented on Windows: owner and access list have to be read.
func ours(fs.FileInfo) error {
	return fmt.Errorf("checking the owner on Windows: %w", errors.ErrUnsupported)
}

// syncDir is not implemented on Windows: a directory cannot be synced there.
func syncDir(*os.Root) error {
	return fmt.Errorf("syncing a directory on Windows: %w", errors.ErrUnsupported)
}

// executableBits: any file may be run, its name says how.
const executableBits = false

// dontBlock has no meaning for files here.
const dontBlock = 0
