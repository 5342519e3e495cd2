// SPDX-License-Identifier: Apache-2.0

//go:build !linux && !darwin && !windows

package host

// FreeSpace is not known on this system.
func FreeSpace(string) (uint64, error) { return 0, unsupported("cannot read the free space of a disk") }
