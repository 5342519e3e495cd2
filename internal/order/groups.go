// SPDX-License-Identifier: Apache-2.0

package order

// Groups returns the sets of products that hang together over pairs, whichever
// way these point: what happens to one member may matter to the others, and to
// nobody else. A product in no pair is a group of one. Members and groups keep
// the order of ids, a group standing where its first member does. Pairs with a
// product that is not in ids do not count, and an id counts once.
func Groups(ids []string, pairs []Pair) [][]string {
	index := make(map[string]int, len(ids))
	for i, id := range ids {
		if _, ok := index[id]; !ok {
			index[id] = i
		}
	}
	// parent leads from each product to the one that stands for its set.
	parent := make([]int, len(ids))
	for i := range parent {
		parent[i] = i
	}
	find := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]] // halves the way for the next one
			i = parent[i]
		}
		return i
	}
	for _, e := range connect(index, pairs) {
		parent[find(e.first)] = find(e.later)
	}
	var out [][]string
	group := make(map[int]int) // from who stands for a set to its place in out
	for i, id := range ids {
		if index[id] != i {
			continue
		}
		g, ok := group[find(i)]
		if !ok {
			g = len(out)
			group[find(i)] = g
			out = append(out, nil)
		}
		out[g] = append(out[g], id)
	}
	return out
}
