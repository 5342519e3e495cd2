// SPDX-License-Identifier: Apache-2.0

//go:build wine

package e2ewindows

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// TestKillTheService kills the process of the service at 50 random moments
// within five runs of the main job: nothing is lost and nothing is done twice.
func TestKillTheService(t *testing.T) {
	t.Parallel()
	const runs, kills = 5, 50
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("QUIETSETUP_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	t.Logf("QUIETSETUP_SEED=%d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	m := newMachine(t, impatient)
	struck := 0
	for n := range runs {
		version := fmt.Sprintf("%d.0", n+1)
		m.offerSetup("installs", "app", version, "")
		m.open(appExe, appTitle, "obeys")
		m.again()
		m.must("quietsetup", "request", "app", "setup")
		pressed := 0
		for hits, end := 0, time.Now().Add(5*patience); ; {
			p := m.product("app")
			if time.Now().After(end) {
				t.Fatalf("run %d does not end; %d kills: %+v", n+1, hits, p)
			}
			if p.Version != "" && strings.HasPrefix(p.Version, version) && p.Phase == "reported" && hits >= kills/runs {
				break
			}
			switch {
			case hits < kills/runs && r.IntN(2) == 0:
				time.Sleep(time.Duration(r.IntN(400)) * time.Millisecond)
				if m.kill() {
					hits, struck = hits+1, struck+1
				}
				m.again()
			case p.Phase == "prompting" && p.Window != nil && p.Window.Asks[0].Shown && m.desk.Active("The app").ID != "":
				key := closeAll
				if p.Defers.Used == 0 {
					key = later
				}
				m.press(p, "The app", key)
				pressed++
			case p.Phase == "reported" && hits < kills/runs:
				// Also a service that has nothing to do may die.
				if m.kill() {
					hits, struck = hits+1, struck+1
				}
				m.again()
			}
		}
		if row := m.row("app"); row.ProductVersion != version || row.ActionResult != "successful" || row.ActionRequest != "none" || m.uninstallKey("app", "DisplayVersion") != version {
			t.Errorf("run %d: the entry says %q, the row is %+v", n+1, m.uninstallKey("app", "DisplayVersion"), row)
		}
		if p := m.product("app"); p.Run != n+1 {
			t.Errorf("run %d is number %d", n+1, p.Run)
		}
		t.Logf("run %d: %d keys, %d kills so far", n+1, pressed, struck)
		m.stop()
	}
	if struck < kills {
		t.Errorf("%d kills, want %d", struck, kills)
	}
	m.judge(runs)
	m.start()
	m.verify()
}

// again starts a service, also one that was killed. The service manager takes a
// moment to see that it has gone, and until then says that it runs.
func (m *machine) again() {
	m.t.Helper()
	m.until("the service runs again", patience, func() bool {
		m.run("quietsetupd", "service", "start")
		_, code := m.run("quietsetup", "status")
		return code == 0
	})
}

// judge finds in the log and in what the installers left what was lost or done
// twice.
func (m *machine) judge(runs int) {
	m.t.Helper()
	begun, done := map[string]int{}, map[string]int{}
	for _, line := range m.runs() {
		f := strings.Fields(line)
		switch {
		case len(f) < 4:
			m.t.Errorf("runs.log: %q", line)
		case f[0] == "begin":
			begun[f[1]]++
		case f[0] == "done":
			done[f[1]]++
		}
	}
	for token, n := range begun {
		if n > 1 || done[token] != 1 {
			m.t.Errorf("the attempt %s began %d times and was done %d times", token, n, done[token])
		}
	}
	if len(begun) != runs {
		m.t.Errorf("%d installers ran for %d requests", len(begun), runs)
	}
	answers := m.count("answered", `"`+apitypes.ChoiceDefer+`"`)
	if counted := m.counted(); counted != answers {
		m.t.Errorf("later was recorded %d times and counted %d times", answers, counted)
	}
	if n := m.count("accepted", ""); n < runs || !slices.Contains([]int{runs}, m.count("finished", "")) {
		m.t.Errorf("%d requests accepted, %d runs finished, want %d", n, m.count("finished", ""), runs)
	}
}
