// SPDX-License-Identifier: Apache-2.0

//go:build !linux && !windows

package installer

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

const roleSupervise = "supervise"

func detached() (*syscall.SysProcAttr, error) {
	return nil, unsupported("running an installer")
}

func giveReady(*exec.Cmd, *os.File) {}

func startAnyway(cmd *exec.Cmd) error { return cmd.Start() }

// Supervise says that nothing is installed on this platform, and returns 2.
func Supervise([]string) int {
	fmt.Fprintln(os.Stderr, unsupported("running an installer"))
	return 2
}
