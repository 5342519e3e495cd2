// SPDX-License-Identifier: Apache-2.0

// Package filelock locks an open file against other programs, and waits for nobody. The
// system frees a lock when its file is closed or its holder dies, however that comes.
// Nobody is kept from reading or writing who does not ask for the lock; Windows alone
// keeps others from the byte that is locked.
package filelock

import "os"

// Byte is the place of the byte that is locked on Windows; elsewhere it is the whole
// file. All who share a file must name the same.
type Byte uint64

// Whole takes the lock for one alone, false = another's is in the way.
func Whole(f *os.File, at Byte) (bool, error) { return take(f, true, at) }

// Shared takes a part of the lock, false = another has it for himself. It is enough that
// the file is open for reading.
func Shared(f *os.File, at Byte) (bool, error) { return take(f, false, at) }
