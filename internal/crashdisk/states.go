// SPDX-License-Identifier: Apache-2.0

package crashdisk

import (
	"fmt"
	"math/rand/v2"
)

// State is a tree that a power cut may leave.
type State struct {
	Tree
	At      int    // the operation before which the power went
	Word    string // the last Mark before that
	Garbled bool   // a sector holds rubbish, and bytes that were durable may be gone
	Torn    bool   // a write is there in part
	How     string // which operations are in it
}

// Bounds of what is tried exhaustively between two syncs; above it is sampled.
const (
	allSubsets = 6
	allTears   = 8
	samples    = 24
	tearings   = 4
)

// States yields the states that a power cut during a recorded run may leave: for
// every gap between two syncs all beginnings of what is not durable, all subsets
// (of more than six operations, samples), and each write torn in several ways. The
// same seed yields the same states; a tree may come more than once.
func States(start Tree, run []Op, seed uint64) func(yield func(State) bool) {
	return func(yield func(State) bool) {
		d, word := NewDisk(start), ""
		for at, o := range run {
			if o.Kind == Sync || o.Kind == SyncDir {
				if !d.gap(seed, at, word, yield) {
					return
				}
			}
			if o.Kind == Mark {
				word = o.Word
			}
			d.Take(o)
		}
		d.gap(seed, len(run), word, yield)
	}
}

// gap yields the states of one gap.
func (d *Disk) gap(seed uint64, at int, word string, yield func(State) bool) bool {
	rng := rand.New(rand.NewPCG(seed, uint64(at)))
	n := len(d.pending)
	whole := func(how string, keep func(int) bool) bool {
		return yield(State{Tree: d.state(keep, -1, nil), At: at, Word: word, How: how})
	}
	for k := range n + 1 {
		if !whole(fmt.Sprintf("the first %d of %d", k, n), func(i int) bool { return i < k }) {
			return false
		}
	}
	if n <= allSubsets {
		for set := range 1 << n {
			if !whole(fmt.Sprintf("subset %b of %d", set, n), func(i int) bool { return set>>i&1 == 1 }) {
				return false
			}
		}
	} else {
		for range samples {
			set := someOf(rng, n)
			if !whole(fmt.Sprintf("%v of %d", set, n), func(i int) bool { return set[i] }) {
				return false
			}
		}
	}
	for i, o := range d.pending {
		if o.Kind == Write && !d.tear(rng, i, State{At: at, Word: word}, yield) {
			return false
		}
	}
	return true
}

// tear yields states in which the i-th pending operation, a write, is there in part.
func (d *Disk) tear(rng *rand.Rand, i int, s State, yield func(State) bool) bool {
	n, all := len(d.pending), sectors(d.pending[i])
	s.Torn = true
	put := func(how string, keep func(int) bool, part func(Tree, Op)) bool {
		s.Tree, s.How = d.state(keep, i, part), fmt.Sprintf("%v %s", d.pending[i], how)
		return yield(s)
	}
	before := func(k int) bool { return k < i }
	cuts := make([]int, 0, allTears)
	for c := 1; c < all && all <= allTears; c++ {
		cuts = append(cuts, c)
	}
	for all > allTears && len(cuts) < allTears {
		cuts = append(cuts, 1+rng.IntN(all-1))
	}
	for _, c := range cuts {
		first := func(t Tree, o Op) { holes(t, o, func(k int) bool { return k < c }) }
		set := someOf(rng, n)
		if !put(fmt.Sprintf("torn after %d sectors, what came before", c), before, first) ||
			!put(fmt.Sprintf("torn after %d sectors, of the others %v", c, set), func(k int) bool { return set[k] }, first) {
			return false
		}
	}
	for range tearings {
		set, there := someOf(rng, n), someOf(rng, all)
		if !put(fmt.Sprintf("with sectors %v, of the others %v", there, set), func(k int) bool { return set[k] },
			func(t Tree, o Op) { holes(t, o, func(k int) bool { return there[k] }) }) {
			return false
		}
	}
	s.Garbled = true
	for range tearings {
		set, c := someOf(rng, n), rng.IntN(all)
		if !put(fmt.Sprintf("with rubbish in sector %d, of the others %v", c, set), func(k int) bool { return set[k] },
			func(t Tree, o Op) { rubbish(t, o, c, rng) }) {
			return false
		}
	}
	return true
}

func someOf(rng *rand.Rand, n int) []bool {
	set := make([]bool, n)
	for i := range set {
		set[i] = rng.IntN(2) == 0
	}
	return set
}
