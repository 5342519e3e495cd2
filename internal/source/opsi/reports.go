// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/quietsetup/quietsetup/events"
)

// write writes a batch of reports and gives each its end: one request reads their
// rows, one writes those that have to be changed, and the log.
func (s *Source) write(batch []*filing) {
	ctx, cancel := s.together(batch)
	defer cancel()
	shown, err := s.shown(ctx, batch)
	if err != nil {
		for _, f := range batch {
			f.end <- fmt.Errorf("cannot report %s: its row cannot be read: %w", f.report.ProductID, err)
		}
		return
	}
	var calls []*Call
	var written []*filing
	for _, f := range batch {
		u, changes := Change(s.parts.Server.HostID(), shown[f.report.ProductID], f.report, f.req, s.parts.Style)
		if !changes {
			s.answered(f.report.ProductID)
			f.end <- f.done()
			continue
		}
		calls = append(calls, &Call{Method: "productOnClient_updateObjects", Params: []any{[]Update{u}}})
		written = append(written, f)
	}
	log := s.log.call(s.parts.Server.HostID())
	if log != nil {
		calls = append(calls, log)
	}
	if err = s.parts.Server.Do(ctx, calls...); err == nil && log != nil {
		if log.Err != nil {
			s.parts.Warn("", "the server does not take the log: "+log.Err.Error())
		}
		s.log.written(log) // a log that is refused is not carried along for ever
	}
	for i, f := range written {
		switch {
		case err != nil:
			s.unanswered(f, err)
			f.end <- fmt.Errorf("cannot report %s: %w", f.report.ProductID, err)
		case calls[i].Err != nil:
			f.end <- refusal(f.report.ProductID, calls[i].Err)
		default:
			s.answered(f.report.ProductID)
			f.end <- f.done()
		}
	}
}

// together ends when the source is closed or nobody waits for the batch any more.
func (s *Source) together(batch []*filing) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(s.ctx)
	var left atomic.Int64
	left.Store(int64(len(batch)))
	stops := make([]func() bool, len(batch))
	for i, f := range batch {
		stops[i] = context.AfterFunc(f.ctx, func() {
			if left.Add(-1) == 0 {
				cancel()
			}
		})
	}
	return ctx, func() {
		cancel()
		for _, stop := range stops {
			stop()
		}
	}
}

// shown reads what the server shows for the products of a batch.
func (s *Source) shown(ctx context.Context, batch []*filing) (map[string]Shown, error) {
	me := s.parts.Server.HostID()
	var ids []string
	offered := false
	for _, f := range batch {
		ids = append(ids, f.report.ProductID)
		a := f.req.Row.ActionRequest
		offered = offered || f.report.ActionResult != events.ResultNone && (a == events.ActionSetup || a == events.ActionUpdate)
	}
	s.mu.Lock()
	depot := s.depot
	s.mu.Unlock()
	var rows []Row
	var versions []version
	var depots []clientDepot
	calls := []*Call{{Method: "productOnClient_getObjects", Params: []any{[]string{}, filter{"clientId": me, "productType": localboot, "productId": ids}}, Into: &rows, Reads: true}}
	if offered {
		where := filter{"productType": localboot, "productId": ids}
		if depot != "" {
			where["depotId"] = depot
		} else { // a report may come before the first look
			calls = append(calls, s.depotCall(&depots))
		}
		calls = append(calls, &Call{Method: "productOnDepot_getObjects", Params: []any{onDepot(), where}, Into: &versions, Reads: true})
	}
	if err := ask(ctx, s.parts.Server, calls); err != nil {
		return nil, err
	}
	if offered && depot == "" {
		var err error
		if depot, err = depotOf(depots, me); err != nil {
			return nil, err
		}
	}
	offers := onTheDepot(versions, depot)
	scripted := map[string]bool{}
	for _, f := range batch {
		scripted[f.report.ProductID] = s.parts.Scripted(f.report)
	}
	out := make(map[string]Shown, len(batch))
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range batch {
		id := f.report.ProductID
		sh := Shown{Offer: offers[id].text(), Scripted: scripted[id]}
		for i := range rows {
			if rows[i].ProductID == id && rows[i].ProductType == localboot && strings.EqualFold(rows[i].ClientID, me) {
				sh.Row = &rows[i]
			}
		}
		if sent, lost := s.lost[id]; lost && sent == f.report {
			sh.Stored = stored(me, sh, f.report, f.req, s.parts.Style)
		}
		out[id] = sh
	}
	return out, nil
}

// answered forgets that a report of a product was lost.
func (s *Source) answered(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.lost, id)
}

// unanswered remembers a report that the server may have stored. What turns a
// request away at the door stores nothing.
func (s *Source) unanswered(f *filing, err error) {
	for _, class := range []error{ErrWaiting, ErrLogin, ErrBlocked, ErrBusy, ErrRejected, ErrCertificate} {
		if errors.Is(err, class) {
			return
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost[f.report.ProductID] = f.report
}

// refusal tells an answer that lasts from one that may change.
func refusal(id string, err error) error {
	var rpc *RPCError
	if errors.As(err, &rpc) && rpc.lasting() {
		return fmt.Errorf("cannot report %s: %w: %w", id, ErrRefused, err)
	}
	return fmt.Errorf("cannot report %s: %w", id, err)
}
