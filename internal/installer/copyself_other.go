// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package installer

// runningImage is the program's path: an update does not replace it in place.
func runningImage(path string) string { return path }

// refusesPrograms is a matter of Linux mounts.
func refusesPrograms(string) bool { return false }
