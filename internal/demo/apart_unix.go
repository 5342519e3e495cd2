// SPDX-License-Identifier: Apache-2.0

//go:build unix

package demo

import "syscall"

// apart puts a process into a group of its own.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
