// SPDX-License-Identifier: Apache-2.0

package order

import "slices"

// cycle returns the products of the cycle of a class that holds the product with
// the lowest index on any cycle; nil if there is none. class is ascending and
// no edge leaves it.
func (g graph) cycle(class []int) []int {
	var found []int
	g.components(class, func(members []int) {
		if len(members) == 1 && !slices.Contains(g.after(members[0]), members[0]) {
			return // on no cycle
		}
		if found == nil || slices.Min(members) < slices.Min(found) {
			found = slices.Clone(members)
		}
	})
	return found
}

// components tells each strongly connected component of the products that can
// be reached from roots: sets of products in which each leads to each. This is
// Tarjan's algorithm with a stack of its own, so that a long chain of products
// costs memory but no depth of calls.
func (g graph) components(roots []int, tell func(members []int)) {
	n := len(g.start) - 1
	var (
		number = make([]int, n)  // when a product was met, from 1; 0 = not yet
		low    = make([]int, n)  // the earliest number it leads back to
		on     = make([]bool, n) // whether it is on path
		path   []int             // met, and its component not told yet
		calls  []visit
		met    int
	)
	enter := func(i int) {
		met++
		number[i], low[i] = met, met
		path, on[i] = append(path, i), true
		calls = append(calls, visit{i, g.after(i)})
	}
	for _, root := range roots {
		if number[root] != 0 {
			continue
		}
		enter(root)
		for len(calls) > 0 {
			top := &calls[len(calls)-1]
			i := top.product
			if len(top.todo) > 0 {
				j := top.todo[0]
				top.todo = top.todo[1:]
				if number[j] == 0 {
					enter(j)
				} else if on[j] {
					low[i] = min(low[i], number[j])
				}
				continue
			}
			calls = calls[:len(calls)-1]
			if len(calls) > 0 {
				from := calls[len(calls)-1].product
				low[from] = min(low[from], low[i])
			}
			if low[i] == number[i] { // i is where its component was entered
				at := len(path)
				for done := false; !done; done = path[at] == i {
					at--
					on[path[at]] = false
				}
				tell(path[at:])
				path = path[:at]
			}
		}
	}
}

// visit is a product on the way, and those after it that were not looked at yet.
type visit struct {
	product int
	todo    []int
}

// ids are the sorted ids of products.
func ids(products []Product, index []int) []string {
	out := make([]string, len(index))
	for n, i := range index {
		out[n] = products[i].ID
	}
	slices.Sort(out)
	return out
}
