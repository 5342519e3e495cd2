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
	wanted, class := map[string]bool{}, map[string]int{}
	for _, r := range rows {
		class[r.ProductID] = r.priority()
		if r.ActionRequest != events.ActionNone {
			products = append(products, order.Product{ID: r.ProductID, Priority: r.priority()})
			wanted[r.ProductID] = true
		}
	}
	ties := tiesOf(rows, wanted)
	drop := func(what func(tie) bool) { ties = slices.DeleteFunc(ties, what) }
	res, err := order.Sequence(alg, products, pairs(ties))
	for circle := (*order.CycleError)(nil); errors.As(err, &circle); res, err = order.Sequence(alg, products, pairs(ties)) {
		for _, id := range circle.Products {
			p.circles[id] = circle.Products
		}
		p.warnings = append(p.warnings, "these products require one another in a circle and are not ordered among themselves: "+
			named(circle.Products))
		drop(func(x tie) bool {
			return slices.Contains(circle.Products, x.first) && slices.Contains(circle.Products, x.later)
		})
	}
	if err != nil {
		return plan{}, fmt.Errorf("cannot order the products: %w", err)
	}
	for _, w := range res.Warnings {
		p.warnings = append(p.warnings, w.Message)
	}
	together := ties
	if alg == order.PriorityFirst {
		// What contradicts the classes does not count, whether its product is wanted
		// now or was before.
		drop(func(x tie) bool {
			c, known := class[x.first]
			return known && c < class[x.later]
		})
		together = slices.DeleteFunc(slices.Clone(ties), func(x tie) bool { return class[x.first] != class[x.later] })
	}
	for _, group := range order.Groups(res.Sequence, pairs(together)) {
		p.order.Sequence = append(p.order.Sequence, group...)
	}
	for _, x := range ties {
		if p.order.Requires == nil {
			p.order.Requires = map[string][]events.Requirement{}
		}
		r := events.Requirement{Product: x.first, Status: x.status}
		if !slices.Contains(p.order.Requires[x.later], r) {
			p.order.Requires[x.later] = append(p.order.Requires[x.later], r)
		}
	}
	return p, nil
}

// tie is one product that must be done before another one, and what it must be
// then.
type tie struct{ first, later, status string }

// tiesOf is who must be before whom, by the dependencies of the actions that
// are wanted. What must be done first may not be wanted any more: if it failed
// yesterday, it is waited for all the same.
func tiesOf(rows []Row, wanted map[string]bool) []tie {
	var ties []tie
	for _, r := range rows {
		if !wanted[r.ProductID] {
			continue
		}
		for _, n := range r.Offer.Needs {
			switch {
			case !n.After:
				ties = append(ties, tie{n.Product, r.ProductID, n.Status})
			case wanted[n.Product]:
				ties = append(ties, tie{r.ProductID, n.Product, n.Status})
			}
		}
	}
	return ties
}

func pairs(ties []tie) []order.Pair {
	var out []order.Pair
	for _, x := range ties {
		out = append(out, order.Pair{First: x.first, Later: x.later})
	}
	return out
}

// priority is that of the row's action: what is set up first is removed last.
func (r Row) priority() int {
	if r.ActionRequest == events.ActionUninstall {
		return -r.Offer.Priority
	}
	return r.Offer.Priority
}

// problem tells what is wrong with the place of a product, nil if nothing is.
func (p *plan) problem(id string) *events.Problem {
	circle := p.circles[id]
	if circle == nil {
		return nil
	}
	return &events.Problem{Code: codeCycle, Message: id + "/OPSI: its dependencies lead in a circle: " + named(circle) +
		"; one of them must not require the other before or after itself"}
}

// named lists the products of a circle. A sentence holds a few of many; "order"
// shows them all.
func named(circle []string) string {
	const most = 12
	if more := len(circle) - most; more > 1 {
		return fmt.Sprintf("%s and %d more", strings.Join(circle[:most], ", "), more)
	}
	return strings.Join(circle, ", ")
}
