// SPDX-License-Identifier: Apache-2.0

//go:build unix

package store

import "syscall"

// noWait opens without waiting for the other end of a pipe.
const noWait = syscall.O_NONBLOCK

// noFollow refuses a link in a file's place.
const noFollow = syscall.O_NOFOLLOW

// modes: a file's mode says who may read it.
const modes = true
