// SPDX-License-Identifier: Apache-2.0

package desktop

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// bindToParent makes the program end when this process does, even by kill -9.
// The kernel watches the thread that starts it, so that one is kept until free.
func bindToParent(cmd *exec.Cmd) (free func()) {
	runtime.LockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	return runtime.UnlockOSThread
}

func endProcess(p *os.Process, s syscall.Signal) { _ = p.Signal(s) }

// unread is how much of what was written to a pipe was not read yet.
func unread(f *os.File) (int, error) {
	c, err := f.SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("cannot look into a pipe: %w", err)
	}
	n, ioctl := 0, error(nil)
	if err := c.Control(func(fd uintptr) { n, ioctl = unix.IoctlGetInt(int(fd), unix.TIOCINQ) }); err != nil {
		return 0, fmt.Errorf("cannot look into a pipe: %w", err)
	}
	return n, ioctl
}
