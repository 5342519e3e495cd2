// SPDX-License-Identifier: Apache-2.0

//go:build unix

package store

import (
	"os"
	"syscall"
)

// openAtOnce opens for reading and does not wait for the other end of a pipe.
func openAtOnce(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// noFollow refuses a link in a file's place.
const noFollow = syscall.O_NOFOLLOW

// modes: a file's mode says who may read it.
const modes = true
