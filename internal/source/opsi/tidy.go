// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"context"
	"fmt"
	"strings"

	"github.com/quietsetup/quietsetup/events"
)

// Stale reports whether a row tells of a wait that is over: it wants nothing, and
// its progress is one that only we write. Who takes a request back by opsi's own
// method empties the progress, too; who changes the row itself, as opsi-configed does,
// does not, and then it would say for ever that something waits.
func (s *Source) Stale(row events.Report) bool {
	ours := strings.HasPrefix(row.ActionProgress, deferred+" (") || s.parts.Style() == StylePlain && row.ActionProgress == deferred
	return ours && row.ActionRequest == events.ActionNone && row.ActionResult == events.ResultNone
}

// Tidy empties the progress of those products' rows that tell of a wait that is
// over. That is what opsi itself writes when a request is taken back, and nothing else
// is: each row is read first, and left alone if it wants something by now.
func (s *Source) Tidy(ctx context.Context, products []string) error {
	release, err := s.hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	me := s.parts.Server.HostID()
	var rows []Row
	read := &Call{Method: "productOnClient_getObjects", Params: []any{[]string{}, filter{"clientId": me, "productType": localboot, "productId": products}}, Into: &rows, Reads: true}
	if err := ask(ctx, s.parts.Server, []*Call{read}); err != nil {
		return fmt.Errorf("cannot read the rows of products that do not wait any more: %w", err)
	}
	empty := ""
	var updates []Update
	for _, r := range rows {
		if r.ProductType == localboot && strings.EqualFold(r.ClientID, me) && s.Stale(r.state()) {
			updates = append(updates, Update{Type: rowType, ProductID: r.ProductID, ProductType: localboot, ClientID: me, ActionProgress: &empty})
		}
	}
	if len(updates) == 0 {
		return nil
	}
	write := &Call{Method: "productOnClient_updateObjects", Params: []any{updates}}
	if err := ask(ctx, s.parts.Server, []*Call{write}); err != nil {
		return fmt.Errorf("cannot empty the progress of products that do not wait any more: %w", err)
	}
	return nil
}
