// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"testing"
)

// TestVerifyWhileItRuns: the log of a running service can be verified, from its
// journal.
func TestVerifyWhileItRuns(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "")
	m.offer("app", "2.0", "")
	m.start()
	m.must("request", "app", "setup", "--wait")
	if out := m.must("replay", "--verify", "--json", m.state); !strings.Contains(out, `"verdict": "ok"`) || !strings.Contains(out, "log_db_in_use") {
		t.Errorf("%s", out)
	}
	m.verify()
}
