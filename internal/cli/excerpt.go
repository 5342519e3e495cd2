// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/localclient"
	"github.com/quietsetup/quietsetup/store"
)

// excerpt is an export by product. Its records can be read; nothing can be
// folded from them, so no command gets a state out of it.
type excerpt struct {
	path string
	head store.ExcerptHead
}

// errPartial is why an excerpt tells no state.
var errPartial = errors.New("is a partial export")

func (e *excerpt) refuse() error {
	return fmt.Errorf("%s %w (%s): its records can be read with quietsetup --file FILE events PRODUCT; for anything else export the log without --product",
		e.path, errPartial, strings.Join(e.head.Products, ", "))
}

func (e *excerpt) Status(context.Context) (apitypes.Status, error) {
	return apitypes.Status{}, e.refuse()
}

// Products lists the ids alone, which is enough to find one.
func (e *excerpt) Products(context.Context) (apitypes.Products, error) {
	var out apitypes.Products
	for _, id := range e.head.Products {
		out.Products = append(out.Products, apitypes.Product{ID: id})
	}
	return out, nil
}

func (e *excerpt) Product(context.Context, string) (apitypes.ProductDoc, error) {
	return apitypes.ProductDoc{}, e.refuse()
}

func (e *excerpt) Log(ctx context.Context, q localclient.LogQuery, emit func([]byte) error) error {
	if q.Follow {
		return usage(errors.New("a copy does not grow: --follow needs the running daemon"))
	}
	for l, err := range logLines(ctx, e.path) {
		if l.Number == 1 {
			continue // the head
		}
		if err != nil {
			return fmt.Errorf("cannot read %s: %w", e.path, err)
		}
		if l.Record.Seq < q.From || q.Product != "" && !slices.Contains(l.Record.Products, q.Product) {
			continue
		}
		if err := emit(l.Raw); err != nil {
			return err
		}
	}
	return nil
}
