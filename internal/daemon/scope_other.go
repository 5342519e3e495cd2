// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package daemon

// scope is not needed here: no service manager ends a service's children with it.
func scope() func(pid int) error { return nil }
