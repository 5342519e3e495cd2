// SPDX-License-Identifier: Apache-2.0

//go:build !linux && !windows

package host

import "context"

// PowerNow is not known on this system.
func PowerNow() (Power, error) {
	return Power{Mains: true, Percent: -1}, unsupported("cannot tell where the power comes from")
}

// ClockSynced is not known on this system.
func ClockSynced() (bool, error) { return false, unsupported("cannot tell whether the clock is set") }

// Notifications is not known on this system.
func Notifications(context.Context) (bool, error) {
	return false, unsupported("cannot look for a notification service")
}
