// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package desktop

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// There are no dialogs by programs of the desktop elsewhere yet.

func bindToParent(*exec.Cmd) (free func()) { return func() {} }

func endProcess(p *os.Process, _ syscall.Signal) { _ = p.Kill() }

func unread(*os.File) (int, error) { return 0, errors.ErrUnsupported }
