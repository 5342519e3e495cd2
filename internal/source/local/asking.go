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
// that is required is always asked for, and of two actions for one product the
// one counts that leaves more behind. A dependency whose package is missing or
// cannot do what is asked is left out with a note.
//
// Errors: ErrUnknownProduct, ErrNoCommand, ErrUnknownAction, ErrDepotUnreachable
// (not for none). After an error the product itself is not requested.
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
	w := walk{source: s, met: map[step]bool{{product, a}: true}, wants: map[string]want{}}
	if !alone && a != events.ActionNone {
		if err := w.from(ctx, step{product, a}); err != nil {
			return Asked{}, fmt.Errorf("cannot request %s of %s: %w", a, product, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := Asked{Notes: w.notes}
	for _, id := range w.found { // what is required comes first, so that a crash leaves nothing without it
		x := w.wants[id]
		row, changed, err := s.want(id, x.action, x.offer)
		if err != nil {
			return Asked{}, err
		}
		if changed {
			out.Also = append(out.Also, Also{id, x.action, x.by})
			out.Requests = append(out.Requests, row.request())
		}
	}
	row, err := s.ask(product, a, offer)
	if err != nil {
		return Asked{}, err
	}
	out.Requests = append(out.Requests, row.request())
	out.Order, err = s.reorder()
	return out, err
}

// ask makes a row want an action, whatever it wanted before.
func (s *Source) ask(product string, a events.Action, offer Offer) (Row, error) {
	r, err := s.rows.read(product)
	switch {
	case errors.Is(err, errNoRow) && a == events.ActionNone && !offer.known():
		return r, fmt.Errorf("%w: %s is neither in the depot nor was it ever requested", ErrUnknownProduct, product)
	case errors.Is(err, errNoRow):
		r = newRow(product)
	case err != nil:
		return r, fmt.Errorf("cannot request %s of %s: %w", a, product, err)
	}
	r.ActionRequest = a
	r.ActionProgress = ""
	if a != events.ActionNone {
		r.ActionResult = events.ResultNone
	}
	if offer.known() {
		r.Offer = offer
	}
	r.Modified = s.parts.Now().UTC()
	if err := s.rows.write(r); err != nil {
		return r, fmt.Errorf("cannot request %s of %s: %w", a, product, err)
	}
	return r, nil
}

// want makes a row want an action that a dependency asks for, unless it wants
// one that counts as much or more.
func (s *Source) want(product string, a events.Action, offer Offer) (row Row, changed bool, err error) {
	row, err = s.rows.read(product)
	if err == nil && weight(row.ActionRequest) >= weight(a) {
		return row, false, nil
	}
	row, err = s.ask(product, a, offer)
	return row, err == nil, err
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
	action events.Action
	offer  Offer
	by     string
}

// walk follows dependencies. It changes nothing.
type walk struct {
	source *Source
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
		if d.Action != at.action || d.Product == at.product {
			continue
		}
		next := step{d.Product, asked(d)}
		if next.action == events.ActionNone {
			continue
		}
		offer, reason, err := w.offer(next)
		if err != nil {
			return err
		}
		if reason != "" {
			w.notes = append(w.notes, fmt.Sprintf("%s requires %s of %s, which is left out: %s", at.product, next.action, next.product, reason))
			continue
		}
		needed, err := w.source.needed(d)
		if err != nil {
			return err
		}
		if !w.met[next] {
			w.met[next] = true
			if err := w.from(ctx, next); err != nil {
				return err
			}
		}
		if now, already := w.wants[d.Product]; needed && (!already || weight(next.action) > weight(now.action)) {
			if !already {
				w.found = append(w.found, d.Product)
			}
			w.wants[d.Product] = want{next.action, offer, at.product}
		}
	}
	return nil
}

// offer is what the depot offers for a step; reason says why it can't be done.
func (w *walk) offer(x step) (o Offer, reason string, err error) {
	o, err = w.source.offerFor(x.product, x.action)
	if errors.Is(err, ErrUnknownProduct) || errors.Is(err, ErrNoCommand) {
		return o, err.Error(), nil
	}
	return o, "", err
}

// asked is the action that a dependency asks for, none if it asks for nothing.
func asked(d metadata.Dependency) events.Action {
	switch {
	case d.RequiredAction != "":
		return d.RequiredAction
	case d.RequiredStatus == events.StatusInstalled:
		return events.ActionSetup
	case d.RequiredStatus == events.StatusNotInstalled:
		return events.ActionUninstall
	}
	return events.ActionNone
}

// needed reports whether a dependency is not fulfilled already.
func (s *Source) needed(d metadata.Dependency) (bool, error) {
	if d.RequiredAction != "" {
		return true, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.rows.read(d.Product)
	if errors.Is(err, errNoRow) {
		return d.RequiredStatus != events.StatusNotInstalled, nil
	}
	if err != nil {
		return false, fmt.Errorf("cannot look whether %s is %s: %w", d.Product, d.RequiredStatus, err)
	}
	return r.InstallationStatus != d.RequiredStatus, nil
}
