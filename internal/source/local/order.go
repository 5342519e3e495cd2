// SPDX-License-Identifier: Apache-2.0

package local

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/order"
)

// codeCycle is the code of the problem of a package that stands in a circle.
const codeCycle = "dependency_cycle"

// plan is the order of everything that is wanted.
type plan struct {
	order    events.Order
	warnings []string            // one line each
	circles  map[string][]string // by product: the products of its circle
}

// planOf orders all rows that want something. The sequence is that of opsi's
// algorithm with each group, which is what dependencies connect, moved together
// to the place of its first member: what was begun with a new runtime goes on
// with the programs that stand on it. With the second algorithm a group ends at
// the border of a class, as everything there does.
//
// A circle has no order. Its dependencies are left out, so that everything else
// gets one, and its members are named.
func planOf(alg order.Algorithm, rows []Row) (plan, error) {
	p := plan{circles: map[string][]string{}}
	var products []order.Product
	class := map[string]int{}
	for _, r := range rows {
		if r.ActionRequest != events.ActionNone {
			products = append(products, order.Product{ID: r.ProductID, Priority: r.priority()})
			class[r.ProductID] = r.priority()
		}
	}
	pairs := pairsOf(rows, class)
	res, err := order.Sequence(alg, products, pairs)
	for circle := (*order.CycleError)(nil); errors.As(err, &circle); res, err = order.Sequence(alg, products, pairs) {
		for _, id := range circle.Products {
			p.circles[id] = circle.Products
		}
		p.warnings = append(p.warnings, "these products require one another in a circle and are not ordered among themselves: "+
			strings.Join(circle.Products, ", "))
		pairs = slices.DeleteFunc(pairs, func(x order.Pair) bool {
			return slices.Contains(circle.Products, x.First) && slices.Contains(circle.Products, x.Later)
		})
	}
	if err != nil {
		return plan{}, fmt.Errorf("cannot order the products: %w", err)
	}
	for _, w := range res.Warnings {
		p.warnings = append(p.warnings, w.Message)
		pairs = slices.DeleteFunc(pairs, func(x order.Pair) bool { return x.First == w.First && x.Later == w.Later })
	}
	together := pairs
	if alg == order.PriorityFirst {
		together = slices.DeleteFunc(slices.Clone(pairs), func(x order.Pair) bool {
			i, wanted := class[x.First]
			return !wanted || i != class[x.Later]
		})
	}
	for _, group := range order.Groups(res.Sequence, together) {
		p.order.Sequence = append(p.order.Sequence, group...)
	}
	for _, x := range pairs {
		if p.order.Requires == nil {
			p.order.Requires = map[string][]string{}
		}
		if !slices.Contains(p.order.Requires[x.Later], x.First) {
			p.order.Requires[x.Later] = append(p.order.Requires[x.Later], x.First)
		}
	}
	return p, nil
}

// pairsOf is who must be before whom, by the dependencies of the actions that
// are wanted. What must be done first may not be wanted any more: if it failed
// yesterday, it is waited for all the same.
func pairsOf(rows []Row, wanted map[string]int) []order.Pair {
	var pairs []order.Pair
	for _, r := range rows {
		if r.ActionRequest == events.ActionNone {
			continue
		}
		for _, first := range r.Offer.Requires {
			pairs = append(pairs, order.Pair{First: first, Later: r.ProductID})
		}
		for _, later := range r.Offer.Followers {
			if _, ok := wanted[later]; ok {
				pairs = append(pairs, order.Pair{First: r.ProductID, Later: later})
			}
		}
	}
	return pairs
}

// priority is that of the row's action: what is set up first is removed last.
func (r Row) priority() int {
	if r.ActionRequest == events.ActionUninstall {
		return -r.Offer.Priority
	}
	return r.Offer.Priority
}

// problem tells what is wrong with the place of a product, nil if nothing is.
func (p plan) problem(id string) *events.Problem {
	circle := p.circles[id]
	if circle == nil {
		return nil
	}
	return &events.Problem{Code: codeCycle, Message: id + "/OPSI: its dependencies lead in a circle: " + strings.Join(circle, ", ") +
		"; one of them must not require the other before or after itself"}
}
