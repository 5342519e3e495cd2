// SPDX-License-Identifier: Apache-2.0

package sim

import "math/rand/v2"

// chance is the only source of chance in a world: the same seed draws the same
// numbers in the same order.
type chance struct{ r *rand.Rand }

func newChance(seed uint64) chance { return chance{rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))} }

// below draws from 0 to n-1.
func (c chance) below(n int) int { return c.r.IntN(n) }

// one is true once in n times.
func (c chance) one(n int) bool { return c.r.IntN(n) == 0 }

// span draws milliseconds from lo to hi.
func (c chance) span(lo, hi int64) int64 {
	if hi <= lo {
		return lo
	}
	return lo + c.r.Int64N(hi-lo+1)
}

// of draws one of the values.
func of[T any](c chance, values ...T) T { return values[c.below(len(values))] }
