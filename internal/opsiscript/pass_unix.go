// SPDX-License-Identifier: Apache-2.0

//go:build unix

package opsiscript

import (
	"os"
	"syscall"
)

// askToEnd asks a program to end. One that has ended already is no matter.
func askToEnd(p *os.Process) { _ = p.Signal(syscall.SIGTERM) }
