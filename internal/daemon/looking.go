// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/engine"
	"github.com/quietsetup/quietsetup/internal/localapi"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/view"
	"github.com/quietsetup/quietsetup/store"
)

// views is what can be looked at.
type views struct {
	engine   *engine.Engine
	clock    engine.Clock
	store    *store.Store
	depot    *depot
	looker   looker
	version  string
	stateDir string
	started  time.Time
}

func (v *views) at(f func(view.View)) {
	wall, boot, ms := v.clock.Now()
	v.engine.View(func(c *fsm.Client) { f(view.At(c, events.Stamped{Wall: wall, Boot: boot, BootMS: ms})) })
}

// Status is the client as a whole and the daemon itself.
func (v *views) Status(ctx context.Context) (apitypes.Status, error) {
	seen := v.looker.LookAtPeople(ctx)
	var s apitypes.Status
	v.at(func(now view.View) { s = now.Status() })
	s.Version, s.PID, s.Started, s.StateDir = v.version, os.Getpid(), v.started, v.stateDir
	s.SessionsKnown, s.Sessions = seen.SessionsKnown, view.Sessions(seen, view.Open(nil))
	s.Sources = []apitypes.Source{v.depot.state()}
	if err := v.engine.Broken(); err != nil {
		s.Store.Error = err.Error()
		if do := advice(err); do != "" {
			s.Store.Error += "; " + do
		}
	}
	return s, nil
}

// Products lists all products.
func (v *views) Products(context.Context) (out apitypes.Products, err error) {
	v.at(func(now view.View) { out = now.Products() })
	for i := range out.Products {
		v.tellWaiting(&out.Products[i])
	}
	return out, nil
}

// Product is one product, with the work that fails for it.
func (v *views) Product(_ context.Context, id string) (out apitypes.ProductDoc, err error) {
	known := false
	v.at(func(now view.View) { out, known = now.Product(id) })
	if !known {
		return out, notKnown(id)
	}
	v.tellWaiting(&out.Product)
	for _, f := range v.engine.Failing(id) {
		out.Failing = append(out.Failing, apitypes.Failing{Work: string(f.Ticket.Kind), Session: f.Ticket.Session,
			Error: clipped(f.Err.Error()), Tries: f.Tries, Again: f.Again.UTC()})
	}
	return out, nil
}

// clipped bounds an error's text: it may hold what a program printed.
func clipped(s string) string {
	const most = 1000
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strings.ToValidUTF8(s, "")
}

func notKnown(id string) error {
	return &apitypes.Error{Code: apitypes.CodeNotFound, Message: "no product " + id + " is known",
		Hint: "it is known once it was requested; quietsetup status lists the products"}
}

// Processes looks for what would keep the product's installer waiting.
func (v *views) Processes(ctx context.Context, id string) (apitypes.Processes, error) {
	p, err := v.packageOf(ctx, id)
	if err != nil {
		return apitypes.Processes{}, err
	}
	wall, _, _ := v.clock.Now()
	return view.Processes(id, wall, v.looker.Look(ctx, p), view.Open(nil)), nil
}

// packageOf is the package of the current round, or what the depot has now.
func (v *views) packageOf(ctx context.Context, id string) (events.Package, error) {
	req := events.Request{Row: events.Report{ProductID: id, ActionRequest: events.ActionSetup}}
	var p events.Package
	known := false
	v.engine.View(func(c *fsm.Client) {
		if q := c.Product(id); q != nil {
			known = true
			p = q.Package
			if q.Action() != "" {
				req = q.Request
			}
		}
	})
	if p.Product != "" {
		return p, nil
	}
	prepare := v.depot.Prepare
	if v.depot.glance != nil {
		if !known { // anybody may ask, and nobody may have packages fetched by it
			return p, notKnown(id)
		}
		prepare = v.depot.glanceLately
	}
	_, p, problem, err := prepare(ctx, req)
	switch {
	case err != nil:
		return p, told(err, true)
	case problem != nil && problem.Code == metadata.CodeMissing:
		return p, notKnown(id)
	case problem != nil && problem.Code != metadata.CodeNoCommand:
		return p, &apitypes.Error{Code: apitypes.CodeRefused, Message: problem.Message}
	}
	return p, nil
}

// errChanged: a line must go out as it lies on disk, or not at all.
var errChanged = errors.New("a record does not encode as it was written")

// Log gives records out, and goes on with new ones if they are followed.
func (v *views) Log(ctx context.Context, q localapi.LogQuery, emit func([]byte) error) error {
	if q.Product != "" && !q.Follow {
		if _, err := v.Product(ctx, q.Product); err != nil {
			return err
		}
	}
	next := max(q.From, 1)
	for {
		end, _ := v.store.Last()
		records := v.store.Records(next)
		if q.From == 0 && next == 1 {
			records = v.fromTheFirst()
		}
		for r, err := range records {
			if err != nil {
				return fmt.Errorf("cannot read the log from record %d: %w", next, err)
			}
			next = r.Seq + 1
			if q.Product != "" && !slices.Contains(r.Products, q.Product) {
				continue
			}
			if err := out(r, emit); err != nil {
				return err
			}
		}
		if !q.Follow {
			return nil
		}
		if _, err := v.engine.Follow(ctx, max(end, next-1)); err != nil {
			return err
		}
	}
}

// fromTheFirst reads from the first record that is there: old segments may have
// been taken out of the archive.
func (v *views) fromTheFirst() iter.Seq2[events.Record, error] {
	return func(yield func(events.Record, error) bool) {
		for r, err := range v.store.Records(1) {
			if errors.Is(err, fs.ErrNotExist) {
				v.store.SinceCheckpoint()(yield)
				return
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

func out(r events.Record, emit func([]byte) error) error {
	sum := r.Sum
	line, err := r.Encode()
	if err != nil {
		return err
	}
	if r.Sum != sum {
		return fmt.Errorf("%w: record %d", errChanged, r.Seq)
	}
	return emit(line)
}
