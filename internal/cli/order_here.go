// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"strings"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
)

// orderHere is the order of what is wanted on this machine or in a copied log.
func (a *app) orderHere(ctx context.Context) error {
	r, err := a.reader(ctx)
	if err != nil {
		return err
	}
	s, err := r.Status(ctx)
	if err != nil {
		return err
	}
	if a.json {
		return a.document(orderDoc{"order/v1", filled(s.Order), []orderWarning{}})
	}
	ps, err := r.Products(ctx)
	if err != nil {
		return err
	}
	if len(s.Order) == 0 && !a.csv() {
		a.say("order.nothing_wanted", nil)
		return nil
	}
	products := map[string]apitypes.Product{}
	for _, p := range ps.Products {
		products[p.ID] = p
	}
	t := a.table(sequenceColumns()...)
	for i, id := range s.Order {
		p := products[id]
		why := ""
		if len(p.Requires) > 0 {
			why = a.words.Text("order.after", i18n.Data{"Products": strings.Join(p.Requires, ", ")})
		}
		t.row(i+1, id, p.Priority, why)
	}
	t.print()
	return nil
}
