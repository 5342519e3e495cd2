// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/quietsetup/quietsetup/events"
)

// ErrChanged: the row asks for something else by now.
var ErrChanged = errors.New("the server asks for something else by now")

// Row reads what the server shows of a product now; false = it has no row.
func (s *Source) Row(ctx context.Context, product string) (events.Report, bool, error) {
	release, err := s.hold(ctx)
	if err != nil {
		return events.Report{}, false, err
	}
	defer release()
	row, err := s.row(ctx, product)
	if err != nil || row == nil {
		return events.Report{}, false, err
	}
	return row.state(), true, nil
}

// Mark sets the progress of a row, and the result none, if the row still asks for
// an action: from then on what the row shows is of the run that begins now. If it
// asks for anything else the error is ErrChanged and nothing is written.
func (s *Source) Mark(ctx context.Context, product string, a events.Action, progress string) error {
	release, err := s.hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	row, err := s.row(ctx, product)
	if err != nil {
		return err
	}
	if row == nil || row.state().ActionRequest != a {
		return fmt.Errorf("cannot mark the row of %s: %w", product, ErrChanged)
	}
	none := events.ResultNone
	u := Update{Type: rowType, ProductID: product, ProductType: localboot, ClientID: s.parts.Server.HostID(), ActionProgress: &progress, ActionResult: &none}
	call := &Call{Method: "productOnClient_updateObjects", Params: []any{[]Update{u}}}
	if err := ask(ctx, s.parts.Server, []*Call{call}); err != nil {
		return fmt.Errorf("cannot mark the row of %s: %w", product, err)
	}
	return nil
}

// Restore sets a product's request again, if its row wants nothing and tells that a
// script put itself off: opsi-script takes the request back then, by a fault, and the
// product would be forgotten. What an administrator took back has no progress, or
// another one; that stays. So does a row that the server will not have changed.
func (s *Source) Restore(ctx context.Context, product string, a events.Action) error {
	release, err := s.hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	row, err := s.row(ctx, product)
	if err != nil {
		return err
	}
	if row == nil || row.state().ActionRequest != events.ActionNone || row.state().ActionResult != events.ResultNone || !scriptPutsOff(row.ActionProgress) {
		return nil
	}
	u := Update{Type: rowType, ProductID: product, ProductType: localboot, ClientID: s.parts.Server.HostID(), ActionRequest: &a}
	call := &Call{Method: "productOnClient_updateObjects", Params: []any{[]Update{u}}}
	err = ask(ctx, s.parts.Server, []*Call{call})
	var rpc *RPCError
	switch {
	case errors.As(err, &rpc) && rpc.lasting():
		s.parts.Warn(product, "its script put itself off, and the request that was lost by that cannot be set again: "+err.Error())
	case err != nil:
		return fmt.Errorf("cannot set the request of %s again: %w", product, err)
	}
	return nil
}

// row is a product's row, nil if there is none. The caller holds the rows.
func (s *Source) row(ctx context.Context, product string) (*Row, error) {
	me := s.parts.Server.HostID()
	var rows []Row
	call := &Call{Method: "productOnClient_getObjects", Params: []any{[]string{}, filter{"clientId": me, "productType": localboot, "productId": product}}, Into: &rows, Reads: true}
	if err := ask(ctx, s.parts.Server, []*Call{call}); err != nil {
		return nil, fmt.Errorf("cannot read the row of %s: %w", product, err)
	}
	for i := range rows {
		if r := rows[i]; r.ProductID == product && r.ProductType == localboot && strings.EqualFold(r.ClientID, me) {
			if err := valid(r.state()); err != nil {
				return nil, fmt.Errorf("cannot read the row of %s: %w", product, err)
			}
			return &r, nil
		}
	}
	return nil, nil
}

// left reports whether a report has to leave the row as it is, because opsi-script
// carries out the run and writes into the row itself. While it works nothing is
// written. What it wrote at its end stays, also a progress that says it put itself
// off. Only if it left no end is it ours to say what became of the run.
func (sh Shown) left(r events.Report, req events.Request) bool {
	if !sh.Scripted || sh.Row == nil {
		return false
	}
	row := sh.Row.state()
	ended := row.ActionResult != events.ResultNone || row.ActionRequest != req.Row.ActionRequest || scriptPutsOff(row.ActionProgress)
	return ended || (r.ActionResult == events.ResultNone || r.ActionResult == "") && !waits(r)
}

// scriptPutsOff knows the progress of a script that will go on later, with the
// spelling of an older opsi-script.
func scriptPutsOff(progress string) bool {
	p := strings.ToLower(progress)
	return strings.HasPrefix(p, "deferred") || strings.HasPrefix(p, "defered due to") || p == "suspended"
}
