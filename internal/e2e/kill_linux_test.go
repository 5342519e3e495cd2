// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// TestRecheckSurvivesKill: two rechecks, kill -9, and the next one is the last of its limit.
func TestRecheckSurvivesKill(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "max_recheck = 3\nprompt_interval = 0\n")
	m.offer("app", "2.0", "")
	m.program(filepath.Join(m.root, "app/app"))
	killed := make(chan struct{})
	pressed := 0
	m.login(func(p apitypes.Prompt) string {
		if pressed == 2 {
			<-killed
		}
		pressed++
		return "recheck"
	})
	m.start()
	m.must("request", "app", "setup")
	m.until("two rechecks", 30*time.Second, func() bool { return m.product("app").Rechecks.Used == 2 && m.product("app").Phase == "prompting" })
	m.kill()
	close(killed)
	m.start()
	p := m.untilPhase("app", "deferred")
	if p.Waits == nil || p.Waits.Reason != "recheck_limit" || p.Defers.Used != 1 {
		t.Errorf("after the third recheck: %+v", p)
	}
	if n := slices.Index(m.events(), "deferred"); n < 0 {
		t.Error("nothing deferred")
	}
	m.verify()
}

// TestSecondDaemon: two daemons on one state directory.
func TestSecondDaemon(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "")
	m.start()
	out, err := exec.Command(filepath.Join(m.bin, "quietsetupd"), "run", "--config", filepath.Join(m.dir, "quietsetup.toml"), "--state-dir", m.state).CombinedOutput()
	if code := exitCode(err); code != 10 || !strings.Contains(string(out), m.state) {
		t.Errorf("exit code %d, want 10 and the directory named: %s", code, out)
	}
	m.untilStatus()
}

func exitCode(err error) int {
	if err == nil {
		return 0
	}
	if e, ok := err.(*exec.ExitError); ok {
		return e.ExitCode()
	}
	return -1
}

func (m *machine) untilStatus() {
	m.t.Helper()
	if _, errs, code := m.cli("status"); code != 0 {
		m.t.Errorf("the first daemon must go on: %d %s", code, errs)
	}
}
