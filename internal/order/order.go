// SPDX-License-Identifier: Apache-2.0

package order

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Priorities run from MaxPriority, which is done first, to MinPriority. A
// product that says nothing has 0.
const (
	MinPriority = -100
	MaxPriority = 100
)

// Product is one of those to be done.
type Product struct {
	ID string
	// Priority outside of MinPriority and MaxPriority counts as the nearer of them.
	Priority int
}

// Pair says that First must be done before Later.
type Pair struct{ First, Later string }

// Algorithm is how dependencies and priorities are weighed against each other.
type Algorithm int

// The algorithms have opsi's numbers.
const (
	DependencyFirst Algorithm = 1 // every dependency holds; opsi's default
	PriorityFirst   Algorithm = 2 // dependencies order products of the same priority only
)

// Result is an order.
type Result struct {
	Sequence []string // the ids of all products
	// Warnings are what the order does not respect; none with DependencyFirst.
	Warnings []Warning
}

// WarningCode is the kind of a warning, a word for programs.
type WarningCode string

// AcrossClasses: First has a lower priority than Later, so PriorityFirst does it
// after Later although it must be done before.
const AcrossClasses WarningCode = "across_classes"

// Warning is about a pair that was ignored. Each pair has one, however often it
// was given.
type Warning struct {
	Code    WarningCode
	Pair           // of the input
	Message string // one line, English
}

// ErrDuplicate is wrapped by the error about a product that is there twice.
var ErrDuplicate = errors.New("is there twice")

// CycleError says that products wait for each other in a circle.
type CycleError struct {
	// Products are sorted. Each of them must be done before each, directly or
	// over others of them: they are one strongly connected component of the
	// pairs that count. A product that must be done before itself is one alone.
	//
	// Where there are several circles it is one of the highest priority (with
	// DependencyFirst: as raised), and of these the one with the product that
	// stands first in the input.
	Products []string
}

func (e *CycleError) Error() string {
	if len(e.Products) == 1 {
		return fmt.Sprintf("cannot order the products: %s must be done before itself", e.Products[0])
	}
	return "cannot order the products: each of these must be done before the others: " + strings.Join(e.Products, ", ")
}

// Sequence puts products in order. Pairs with a product that is not among them
// do not count. The order of the pairs does not matter to the sequence.
//
// Errors: a *[CycleError]; a product that is there twice (ErrDuplicate, names
// it); an algorithm that does not exist.
func Sequence(alg Algorithm, products []Product, pairs []Pair) (Result, error) {
	if alg != DependencyFirst && alg != PriorityFirst {
		return Result{}, fmt.Errorf("cannot order the products: there is no algorithm %d, only %d and %d", alg, DependencyFirst, PriorityFirst)
	}
	index := make(map[string]int, len(products))
	level := make([]int, len(products))
	for i, p := range products {
		if _, ok := index[p.ID]; ok {
			return Result{}, fmt.Errorf("cannot order the products: %q %w", p.ID, ErrDuplicate)
		}
		index[p.ID], level[i] = i, Clip(p.Priority)
	}
	edges := connect(index, pairs)
	if alg == DependencyFirst {
		level, _ = raise(level, edges)
	}
	inside, against := split(edges, level)
	var res Result
	for _, e := range against {
		res.Warnings = append(res.Warnings, acrossClasses(products[e.first], products[e.later]))
	}
	order, cycle := newGraph(len(products), inside).sequence(buckets(level))
	if cycle != nil {
		return Result{}, &CycleError{Products: ids(products, cycle)}
	}
	res.Sequence = make([]string, len(order))
	for n, i := range order {
		res.Sequence[n] = products[i].ID
	}
	return res, nil
}

// Clip is the priority that counts for a given one.
func Clip(priority int) int { return max(MinPriority, min(MaxPriority, priority)) }

func acrossClasses(first, later Product) Warning {
	return Warning{Code: AcrossClasses, Pair: Pair{first.ID, later.ID},
		Message: first.ID + " must be done before " + later.ID + ", but its priority is lower (" +
			strconv.Itoa(Clip(first.Priority)) + ", not " + strconv.Itoa(Clip(later.Priority)) + "), so that dependency is ignored"}
}
