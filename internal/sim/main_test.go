// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain lets memory grow before it is collected: worlds are many, and each is
// gone in a moment.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}
