// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package doctor

import "os"

// RealWindows is nil: this is another system.
func RealWindows() Windows { return nil }

// UID is the user's that this program runs as.
func UID() int { return os.Geteuid() }
