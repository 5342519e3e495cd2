// SPDX-License-Identifier: Apache-2.0

package sim

import "sync"

// item is something that happens at a moment: a change of the world, or a task
// that goes on.
type item struct {
	at   int64
	key  string // orders what several goroutines entered at once; else ""
	n    uint64 // orders the rest: first entered, first served
	do   func()
	task *task
	gone bool // taken back
}

func (i *item) before(o *item) bool {
	if i.at != o.at {
		return i.at < o.at
	}
	if i.key != o.key {
		return i.key < o.key
	}
	return i.n < o.n
}

// agenda is what is to come, in the order in which it comes. The engine's
// goroutines enter themselves, so it has a lock.
type agenda struct {
	mu   sync.Mutex
	heap []*item
	n    uint64
}

func (a *agenda) add(i *item) *item {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.n++
	i.n = a.n
	a.heap = append(a.heap, i)
	for k := len(a.heap) - 1; k > 0; {
		up := (k - 1) / 2
		if !a.heap[k].before(a.heap[up]) {
			break
		}
		a.heap[k], a.heap[up] = a.heap[up], a.heap[k]
		k = up
	}
	return i
}

// cancel takes an item back and reports whether it was still to come.
func (a *agenda) cancel(i *item) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	was := !i.gone
	i.gone = true
	return was
}

// next takes the first item, nil if nothing comes any more.
func (a *agenda) next() *item {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.heap) > 0 {
		first := a.heap[0]
		last := len(a.heap) - 1
		a.heap[0] = a.heap[last]
		a.heap[last] = nil
		a.heap = a.heap[:last]
		a.sink()
		if !first.gone {
			first.gone = true
			return first
		}
	}
	return nil
}

func (a *agenda) sink() {
	for k := 0; ; {
		least := k
		for c := 2*k + 1; c <= 2*k+2 && c < len(a.heap); c++ {
			if a.heap[c].before(a.heap[least]) {
				least = c
			}
		}
		if least == k {
			return
		}
		a.heap[k], a.heap[least] = a.heap[least], a.heap[k]
		k = least
	}
}
