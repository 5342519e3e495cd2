// SPDX-License-Identifier: Apache-2.0

//go:build wine

package e2ewindows

import (
	"strings"
	"testing"
)

// TestServiceTwentyTimes: the service is created, started, asked, stopped and
// deleted, and nothing of it is left.
func TestServiceTwentyTimes(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "")
	m.must("quietsetupd", "service", "delete")
	for n := range 20 {
		m.must("quietsetupd", "service", "install")
		m.must("quietsetupd", "service", "start")
		if out := m.must("quietsetupd", "service", "status"); !strings.Contains(out, "running") {
			t.Fatalf("round %d: %s", n+1, out)
		}
		m.until("the service answers", patience, func() bool { _, code := m.run("quietsetup", "status"); return code == 0 })
		m.must("quietsetupd", "service", "stop")
		m.must("quietsetupd", "service", "delete")
		if out, code := m.run("quietsetupd", "service", "status"); code != 4 {
			t.Fatalf("round %d: after deletion the exit code is %d: %s", n+1, code, out)
		}
	}
	if live := m.processes("quietsetupd.exe"); len(live) > 0 {
		t.Errorf("%v of the service live on", live)
	}
}
