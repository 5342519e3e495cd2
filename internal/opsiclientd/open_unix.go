// SPDX-License-Identifier: Apache-2.0

//go:build unix

package opsiclientd

import "syscall"

// noBlock makes opening a pipe return at once instead of waiting for a writer.
const noBlock = syscall.O_NONBLOCK
