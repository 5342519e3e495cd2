// SPDX-License-Identifier: Apache-2.0

package order

import "slices"

// The oracle says again what the two algorithms do, step by step and as slowly
// as it is told, without graph, heap or buckets.

// slowRaise: as long as some product has a lower priority than one that must
// come after it, it gets that one's priority.
func slowRaise(products []Product, pairs []Pair) []Product {
	out := slices.Clone(products)
	find := func(id string) int {
		return slices.IndexFunc(out, func(p Product) bool { return p.ID == id })
	}
	for changed := true; changed; {
		changed = false
		for _, p := range pairs {
			first, later := find(p.First), find(p.Later)
			if first >= 0 && later >= 0 && out[first].Priority < out[later].Priority {
				out[first].Priority = out[later].Priority
				changed = true
			}
		}
	}
	return out
}

// slowLevels are the products with the priorities that count.
func slowLevels(alg Algorithm, products []Product, pairs []Pair) []Product {
	products = slices.Clone(products)
	for i, p := range products {
		products[i].Priority = min(100, max(-100, p.Priority))
	}
	if alg == DependencyFirst {
		return slowRaise(products, pairs)
	}
	return products
}

// slowSequence returns the sequence and the ignored pairs, or false if it gets
// stuck.
func slowSequence(alg Algorithm, products []Product, pairs []Pair) (sequence []string, ignored []Pair, ok bool) {
	products = slowLevels(alg, products, pairs)
	priority := map[string]int{}
	for _, p := range products {
		priority[p.ID] = p.Priority
	}
	for class := 100; class >= -100; class-- {
		if !slices.ContainsFunc(products, func(p Product) bool { return p.Priority == class }) {
			continue
		}
		var members []string
		for _, p := range products {
			if p.Priority == class {
				members = append(members, p.ID)
			}
		}
		var open []Pair
		for _, p := range pairs {
			if slices.Contains(members, p.First) && slices.Contains(members, p.Later) {
				open = append(open, p)
			}
		}
		named := func(id string) bool {
			return slices.ContainsFunc(open, func(p Pair) bool { return p.First == id || p.Later == id })
		}
		var rest []string
		for _, id := range members {
			if named(id) {
				rest = append(rest, id)
			} else {
				sequence = append(sequence, id)
			}
		}
		for len(open) > 0 {
			at := slices.IndexFunc(rest, func(id string) bool {
				first := slices.ContainsFunc(open, func(p Pair) bool { return p.First == id })
				later := slices.ContainsFunc(open, func(p Pair) bool { return p.Later == id })
				return first && !later
			})
			if at < 0 {
				return nil, nil, false
			}
			id := rest[at]
			sequence = append(sequence, id)
			rest = slices.Delete(rest, at, at+1)
			open = slices.DeleteFunc(open, func(p Pair) bool { return p.First == id })
		}
		sequence = append(sequence, rest...)
	}
	for _, p := range pairs {
		first, there := priority[p.First]
		later, too := priority[p.Later]
		if there && too && first < later && !slices.Contains(ignored, p) {
			ignored = append(ignored, p)
		}
	}
	return sequence, ignored, true
}

// reach returns, by index, who leads to whom over one pair or more.
func reach(products []Product, pairs []Pair) [][]bool {
	n := len(products)
	out := make([][]bool, n)
	at := map[string]int{}
	for i, p := range products {
		out[i] = make([]bool, n)
		at[p.ID] = i
	}
	for _, p := range pairs {
		first, there := at[p.First]
		later, too := at[p.Later]
		if there && too {
			out[first][later] = true
		}
	}
	for k := range n {
		for i := range n {
			for j := range n {
				out[i][j] = out[i][j] || out[i][k] && out[k][j]
			}
		}
	}
	return out
}

// slowCycle is the component that a CycleError must name: of the products on a
// cycle the one of the highest priority that counts, of these the first, and
// all that it leads to and that lead to it. Pairs that do not count for an
// algorithm close no cycle.
func slowCycle(alg Algorithm, products []Product, pairs []Pair) []string {
	level := slowLevels(alg, products, pairs)
	priority := map[string]int{}
	for _, p := range level {
		priority[p.ID] = p.Priority
	}
	counts := slices.DeleteFunc(slices.Clone(pairs), func(p Pair) bool { return priority[p.First] != priority[p.Later] })
	leads := reach(products, counts)
	best := -1
	for i := range level {
		if leads[i][i] && (best < 0 || level[i].Priority > level[best].Priority) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	var out []string
	for i, p := range products {
		if leads[i][best] && leads[best][i] {
			out = append(out, p.ID)
		}
	}
	slices.Sort(out)
	return out
}
