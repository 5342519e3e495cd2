// SPDX-License-Identifier: Apache-2.0

package localapi

import (
	"crypto/rand"
	"testing"
)

// place is the name of a pipe that nobody else uses.
func place(*testing.T) string { return `\\.\pipe\quietsetup-test-` + rand.Text() }
