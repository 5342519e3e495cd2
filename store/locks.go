// SPDX-License-Identifier: Apache-2.0

package store

import (
	"os"

	"github.com/quietsetup/quietsetup/internal/filelock"
)

// tryLock takes the exclusive lock on an open file; false if another holds it.
// The system drops it when the file is closed or the process ends.
func tryLock(f *os.File) (bool, error) { return filelock.Whole(f, 0) }

// tryShare takes a lock that others may share; false if another holds it for
// itself. It is enough that the file is open for reading.
func tryShare(f *os.File) (bool, error) { return filelock.Shared(f, 0) }

// tryShareDB is tryShare for a bbolt file. Windows keeps others from reading what is
// locked, so bbolt locks a byte where no data can be: its bolt_windows.go. Elsewhere
// it locks the whole file, too.
func tryShareDB(f *os.File) (bool, error) { return filelock.Shared(f, 1<<64-1) }
