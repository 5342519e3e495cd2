// SPDX-License-Identifier: Apache-2.0

package order

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// BenchmarkSequence gives the figures of the design: order-ms for 1000 products,
// and how many times that 5000 take. Both sides take turns in one run; each is
// timed as one call, since that is what a start of the service does.
func BenchmarkSequence(b *testing.B) {
	for _, alg := range []Algorithm{DependencyFirst, PriorityFirst} {
		for _, levels := range []int{1, 21} {
			b.Run(fmt.Sprintf("algorithm%d/%d-priorities", alg, levels), func(b *testing.B) {
				r := rand.New(rand.NewPCG(3, 4))
				few, fewPairs := crowd(r, 1000, levels)
				many, manyPairs := crowd(r, 5000, levels)
				var ms, ratios []float64
				b.ReportAllocs()
				for b.Loop() {
					small := once(b, alg, few, fewPairs)
					large := once(b, alg, many, manyPairs)
					ms = append(ms, float64(small)/float64(time.Millisecond))
					ratios = append(ratios, float64(large)/float64(small))
				}
				slices.Sort(ms)
				slices.Sort(ratios)
				b.ReportMetric(ms[len(ms)/2], "order-ms")
				b.ReportMetric(ratios[len(ratios)/2], "ratio-5000-vs-1000")
			})
		}
	}
}

func once(b *testing.B, alg Algorithm, products []Product, pairs []Pair) time.Duration {
	start := time.Now()
	res, err := Sequence(alg, products, pairs)
	took := time.Since(start)
	if err != nil || len(res.Sequence) != len(products) {
		b.Fatal(err)
	}
	return took
}
