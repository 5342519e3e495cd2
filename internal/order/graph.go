// SPDX-License-Identifier: Apache-2.0

package order

import (
	"container/heap"
	"slices"
)

// edge is a pair of two products that are there, by their index in the input.
type edge struct{ first, later int }

// connect finds the products of the pairs; those with an absent one fall away.
func connect(index map[string]int, pairs []Pair) []edge {
	out := make([]edge, 0, len(pairs))
	for _, p := range pairs {
		first, there := index[p.First]
		later, too := index[p.Later]
		if there && too {
			out = append(out, edge{first, later})
		}
	}
	return out
}

func reverse(edges []edge) []edge {
	out := make([]edge, len(edges))
	for i, e := range edges {
		out[i] = edge{e.later, e.first}
	}
	return out
}

// split parts edges by the classes of their ends: those inside a class, and
// those that the order of the classes contradicts, each once. What the classes
// keep anyway is in neither.
func split(edges []edge, level []int) (inside, against []edge) {
	seen := make(map[edge]bool)
	for _, e := range edges {
		switch {
		case level[e.first] == level[e.later]:
			inside = append(inside, e)
		case level[e.first] < level[e.later] && !seen[e]:
			seen[e] = true
			against = append(against, e)
		}
	}
	return inside, against
}

// graph holds the edges by their first product: those of product i are
// to[start[i]:start[i+1]].
type graph struct{ start, to []int }

func newGraph(n int, edges []edge) graph {
	g := graph{start: make([]int, n+1), to: make([]int, len(edges))}
	for _, e := range edges {
		g.start[e.first+1]++
	}
	for i := range n {
		g.start[i+1] += g.start[i]
	}
	next := slices.Clone(g.start)
	for _, e := range edges {
		g.to[next[e.first]] = e.later
		next[e.first]++
	}
	return g
}

// after are the products that must come after i.
func (g graph) after(i int) []int { return g.to[g.start[i]:g.start[i+1]] }

// sequence orders the classes one after the other, as the package comment says.
// All edges must lie inside a class. If it gets stuck, it returns the cycle of
// the first class that has one.
func (g graph) sequence(classes [][]int) (order, cycle []int) {
	order = make([]int, 0, len(g.start)-1)
	waits := make([]int, len(g.start)-1) // how many edges to a product are open
	for _, i := range g.to {
		waits[i]++
	}
	var ready queue
	var rest []int
	for _, class := range classes {
		ready, rest = ready[:0], rest[:0]
		open := 0 // products that must come before others and are not done
		for _, i := range class {
			switch leads := len(g.after(i)) > 0; {
			case leads && waits[i] == 0:
				ready = append(ready, i) // ascending, so a heap already
				open++
			case leads:
				open++
			case waits[i] > 0:
				rest = append(rest, i)
			default:
				order = append(order, i)
			}
		}
		for ; len(ready) > 0; open-- {
			i := heap.Pop(&ready).(int)
			order = append(order, i)
			for _, j := range g.after(i) {
				if waits[j]--; waits[j] == 0 && len(g.after(j)) > 0 {
					heap.Push(&ready, j)
				}
			}
		}
		if open > 0 {
			return nil, g.cycle(class)
		}
		order = append(order, rest...)
	}
	return order, nil
}

// queue is a heap of products, that with the lowest index on top.
type queue []int

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i] < q[j] }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(int)) }
func (q *queue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}
