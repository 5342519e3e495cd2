// SPDX-License-Identifier: Apache-2.0

package local

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/metadata/productid"
)

// Asked is what an operator's request led to.
type Asked struct {
	Wanted          // the rows that changed, and the product's own; the order of everything
	Also   []Also   // what was requested with it, in the order in which it has to be done
	Notes  []string // one line each: what a dependency asks for and does not get
}

// Also is an action of a product that another one depends on.
type Also struct {
	Product string
	Action  events.Action
	For     string // the product that depends on it
}

// SetRequest asks for an action, or withdraws with none. Unless alone is set it
// also asks for what the package depends on and does not find, and what that
// depends on: as in opsi, a status that is there already is enough, an action
// that is required is always asked for, of two actions for one product the one
// counts that leaves more behind, and a removal of what must stay is taken back. A
// dependency whose package is missing, has another version or cannot do what is
// asked is left out with a note.
//
// Errors: ErrUnknownProduct, ErrNoCommand, ErrUnknownAction, ErrRow,
// ErrDepotUnreachable (not for none). Then nothing was changed; only when the disk
// fails in between, what is in Asked was.
func (s *Source) SetRequest(ctx context.Context, product string, a events.Action, alone bool) (Asked, error) {
	if err := ctx.Err(); err != nil {
		return Asked{}, err
	}
	if a != events.ActionNone && !slices.Contains(events.Actions(), a) {
		return Asked{}, fmt.Errorf("cannot request %q of %q: %w", a, product, ErrUnknownAction)
	}
	if err := productid.Check(product); err != nil {
		return Asked{}, fmt.Errorf("%w: %w", ErrUnknownProduct, err)
	}
	offer, err := s.offerFor(product, a)
	if err != nil {
		return Asked{}, err
	}
	w := walk{source: s, root: product, met: map[step]bool{{product, a}: true}, wants: map[string]want{}}
	if !alone && a != events.ActionNone {
		if err := w.from(ctx, step{product, a}); err != nil {
			return Asked{}, fmt.Errorf("cannot request %s of %s: %w", a, product, err)
		}
	}
	if err := ctx.Err(); err != nil { // whoever asked was told that it failed
		return Asked{}, fmt.Errorf("cannot request %s of %s: %w", a, product, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// All rows are looked at before one is changed. What is required comes first, so
	// that a crash in between leaves nothing without it.
	rows := make([]Row, 0, len(w.found)+1)
	out := Asked{Notes: w.notes}
	for _, id := range w.found {
		x := w.wants[id]
		r, err := s.row(id)
		if err != nil {
			return Asked{}, err
		}
		if taken := x.action == events.ActionNone; taken && r.ActionRequest != x.unless || !taken && weight(r.ActionRequest) >= weight(x.action) {
			continue
		}
		rows = append(rows, s.wanting(r, x.action, x.offer))
		out.Also = append(out.Also, Also{id, x.action, x.by})
	}
	r, err := s.rows.read(product)
	switch {
	case errors.Is(err, errNoRow) && a == events.ActionNone && !offer.known():
		return Asked{}, fmt.Errorf("%w: %s is neither in the depot nor was it ever requested", ErrUnknownProduct, product)
	case errors.Is(err, errNoRow):
		r = newRow(product)
	case err != nil:
		return Asked{}, fmt.Errorf("cannot request %s of %s: %w: %w", a, product, ErrRow, err)
	}
	rows = append(rows, s.wanting(r, a, offer))
	for i, r := range rows {
		if err := s.rows.write(r); err != nil {
			out.Also = out.Also[:i]
			if i > 0 {
				err = fmt.Errorf("%w; what it depends on was requested before: %s", err, out.Also[i-1].Product)
			}
			return out, fmt.Errorf("cannot request %s of %s: %w", a, product, err)
		}
		out.Requests = append(out.Requests, r.request())
	}
	out.Order, err = s.reorder()
	return out, err
}

// row reads a row, a new one if there is none.
func (s *Source) row(id string) (Row, error) {
	r, err := s.rows.read(id)
	if errors.Is(err, errNoRow) {
		return newRow(id), nil
	}
	if err != nil {
		return r, fmt.Errorf("cannot look what is wanted of %s: %w: %w", id, ErrRow, err)
	}
	return r, nil
}

// wanting is a row that wants an action, whatever it wanted before.
func (s *Source) wanting(r Row, a events.Action, offer Offer) Row {
	r.ActionRequest = a
	r.ActionProgress = ""
	if a != events.ActionNone {
		r.ActionResult = events.ResultNone
	}
	if offer.known() {
		r.Offer = offer
	}
	r.Modified = s.parts.Now().UTC()
	return r
}

// weight orders actions by what they leave behind: opsi's order in which one of
// several actions of a product is kept.
func weight(a events.Action) int {
	rising := []events.Action{events.ActionNone, events.ActionUninstall, events.ActionCustom, events.ActionOnce,
		events.ActionAlways, events.ActionUpdate, events.ActionSetup}
	return slices.Index(rising, a)
}

// step is an action of a product on the way through the dependencies.
type step struct {
	product string
	action  events.Action
}

// want is what a dependency asks for.
type want struct {
	action events.Action // none = unless is taken back
	unless events.Action // what would undo what is there
	offer  Offer
	by     string
}

// weight is that of the action, or of the one whose undoing is taken back.
func (x want) weight() int {
	if x.action == events.ActionNone {
		return weight(events.ActionSetup)
	}
	return weight(x.action)
}

// walk follows dependencies. It changes nothing.
type walk struct {
	source *Source
	root   string // its own request is the operator's word
	met    map[step]bool
	wants  map[string]want
	found  []string // products of wants, each after what it requires itself
	notes  []string
}

// from follows the dependencies of an action, also through those that are
// fulfilled: what they stand on may be gone.
func (w *walk) from(ctx context.Context, at step) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	pkg, problem, err := w.source.parts.Depot.Load(at.product)
	if err != nil {
		return err
	}
	if problem != nil {
		return nil // it was looked at by whoever led here
	}
	for _, d := range pkg.Dependencies {
		next := step{d.Product, d.Asks()}
		if d.Action != at.action || d.Product == at.product || next.action == events.ActionNone {
			continue
		}
		offer, reason, err := w.offer(d, next)
		if err != nil {
			return err
		}
		if reason != "" {
			w.notes = append(w.notes, fmt.Sprintf("%s requires %s of %s, which is left out: %s", at.product, next.action, next.product, reason))
			continue
		}
		x, needed, err := w.source.needed(d)
		if err != nil {
			return err
		}
		if !w.met[next] {
			w.met[next] = true
			if err := w.from(ctx, next); err != nil {
				return err
			}
		}
		if needed && d.Product != w.root {
			x.offer, x.by = offer, at.product
			w.add(d.Product, x)
		}
	}
	return nil
}

// add notes what is asked for; of two wishes the one that leaves more behind counts.
func (w *walk) add(id string, x want) {
	now, already := w.wants[id]
	more := x.weight() > now.weight() || x.weight() == now.weight() && now.action == events.ActionNone && x.action != events.ActionNone
	if already && !more {
		return
	}
	if !already {
		w.found = append(w.found, id)
	}
	w.wants[id] = x
}

// offer is what the depot offers for a step; reason says why it can't be done.
func (w *walk) offer(d metadata.Dependency, x step) (o Offer, reason string, err error) {
	o, err = w.source.offerFor(x.product, x.action)
	switch {
	case errors.Is(err, ErrUnknownProduct), errors.Is(err, ErrNoCommand):
		return o, err.Error(), nil
	case err == nil && !d.Fits(o.ProductVersion, o.PackageVersion):
		return o, fmt.Sprintf("version %s is required, and the depot has %s", events.JoinVersion(d.ProductVersion, d.PackageVersion),
			events.JoinVersion(o.ProductVersion, o.PackageVersion)), nil
	}
	return o, "", err
}

// needed tells what a dependency asks for that is not there already: an action,
// or that a removal that is wanted is taken back.
func (s *Source) needed(d metadata.Dependency) (want, bool, error) {
	if d.RequiredAction != "" {
		return want{action: d.RequiredAction}, true, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.row(d.Product)
	if err != nil {
		return want{}, false, err
	}
	there := r.InstallationStatus == d.RequiredStatus
	if d.RequiredStatus == events.StatusInstalled {
		there = there && d.Fits(r.ProductVersion, r.PackageVersion)
	}
	switch {
	case !there:
		return want{action: d.Asks()}, true, nil
	case d.RequiredStatus == events.StatusInstalled: // and stays so, whoever else wants it removed
		return want{action: events.ActionNone, unless: events.ActionUninstall}, true, nil
	}
	return want{}, false, nil
}
