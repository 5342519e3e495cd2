// SPDX-License-Identifier: Apache-2.0

//go:build unix

package servercheck

import (
	"os"
	"slices"
	"testing"

	"github.com/quietsetup/quietsetup/internal/source/opsi/opsitest"
)

// TestLooseKey: a key that others can read is told before anybody is asked.
func TestLooseKey(t *testing.T) {
	s, target := site(t, opsitest.Options{})
	if err := os.Chmod(target.KeyFile, 0o640); err != nil {
		t.Fatal(err)
	}
	if got := codes(Look(t.Context(), target)); !slices.Equal(got, []string{"key_loose"}) || len(s.Requests()) > 0 {
		t.Errorf("%v, %d requests", got, len(s.Requests()))
	}
}
