// SPDX-License-Identifier: Apache-2.0

//go:build unix

package installer

import (
	"os/exec"
	"syscall"
)

// endsAsGroup makes the end of a command's time the end of all it started.
func endsAsGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// programVersion is a matter of Windows: a program carries no version elsewhere.
func programVersion(string) (string, error) { return "", nil }
