// SPDX-License-Identifier: Apache-2.0

//go:build wine

package e2ewindows

import "testing"

// TestServiceTwentyTimes: the service is created, started, asked, stopped and
// deleted, and nothing of it is left.
func TestServiceTwentyTimes(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "")
	m.must("quietsetupd", "service", "delete")
	for n := range 20 {
		m.must("quietsetupd", "service", "install")
		m.must("quietsetupd", "service", "start")
		if out, code := m.run("quietsetup", "status"); code != 0 {
			t.Fatalf("round %d: the service does not answer: %d, %s", n+1, code, out)
		}
		if n%2 == 0 { // a running service is stopped by its deletion
			m.must("quietsetupd", "service", "stop")
		}
		m.must("quietsetupd", "service", "delete")
	}
	if out, code := m.run("quietsetupd", "service", "status"); code != 4 {
		t.Errorf("after deletion the exit code is %d: %s", code, out)
	}
	if out, code := m.run("sc", "query", "quietsetupd"); code == 0 {
		t.Errorf("Windows knows the service still: %s", out)
	}
	m.gone(`\quietsetupd.exe`)
}
