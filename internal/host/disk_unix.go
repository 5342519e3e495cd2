// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin

package host

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// FreeSpace returns the bytes that may still be written below path by a user
// without special rights. What does not exist yet counts as the nearest folder
// above it.
func FreeSpace(path string) (uint64, error) {
	at := filepath.Clean(path)
	for {
		var st unix.Statfs_t
		err := unix.Statfs(at, &st)
		switch {
		case err == nil:
			return uint64(st.Bavail) * uint64(st.Bsize), nil
		case err == unix.EINTR:
		case errors.Is(err, fs.ErrNotExist) && at != filepath.Dir(at):
			at = filepath.Dir(at)
		default:
			return 0, fmt.Errorf("cannot read the free space of %s: %w", path, err)
		}
	}
}
