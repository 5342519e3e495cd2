// SPDX-License-Identifier: Apache-2.0

package order

// Raised is the priority that counts for a product with DependencyFirst.
type Raised struct {
	Priority int
	// For is the product whose priority this is: one that must come after, directly
	// or over others. "" = the product's own priority was high enough.
	For string
}

// Raise returns for each product the priority that DependencyFirst gives it: the
// highest among its own and those of all products that must come after it. It
// says why a product stands further ahead than its priority does. Pairs with a
// product that is not among them do not count.
func Raise(products []Product, pairs []Pair) []Raised {
	index := make(map[string]int, len(products))
	level := make([]int, len(products))
	for i, p := range products {
		index[p.ID], level[i] = i, Clip(p.Priority)
	}
	raised, from := raise(level, connect(index, pairs))
	out := make([]Raised, len(products))
	for i := range products {
		out[i].Priority = raised[i]
		if from[i] != i {
			out[i].For = products[from[i]].ID
		}
	}
	return out
}

// raise returns the raised priorities, and for each product whose priority it
// got. opsi raises again and again until nothing changes; the same comes out in
// one go when the highest priorities begin: whatever leads to a product and was
// not reached from a higher one gets its priority.
func raise(level []int, edges []edge) (raised, from []int) {
	raised = make([]int, len(level))
	from = make([]int, len(level))
	reached := make([]bool, len(level))
	before := newGraph(len(level), reverse(edges))
	var stack []int
	for _, class := range buckets(level) {
		for _, top := range class {
			if reached[top] {
				continue
			}
			reached[top] = true
			stack = append(stack, top)
			for len(stack) > 0 {
				i := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				raised[i], from[i] = level[top], top
				if level[i] == level[top] {
					from[i] = i // it has that priority by itself
				}
				for _, j := range before.after(i) {
					if !reached[j] {
						reached[j] = true
						stack = append(stack, j)
					}
				}
			}
		}
	}
	return raised, from
}

// buckets sorts products by priority, the highest first, and by the order of the
// input among equals. There are 201 priorities, so nothing needs comparing.
func buckets(level []int) [][]int {
	byLevel := make([][]int, MaxPriority-MinPriority+1)
	for i, l := range level {
		byLevel[MaxPriority-l] = append(byLevel[MaxPriority-l], i)
	}
	return byLevel
}
