// SPDX-License-Identifier: Apache-2.0

package host

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// FreeSpace returns the bytes that may still be written below path by the user
// this process runs as. What does not exist yet counts as the nearest folder
// above it.
func FreeSpace(path string) (uint64, error) {
	at := filepath.Clean(path)
	for {
		name, err := windows.UTF16PtrFromString(at)
		if err != nil {
			return 0, fmt.Errorf("cannot read the free space of %q: %w", path, err)
		}
		var free uint64
		err = windows.GetDiskFreeSpaceEx(name, &free, nil, nil)
		if err == nil {
			return free, nil
		}
		if !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at) {
			return 0, fmt.Errorf("cannot read the free space of %s: %w", path, err)
		}
		at = filepath.Dir(at)
	}
}
