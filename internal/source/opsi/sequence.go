// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/order"
)

// codeCycle is the code of the problem of a product that stands in a circle.
const codeCycle = "dependency_cycle"

// tie is one product that must be done before another one, and what it must be
// then; status "" = what was asked of it must have succeeded.
type tie struct{ first, later, status string }

// plan is the order of everything that is wanted.
type plan struct {
	sequence []string
	ties     []tie
	circles  map[string][]string // by product: the products of its circle
	warnings []string            // one line each
}

// planOf takes the server's sequence as it is, but for what hangs together with
// a dependency that it contradicts: these products keep their places among all
// others and are put in order there. What must be first is done first, whatever
// the priorities. A circle has no order; its dependencies are left out and its
// members named.
func planOf(sequence []string, priority map[string]int, ties []tie) (plan, error) {
	p := plan{sequence: slices.Clone(sequence), ties: slices.Clone(ties), circles: map[string][]string{}}
	broken := order.Broken(sequence, pairs(ties))
	if len(broken) == 0 {
		return p, nil
	}
	touched := map[string]bool{}
	for _, b := range broken {
		touched[b.First], touched[b.Later] = true, true
		if b.First != b.Later {
			p.warnings = append(p.warnings, fmt.Sprintf("the server's sequence has %s after %s, although its own dependencies want it before; it is put right here", b.First, b.Later))
		}
	}
	for _, group := range order.Groups(sequence, pairs(ties)) {
		if !slices.ContainsFunc(group, func(id string) bool { return touched[id] }) {
			continue
		}
		right, err := p.arrange(group, priority)
		if err != nil {
			return plan{}, err
		}
		p.place(group, right)
	}
	return p, nil
}

// arrange orders the products of one group.
func (p *plan) arrange(group []string, priority map[string]int) ([]string, error) {
	var products []order.Product
	for _, id := range group {
		products = append(products, order.Product{ID: id, Priority: priority[id]})
	}
	for {
		res, err := order.Sequence(order.DependencyFirst, products, pairs(p.ties))
		var circle *order.CycleError
		if !errors.As(err, &circle) {
			if err != nil {
				return nil, fmt.Errorf("cannot order the products: %w", err)
			}
			return res.Sequence, nil
		}
		for _, id := range circle.Products {
			p.circles[id] = circle.Products
		}
		p.warnings = append(p.warnings, "these products require one another in a circle and are not ordered among themselves: "+strings.Join(circle.Products, ", "))
		p.ties = slices.DeleteFunc(p.ties, func(x tie) bool {
			return slices.Contains(circle.Products, x.first) && slices.Contains(circle.Products, x.later)
		})
	}
}

// place puts the products of a group, in a new order, on the places they had.
func (p *plan) place(group, right []string) {
	next := 0
	for i, id := range p.sequence {
		if slices.Contains(group, id) {
			p.sequence[i] = right[next]
			next++
		}
	}
}

// order is the plan as the core takes it, nil if nothing is wanted.
func (p *plan) order() *events.Order {
	if len(p.sequence) == 0 {
		return nil
	}
	o := &events.Order{Sequence: p.sequence}
	for _, x := range p.ties {
		if o.Requires == nil {
			o.Requires = map[string][]events.Requirement{}
		}
		r := events.Requirement{Product: x.first, Status: x.status}
		if !slices.Contains(o.Requires[x.later], r) {
			o.Requires[x.later] = append(o.Requires[x.later], r)
		}
	}
	return o
}

// problem tells what is wrong with the place of a product, nil if nothing is.
func (p *plan) problem(id string) *events.Problem {
	circle := p.circles[id]
	if circle == nil {
		return nil
	}
	return &events.Problem{Code: codeCycle, Message: id + ": its dependencies on the server lead in a circle: " + strings.Join(circle, ", ") +
		"; one of them must not require the other before or after itself"}
}

func pairs(ties []tie) []order.Pair {
	var out []order.Pair
	for _, x := range ties {
		out = append(out, order.Pair{First: x.first, Later: x.later})
	}
	return out
}
