// SPDX-License-Identifier: Apache-2.0

package order

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

var names = []string{"a", "b", "c", "d", "e"}

// numbered returns n products without priority.
func numbered(n int) []Product {
	out := make([]Product, n)
	for i := range out {
		out[i].ID = names[i]
	}
	return out
}

// acyclic calls f with every acyclic set of pairs of n products, and returns how
// many there are. A set is acyclic if products can be taken away one by one that
// wait for nothing.
func acyclic(n int, f func(pairs []Pair)) int {
	type arrow struct{ from, to int }
	var arrows []arrow
	for i := range n {
		for j := range n {
			if i != j {
				arrows = append(arrows, arrow{i, j})
			}
		}
	}
	count := 0
	for set := range 1 << len(arrows) {
		var waits [5]int // a bit for each product that i waits for
		for k, a := range arrows {
			if set>>k&1 == 1 {
				waits[a.to] |= 1 << a.from
			}
		}
		left := 1<<n - 1
		for went := true; went; {
			went = false
			for i := range n {
				if left>>i&1 == 1 && waits[i]&left == 0 {
					left &^= 1 << i
					went = true
				}
			}
		}
		if left != 0 {
			continue
		}
		count++
		var pairs []Pair
		for k, a := range arrows {
			if set>>k&1 == 1 {
				pairs = append(pairs, Pair{names[a.from], names[a.to]})
			}
		}
		f(pairs)
	}
	return count
}

// assignments are the priorities that n products are tried with: all with two
// neighbouring ones and zero up to four products, chosen ones for five.
func assignments(n int) [][]int {
	if n == 5 {
		return [][]int{{0, 0, 0, 0, 0}, {5, 4, 3, 2, 1}, {1, 2, 3, 4, 5}, {0, 0, 1, 1, 1}, {1, 0, 1, 0, 1}, {-100, 100, 0, 0, -100}}
	}
	out := [][]int{{}}
	for range n {
		var next [][]int
		for _, a := range out {
			for _, p := range []int{-1, 0, 1} {
				next = append(next, append(slices.Clone(a), p))
			}
		}
		out = next
	}
	return out
}

// TestAllAcyclicSets compares both algorithms with the oracle on every acyclic
// set of up to five products, and looks at the result by itself: who is there,
// and what it contradicts.
func TestAllAcyclicSets(t *testing.T) {
	for n, want := range []int{1, 1, 3, 25, 543, 29281} { // the known numbers of labelled acyclic graphs
		products := numbered(n)
		tried := assignments(n)
		got := acyclic(n, func(pairs []Pair) {
			for _, priorities := range tried {
				for i, p := range priorities {
					products[i].Priority = p
				}
				for _, alg := range []Algorithm{DependencyFirst, PriorityFirst} {
					check(t, alg, products, pairs)
				}
			}
		})
		if got != want {
			t.Fatalf("%d acyclic sets of %d products, want %d", got, n, want)
		}
	}
}

// check compares one answer with the oracle.
func check(t *testing.T, alg Algorithm, products []Product, pairs []Pair) {
	t.Helper()
	res, err := Sequence(alg, products, pairs)
	want, ignored, ok := slowSequence(alg, products, pairs)
	about := func() string { return fmt.Sprintf("algorithm %d, %v, %v", alg, products, pairs) }
	if !ok {
		var cycle *CycleError
		if !errors.As(err, &cycle) {
			t.Fatalf("%s: no cycle but %v %v", about(), res, err)
		}
		if want := slowCycle(alg, products, pairs); !slices.Equal(cycle.Products, want) {
			t.Fatalf("%s: cycle of %v, want %v", about(), cycle.Products, want)
		}
		return
	}
	if err != nil {
		t.Fatalf("%s: %v", about(), err)
	}
	if !slices.Equal(res.Sequence, want) {
		t.Fatalf("%s: %v, want %v", about(), res.Sequence, want)
	}
	var warned []Pair
	for _, w := range res.Warnings {
		if w.Code != AcrossClasses || w.Message == "" {
			t.Fatalf("%s: warning %+v", about(), w)
		}
		warned = append(warned, w.Pair)
	}
	if !slices.Equal(warned, ignored) {
		t.Fatalf("%s: warned of %v, want %v", about(), warned, ignored)
	}
	if alg == DependencyFirst && len(warned) > 0 {
		t.Fatalf("%s: warned of %v", about(), warned)
	}
	// Of what is ignored, all is contradicted, as the later one's class is done before.
	broken := map[Pair]bool{}
	for _, p := range Broken(res.Sequence, pairs) {
		broken[p] = true
	}
	if len(broken) != len(warned) {
		t.Fatalf("%s: %v contradicts %v, warned of %v", about(), res.Sequence, broken, warned)
	}
	for _, p := range warned {
		if !broken[p] {
			t.Fatalf("%s: warned of %v, but %v keeps it", about(), p, res.Sequence)
		}
	}
}

// TestAllSetsOfFour takes every set of pairs of up to four products, with those
// of a product with itself: what is a cycle, and that the right one is named.
func TestAllSetsOfFour(t *testing.T) {
	priorities := [][]int{{0, 0, 0, 0}, {0, 1, 0, 1}}
	if testing.Short() {
		priorities = priorities[:1]
	}
	cycles := 0
	for n := 1; n <= 4; n++ {
		products := numbered(n)
		for set := range 1 << (n * n) {
			var pairs []Pair
			for k := range n * n {
				if set>>k&1 == 1 {
					pairs = append(pairs, Pair{names[k/n], names[k%n]})
				}
			}
			for _, p := range priorities {
				for i := range products {
					products[i].Priority = p[i]
				}
				check(t, DependencyFirst, products, pairs)
				check(t, PriorityFirst, products, pairs)
			}
			if _, err := Sequence(DependencyFirst, products, pairs); err != nil {
				cycles++
			}
		}
	}
	// Of the sets without pairs of one with itself, 543 + 25 + 3 + 1 are acyclic.
	if all := 1<<1 + 1<<4 + 1<<9 + 1<<16; all-cycles != 543+25+3+1 {
		t.Errorf("%d of %d sets have a cycle", cycles, all)
	}
}
