// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"testing"
)

// ordinary is the world of a client with one product, all troubles included.
func ordinary(n int) Options { return Options{Seed: uint64(n), Days: 40, Products: 1} }

// BenchmarkCore lives through worlds with the core and the policy in memory.
func BenchmarkCore(b *testing.B) {
	tab := table(b)
	days := 0
	for n := 1; b.Loop(); n++ {
		r := Run(tab, ordinary(n))
		days += r.Days
		if len(r.Faults) > 0 {
			b.Fatalf("world %d: %v", n, r.Faults)
		}
	}
	b.ReportMetric(float64(days)/b.Elapsed().Seconds(), "client-days/s")
}

// BenchmarkEngine does so with the engine and a store. A bubble needs a test
// around it, so one is run here.
func BenchmarkEngine(b *testing.B) {
	tab := table(b)
	days := 0
	for n := 1; b.Loop(); n++ {
		ok := testing.RunTests(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: "world", F: func(t *testing.T) {
			r := one(t, tab, withMem, ordinary(n))
			days += r.Days
			if len(r.Faults) > 0 {
				t.Errorf("world %d: %v", n, r.Faults)
			}
		}}})
		if !ok {
			b.Fatalf("world %d failed", n)
		}
	}
	b.ReportMetric(float64(days)/b.Elapsed().Seconds(), "client-days/s")
}
