// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"testing"
	"time"
)

func TestDev(t *testing.T) {
	begin := time.Now()
	days, recs, inst, defers := 0, 0, 0, 0
	bad := 0
	for seed := uint64(1); seed <= 1500; seed++ {
		r, err := Run(Options{Seed: seed, Days: 20})
		if err != nil {
			t.Fatal(err)
		}
		days += r.Days
		recs += r.Records
		inst += r.Installs
		defers += r.Defers
		if len(r.Faults) > 0 {
			if bad++; bad < 25 {
				t.Errorf("seed %d: %s", seed, r.Faults[0])
			}
		}
	}
	t.Logf("%d days (%.1f records a day), %d installs, %d defers, %d bad, %.0f days/s", days, float64(recs)/float64(days), inst, defers, bad, float64(days)/time.Since(begin).Seconds())
}

func TestDevCrash(t *testing.T) {
	begin := time.Now()
	runs, bad, days := 0, 0, 0
	for seed := uint64(1); seed <= 25; seed++ {
		base := Options{Seed: seed, Days: 3, Products: 2, Peace: true}
		r, _ := Run(base)
		if len(r.Faults) > 0 {
			t.Errorf("seed %d: %s", seed, r.Faults[0])
			continue
		}
		for k, b := range r.Boundaries {
			for _, m := range []Moment{Before, Torn, After} {
				if m == Torn && !b.Torn {
					continue
				}
				for _, p := range []bool{false, true} {
					o := base
					o.Crash = []Crash{{k + 1, m, p}}
					r, _ := Run(o)
					runs++
					days += r.Days
					if len(r.Faults) > 0 {
						if bad++; bad < 15 {
							t.Errorf("seed %d %v (%s): %s", seed, o.Crash, b.Name, r.Faults[0])
						}
					}
				}
			}
		}
	}
	t.Logf("%d crash runs, %d bad, %d days, %.0f runs/s", runs, bad, days, float64(runs)/time.Since(begin).Seconds())
}
