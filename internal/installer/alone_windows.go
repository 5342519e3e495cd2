// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lockWhole takes the lock for one alone, lockShared a part of it; false = another's
// is in the way.
func lockWhole(f *os.File) (bool, error) { return lockByte(f, windows.LOCKFILE_EXCLUSIVE_LOCK) }

func lockShared(f *os.File) (bool, error) { return lockByte(f, 0) }

// lockByte locks a byte where no text can be: Windows keeps others from reading what
// is locked.
func lockByte(f *os.File, how uint32) (bool, error) {
	err := windows.LockFileEx(windows.Handle(f.Fd()), how|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0,
		&windows.Overlapped{Offset: 1<<32 - 1, OffsetHigh: 1<<31 - 1})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return false, nil
	}
	return err == nil, err
}
