// SPDX-License-Identifier: Apache-2.0

//go:build unix

package installer

import (
	"errors"
	"os"
	"syscall"
)

// lockWhole takes the lock for one alone, lockShared a part of it; false = another's
// is in the way. A program that is started does not get it: the file is closed then.
func lockWhole(f *os.File) (bool, error) { return flock(f, syscall.LOCK_EX) }

func lockShared(f *os.File) (bool, error) { return flock(f, syscall.LOCK_SH) }

func flock(f *os.File, how int) (bool, error) {
	for {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		default:
			return false, err
		}
	}
}
