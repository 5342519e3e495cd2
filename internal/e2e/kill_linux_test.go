// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// TestKillAtRandomMoments kills the daemon, the supervisor and the CLI at random
// moments of whole runs. Each run must end as one without kills: the version on
// disk, status, request and defers, and nothing done twice.
func TestKillAtRandomMoments(t *testing.T) {
	runs, kills := 10, 50
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("QUIETSETUP_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	if testing.Short() {
		runs, kills = 2, 6
	}
	done, all := map[string]int{}, 0
	run := 0
	for ; run < runs || all < kills; run++ {
		seed := seed + uint64(run)
		ok := t.Run(strconv.Itoa(run), func(t *testing.T) {
			t.Logf("QUIETSETUP_SEED=%d", seed)
			for what, n := range killedRun(t, seed) {
				done[what] += n
				all += n
			}
		})
		if !ok || run > 10*runs {
			break
		}
	}
	t.Logf("%d runs, %d kills: %v", run, all, done)
	for _, what := range []string{"daemon", "supervisor", "cli"} {
		if done[what] == 0 && !testing.Short() {
			t.Errorf("no %s was hit", what)
		}
	}
}

// killedRun is one run with kills until it is over; it returns how many hit what.
func killedRun(t *testing.T, seed uint64) map[string]int {
	r, person := rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, 2))
	m := newMachine(t, "defer_interval = \"200ms\"\nprompt_interval = 0\nclose_grace = \"5s\"\n")
	m.offer("app", "2.0", "")
	m.write(filepath.Join(m.root, "app/version"), "1.0\n")
	busy := m.program(filepath.Join(m.root, "app/app"))
	m.login(func(p apitypes.Prompt) string {
		time.Sleep(time.Duration(person.IntN(300)) * time.Millisecond)
		if p.DefersUsed < 2 {
			return "defer"
		}
		return "kill"
	})
	m.start()
	m.must("request", "app", "setup")
	did := map[string]int{}
	end := time.Now().Add(30 * time.Second) // then it may end in peace
	for time.Now().Before(end) {
		time.Sleep(time.Duration(r.IntN(400)) * time.Millisecond)
		if m.product("app").Phase == "reported" {
			break
		}
		supervisors := m.supervisors()
		switch what := r.IntN(10); {
		case what == 0: // an order in the middle of being given
			cmd := exec.Command(filepath.Join(m.bin, "quietsetup"), "--socket", m.socket(), "request", "app", "setup")
			if cmd.Start() == nil {
				time.Sleep(time.Duration(r.IntN(15)) * time.Millisecond)
				cmd.Process.Kill()
				cmd.Wait()
				did["cli"]++
			}
		case what <= 5 && len(supervisors) > 0:
			syscall.Kill(supervisors[0], syscall.SIGKILL)
			did["supervisor"]++
		default:
			m.kill()
			did["daemon"]++
			m.start()
		}
		m.nudge()
	}
	m.until("the run is reported", time.Minute, func() bool { m.nudge(); return m.product("app").Phase == "reported" })

	if got := m.installed("app"); got != "2.0" {
		t.Errorf("on disk is %q", got)
	}
	row := m.row("app")
	if row.InstallationStatus != "installed" || row.ActionRequest != "none" || row.ActionResult != "successful" || row.ProductVersion != "2.0" {
		t.Errorf("the report: %+v", row)
	}
	if got := m.counted(); got != 2 {
		t.Errorf("%d counted defers, want 2", got)
	}
	if alive(busy) {
		t.Error("the program still runs")
	}
	// One installer for each request that was recorded.
	begun := 0
	for _, l := range m.runs() {
		if strings.HasPrefix(l, "begin") {
			begun++
		}
	}
	asked := 0 // an order that was cut off at the end may have begun another run
	for _, e := range m.events() {
		switch e {
		case "accepted":
			asked++
		case "attempt_repeated":
			t.Error("an installer was repeated that must not be")
		}
	}
	if begun != asked {
		t.Errorf("the installer ran %d times for %d requests", begun, asked)
	}
	m.verify()
	return did
}

// nudge is the operator who does not wait for what nobody charges: a kill in the
// wrong moment may put a round off, uncounted, for a minute or more.
func (m *machine) nudge() {
	p := m.product("app")
	if p.Waits != nil && p.Phase != "reported" && p.Waits.Reason != "user" {
		m.cli("resume", "app", "--reason", "test")
	}
}

// supervisors are the living supervisors of this machine's attempts.
func (m *machine) supervisors() []int {
	var out []int
	dirs, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, d := range dirs {
		line, err := os.ReadFile(d)
		if err != nil {
			continue
		}
		args := strings.Split(string(line), "\x00")
		if strings.HasPrefix(args[0], m.state) && slices.Contains(args, "attempt") {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(d)))
			out = append(out, pid)
		}
	}
	return out
}

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
