// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"

	"github.com/quietsetup/quietsetup/events"
)

// write writes a batch of reports and gives each its end: one request reads their
// rows, one writes those that have to be changed, and the log.
func (s *Source) write(batch []*filing) {
	ctx, cancel := s.together(batch)
	defer cancel()
	shown, offers, err := s.shown(ctx, batch)
	if err != nil {
		for _, f := range batch {
			f.end <- fmt.Errorf("cannot report %s: its row cannot be read: %w", f.report.ProductID, err)
		}
		return
	}
	var calls []*Call
	var written []*filing
	for _, f := range batch {
		if offers != nil && f.needsOffer() {
			f.end <- fmt.Errorf("cannot report %s: what the depot has cannot be read: %w", f.report.ProductID, offers)
			continue
		}
		u, changes := Change(s.parts.Server.HostID(), shown[f.report.ProductID], f.report, f.req, s.parts.Style())
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
	err = s.parts.Server.Do(ctx, calls...)
	switch {
	case log == nil:
	case err != nil && !turnedAway(err):
		s.log.unclear(log)
	case err != nil:
	case log.Err != nil: // a log that is refused is not carried along for ever
		s.parts.Warn("", "the server does not take the log: "+log.Err.Error())
		s.log.refused(log)
	default:
		s.log.written(log)
	}
	for i, f := range written {
		switch {
		case err != nil:
			s.unanswered(f, shown[f.report.ProductID].Row, err)
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

// needsOffer: whether the request is done with depends on what the depot has by now.
func (f *filing) needsOffer() bool {
	a := f.req.Row.ActionRequest
	return f.report.ActionResult != events.ResultNone && (a == events.ActionSetup || a == events.ActionUpdate)
}

// shown reads what the server shows for the products of a batch. offers is why it
// is not known what the depot has, nil if it is.
func (s *Source) shown(ctx context.Context, batch []*filing) (out map[string]Shown, offers, err error) {
	me := s.parts.Server.HostID()
	var ids []string
	offered := false
	for _, f := range batch {
		ids = append(ids, f.report.ProductID)
		offered = offered || f.needsOffer()
	}
	s.mu.Lock()
	depot := s.depot
	s.mu.Unlock()
	var rows []Row
	var versions []version
	var depots []clientDepot
	calls := []*Call{{Method: "productOnClient_getObjects", Params: []any{[]string{}, filter{"clientId": me, "productType": localboot, "productId": ids}}, Into: &rows, Reads: true}}
	ofRows := calls
	if offered {
		where := filter{"productType": localboot, "productId": ids}
		if depot != "" {
			where["depotId"] = depot
		} else { // a report may come before the first look
			calls = append(calls, s.depotCall(&depots))
		}
		calls = append(calls, &Call{Method: "productOnDepot_getObjects", Params: []any{onDepot(), where}, Into: &versions, Reads: true})
	}
	if err := s.parts.Server.Do(ctx, calls...); err != nil {
		return nil, nil, err
	}
	if err := firstErr(ofRows); err != nil {
		return nil, nil, err
	}
	if offers = firstErr(calls); offers == nil && offered && depot == "" {
		depot, offers = depotOf(depots, me)
	}
	has := onTheDepot(versions, depot)
	scripted := map[string]bool{}
	for _, f := range batch {
		scripted[f.report.ProductID] = s.parts.Scripted(f.report)
	}
	style := s.parts.Style() // it may ask for the settings, so not under the lock
	out = make(map[string]Shown, len(batch))
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range batch {
		id := f.report.ProductID
		sh := Shown{Offer: has[id].text(), Scripted: scripted[id]}
		for i := range rows {
			if rows[i].ProductID == id && rows[i].ProductType == localboot && strings.EqualFold(rows[i].ClientID, me) {
				sh.Row = &rows[i]
			}
		}
		if was, lost := s.lost[id]; lost && was.Report == f.report {
			sh.Stored = stored(me, sh, f.report, f.req, style, was.Modified)
		}
		out[id] = sh
	}
	return out, offers, nil
}

// lostReport is a report that was sent and not answered: the server may have stored
// it.
type lostReport struct {
	Report   events.Report `json:"report"`
	Modified string        `json:"modified"` // the row's time before it was sent, by the server; "" = there was no row
}

// answered forgets that a report of a product was lost.
func (s *Source) answered(id string) {
	s.mu.Lock()
	_, was := s.lost[id]
	delete(s.lost, id)
	s.mu.Unlock()
	if was {
		s.keep(s.parts.Warn)
	}
}

// unanswered remembers a report that the server may have stored.
func (s *Source) unanswered(f *filing, row *Row, err error) {
	if turnedAway(err) {
		return
	}
	now := lostReport{Report: f.report}
	if row != nil {
		now.Modified = row.ModificationTime
	}
	s.mu.Lock()
	if was, lost := s.lost[f.report.ProductID]; lost && was.Report == f.report {
		now.Modified = was.Modified // of the first time
	}
	s.lost[f.report.ProductID] = now
	s.mu.Unlock()
	s.keep(s.parts.Warn)
}

// turnedAway: what turns a request away at the door stores nothing, nor does a
// server to which there was no connection.
func turnedAway(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return true
	}
	for _, class := range []error{ErrWaiting, ErrLogin, ErrBlocked, ErrBusy, ErrRejected, ErrCertificate} {
		if errors.Is(err, class) {
			return true
		}
	}
	return false
}

// refusal tells an answer that lasts from one that may change.
func refusal(id string, err error) error {
	var rpc *RPCError
	if errors.As(err, &rpc) && rpc.lasting() {
		return fmt.Errorf("cannot report %s: %w: %w", id, ErrRefused, err)
	}
	return fmt.Errorf("cannot report %s: %w", id, err)
}
