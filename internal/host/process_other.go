// SPDX-License-Identifier: Apache-2.0

//go:build !linux && !windows

package host

import "github.com/quietsetup/quietsetup/checks"

func rules() checks.PathRules { return checks.Unix() }

// programless reports whether a process runs no program file: the kernel.
func programless(pid int32, _ error) bool { return pid == 0 }

// StartOf is not known on this system.
func StartOf(int) (int64, error) { return 0, unsupported("cannot read when a process started") }

// belongs is not known on this system.
func belongs(int32) (owner, session string) { return "", "" }
