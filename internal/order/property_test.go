// SPDX-License-Identifier: Apache-2.0

package order

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// drawn are products and pairs of any kind: cycles, absent products, repeated
// pairs, priorities out of range.
func drawn(t *rapid.T) (Algorithm, []Product, []Pair) {
	ids := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,3}`), 0, 12, rapid.ID).Draw(t, "ids")
	var products []Product
	for _, id := range ids {
		products = append(products, Product{id, rapid.SampledFrom([]int{-101, -100, -1, 0, 0, 0, 1, 99, 100, 5000}).Draw(t, "priority")})
	}
	id := rapid.SampledFrom(append(ids, "absent"))
	pairs := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Pair { return Pair{id.Draw(t, "first"), id.Draw(t, "later")} }), 0, 15).Draw(t, "pairs")
	return rapid.SampledFrom([]Algorithm{DependencyFirst, PriorityFirst}).Draw(t, "algorithm"), products, pairs
}

// TestSequenceProperties: what holds for any input.
func TestSequenceProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		alg, products, pairs := drawn(t)
		res, err := Sequence(alg, products, pairs)
		again, errAgain := Sequence(alg, slices.Clone(products), slices.Clone(pairs))
		if !reflect.DeepEqual(res, again) || !reflect.DeepEqual(err, errAgain) {
			t.Fatalf("not the same again: %v %v, %v %v", res, err, again, errAgain)
		}
		shuffled, errShuffled := Sequence(alg, products, rapid.Permutation(pairs).Draw(t, "shuffled"))
		if !slices.Equal(res.Sequence, shuffled.Sequence) || !reflect.DeepEqual(err, errShuffled) {
			t.Fatalf("the order of the pairs counts: %v %v, %v %v", res, err, shuffled, errShuffled)
		}
		doubled, errDoubled := Sequence(alg, products, append(pairs, pairs...))
		if !reflect.DeepEqual(res, doubled) || !reflect.DeepEqual(err, errDoubled) {
			t.Fatalf("a pair said twice counts twice: %v %v, %v %v", res, err, doubled, errDoubled)
		}
		stranger := slices.Insert(slices.Clone(products), rapid.IntRange(0, len(products)).Draw(t, "at"),
			Product{"stranger", rapid.IntRange(-120, 120).Draw(t, "its priority")})
		more, errMore := Sequence(alg, stranger, pairs)
		without := slices.DeleteFunc(more.Sequence, func(id string) bool { return id == "stranger" })
		if !slices.Equal(res.Sequence, without) || !reflect.DeepEqual(err, errMore) {
			t.Fatalf("a product that nothing names changes the others: %v %v, %v %v", res, err, more, errMore)
		}

		if err != nil {
			cycleProperties(t, err, products, pairs)
			return
		}
		var want []string
		for _, p := range products {
			want = append(want, p.ID)
		}
		got := slices.Clone(res.Sequence)
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("%v is not a permutation of %v", res.Sequence, want)
		}
		if broken := Broken(res.Sequence, pairs); alg == DependencyFirst && len(broken) > 0 {
			t.Fatalf("%v contradicts %v", res.Sequence, broken)
		}
	})
}

// cycleProperties: whoever is named leads to everybody named. That nobody is
// missing either is compared by the exhaustive tests.
func cycleProperties(t *rapid.T, err error, products []Product, pairs []Pair) {
	var cycle *CycleError
	if !errors.As(err, &cycle) || len(cycle.Products) == 0 || !slices.IsSorted(cycle.Products) {
		t.Fatalf("%v", err)
	}
	leads := reach(products, pairs)
	for i, a := range products {
		for j, b := range products {
			if slices.Contains(cycle.Products, a.ID) && slices.Contains(cycle.Products, b.ID) && !leads[i][j] {
				t.Fatalf("%v: %s does not lead to %s", cycle.Products, a.ID, b.ID)
			}
		}
	}
}

// TestGroupsProperties: two products are in one group exactly when pairs lead
// from one to the other, in whichever direction.
func TestGroupsProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, products, pairs := drawn(t)
		var ids []string
		both := slices.Clone(pairs)
		for _, p := range pairs {
			both = append(both, Pair{p.Later, p.First})
		}
		group := map[string]int{}
		for _, p := range products {
			ids = append(ids, p.ID)
		}
		n := 0
		for g, members := range Groups(ids, pairs) {
			n += len(members)
			for _, id := range members {
				group[id] = g
			}
		}
		if n != len(ids) || len(group) != n {
			t.Fatalf("%d places and %d products in groups of %v", n, len(group), ids)
		}
		leads := reach(products, both)
		for i, a := range ids {
			for j, b := range ids {
				if i != j && leads[i][j] != (group[a] == group[b]) {
					t.Fatalf("%s and %s: connected %v, groups %d and %d", a, b, leads[i][j], group[a], group[b])
				}
			}
		}
	})
}

// FuzzSequence makes products and pairs of any bytes and compares with the oracle.
func FuzzSequence(f *testing.F) {
	f.Add(byte(1), []byte{0, 1, 2}, []byte{0x01, 0x12})
	f.Add(byte(2), []byte{7, 7, 200}, []byte{0x01, 0x10})
	f.Add(byte(3), []byte{}, []byte{0xff})
	f.Add(byte(1), []byte{0, 1, 2}, []byte{0x21, 0x12}) // a cycle of two that are out of range
	f.Fuzz(func(t *testing.T, alg byte, priorities, edges []byte) {
		if len(priorities) > 16 || len(edges) > 64 {
			return
		}
		name := func(i byte) string { return string(rune('a' + i)) }
		var products []Product
		for i, p := range priorities {
			products = append(products, Product{name(byte(i)), int(p) - 128})
		}
		var pairs []Pair
		for _, e := range edges {
			pairs = append(pairs, Pair{name(e >> 4), name(e & 15)})
		}
		check(t, Algorithm(alg%2+1), products, pairs)
	})
}
