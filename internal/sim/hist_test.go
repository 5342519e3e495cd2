// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/quietsetup/quietsetup/events"
)

func TestHist(t *testing.T) {
	n := map[string]int{}
	days := 0
	bounds := map[string]int{}
	for seed := uint64(1); seed <= 30; seed++ {
		r, _ := Run(Options{Seed: seed, Days: 20, Record: true})
		days += r.Days
		for _, b := range r.Boundaries {
			bounds[b.Name]++
		}
		for _, l := range bytes.Split(bytes.TrimSpace(r.Log), []byte("\n")) {
			rec, err := events.DecodeRecord(l)
			if err != nil {
				t.Fatal(err)
			}
			s := rec.Input.Type + ":"
			for _, e := range rec.Events {
				s += " " + e.Type
			}
			n[s]++
		}
	}
	keys := slices.SortedFunc(maps.Keys(n), func(a, b string) int { return n[b] - n[a] })
	for _, k := range keys[:40] {
		fmt.Printf("%6.2f a day  %s\n", float64(n[k])/float64(days), k)
	}
	for k, v := range bounds {
		fmt.Printf("%6.2f %s\n", float64(v)/float64(days), k)
	}
}
