// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package installer

import (
	"fmt"
	"os"
	"syscall"
)

const roleSupervise = "supervise"

func detached() (*syscall.SysProcAttr, error) {
	return nil, unsupported("running an installer")
}

// Supervise is not implemented on this platform; it says so and returns 2.
func Supervise([]string) int {
	fmt.Fprintln(os.Stderr, unsupported("running an installer"))
	return 2
}
