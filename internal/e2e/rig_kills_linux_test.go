// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/rig"
)

const (
	killsPerMachine = 20
	machinesAtOnce  = 8 // they mostly wait
)

// TestRigKills kills the real daemon, supervisors, agents and command lines, and
// everything at once, at random moments and just after chosen records, on many
// machines with real installers and programs. Each request must end as one
// without kills. QUIETSETUP_SEED repeats the plan; the moments are real time.
func TestRigKills(t *testing.T) {
	seed := seedOf(t)
	machines := (rig.Count(t, rig.Kills, 60) + killsPerMachine - 1) / killsPerMachine
	bin, err := shipped.build()
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	did, kills, faults := map[string]int{}, 0, 0
	next := make(chan int, machines)
	for n := range machines {
		next <- n
	}
	close(next)
	var all sync.WaitGroup
	for range machinesAtOnce {
		all.Go(func() {
			for n := range next {
				ok := t.Run(strconv.Itoa(n), func(t *testing.T) {
					l := newLife(t, bin, seed+uint64(n), killsPerMachine, everything(), n%5 == 4)
					for _, f := range l.live() {
						t.Error(f)
					}
					mu.Lock()
					defer mu.Unlock()
					for what, n := range l.did {
						did[what] += n
					}
					kills += killsPerMachine
				})
				if !ok {
					t.Logf("again: QUIETSETUP_SEED=%d QUIETSETUP_RIGS=1 go test -count=1 -run 'TestRigKills/^%d$' ./internal/e2e", seed, n)
					mu.Lock()
					faults++
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	for _, what := range slices.Sorted(maps.Keys(did)) {
		t.Logf("%5d %s", did[what], what)
	}
	if rig.Full() && kills >= machines*killsPerMachine {
		for _, what := range []string{"daemon", "starting daemon", "supervisor", "agent", "cli", "tree"} {
			if did[what] == 0 {
				t.Errorf("no %s was hit", what)
			}
		}
		for _, m := range everything().moments {
			if m != "" && did["after "+m] == 0 {
				t.Errorf("nothing was hit after %s", m)
			}
		}
	}
	rig.Report(t, rig.Kills, kills, faults)
}

// seedOf is the seed of this run, which QUIETSETUP_SEED repeats.
func seedOf(t testing.TB) uint64 {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("QUIETSETUP_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(strings.TrimSpace(s), 10, 64); err != nil {
			t.Fatal(fmt.Errorf("QUIETSETUP_SEED: %w", err))
		}
	}
	t.Logf("QUIETSETUP_SEED=%d", seed)
	return seed
}
