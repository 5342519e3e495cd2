// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"testing"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// TestStanding: an error tells people where the product stands, in words.
func TestStanding(t *testing.T) {
	for want, p := range map[string]apitypes.Product{
		"notes is checking":                 {ID: "notes", Phase: "checking"},
		"notes is deferred, waits for user": {ID: "notes", Phase: "deferred", Waits: &apitypes.Waits{Reason: "user"}},
		"notes is reported, waits for dependency (editor), outcome failed (exit code 7)": {ID: "notes", Phase: "reported",
			Waits: &apitypes.Waits{Reason: "dependency", Detail: "editor"}, Outcome: &apitypes.Outcome{Outcome: "failed", Reason: "exit code 7"}},
	} {
		if got := standing(p); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
