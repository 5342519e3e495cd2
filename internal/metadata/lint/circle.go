// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
	"github.com/quietsetup/quietsetup/internal/order"
)

// link is a dependency that puts two products in order, and the mistake that it
// would be where it closes a circle.
type link struct {
	order.Pair
	at tomlfile.Mistake
}

// links are the dependencies of a control file that order its product, by opsi's
// rule: only what is set up together can wait for each other.
func links(id string, doc *tomlfile.Document, read []metadata.Dependency) []link {
	var out []link
	for _, t := range doc.Root().Tables("ProductDependency") {
		required, action := t.Text("requiredProduct", ""), t.Text("action", "")
		at := t.Doubt("dependency-cycle", "requiredProduct", "")
		for _, d := range read {
			if d.Product != required || !strings.EqualFold(string(d.Action), action) || d.Unordered || d.Product == id {
				continue // a product that needs itself has a code of its own
			}
			kind := "before"
			if d.After {
				kind = "after"
			}
			pair, ok := order.Dependency{ProductID: id, ProductAction: string(d.Action), RequiredProductID: d.Product,
				RequiredAction: string(d.RequiredAction), RequiredInstallationStatus: d.RequiredStatus, RequirementType: kind}.Pair()
			if ok {
				out = append(out, link{pair, at})
			}
		}
	}
	return out
}

// circles notes at each product of a circle the dependencies that are part of it:
// one of them all must go.
func circles(packs []*pack) error {
	var products []order.Product
	var pairs []order.Pair
	for _, p := range packs {
		products = append(products, order.Product{ID: p.id})
		for _, l := range p.links {
			pairs = append(pairs, l.Pair)
		}
	}
	_, err := order.Sequence(order.DependencyFirst, products, pairs)
	for circle := (*order.CycleError)(nil); errors.As(err, &circle); _, err = order.Sequence(order.DependencyFirst, products, pairs) {
		inside := func(x order.Pair) bool {
			return slices.Contains(circle.Products, x.First) && slices.Contains(circle.Products, x.Later)
		}
		for _, p := range packs {
			for _, l := range p.links {
				if inside(l.Pair) {
					l.at.Text = "closes a circle, in which nothing can be first: " + strings.Join(circle.Products, ", ")
					p.mistake(l.at)
				}
			}
		}
		pairs = slices.DeleteFunc(pairs, inside)
	}
	if err != nil {
		return fmt.Errorf("cannot look for circles: %w", err)
	}
	return nil
}
