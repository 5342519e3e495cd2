// SPDX-License-Identifier: Apache-2.0

package local

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/metadata/productid"
)

// ErrDepotUnreachable is metadata's: the depot could not be looked at, so
// nothing is known. It is waited for.
var ErrDepotUnreachable = metadata.ErrDepotUnreachable

// What is wrong with a request.
var (
	ErrUnknownProduct = errors.New("unknown product")
	ErrNoCommand      = errors.New("the package has no command for the action")
	ErrUnknownAction  = errors.New("unknown action")
)

// productType is what every product here is.
const productType = "LocalbootProduct"

// maxProgress is opsi's limit of actionProgress in characters.
const maxProgress = 250

// Depot is where packages are read; metadata.Reader is one.
type Depot interface {
	// Reachable returns nil or an error that wraps ErrDepotUnreachable.
	Reachable() error
	// Load reads a package. A Problem is the package's fault, an error is not.
	Load(id string) (metadata.Package, *events.Problem, error)
}

// Parts are what a source works with.
type Parts struct {
	Depot Depot
	// Policy makes the effective policy of a package, with a line for each value
	// that does not count.
	Policy func(metadata.Package) (events.Policy, []string)
	// CheckCommand finds a command as the installer will find it. Without it no
	// command is good.
	CheckCommand metadata.CheckCommand
	// Warn is told what is wrong and stops nothing, one line; nil = nobody.
	Warn func(product, line string)
	// Now is the clock of modificationTime; nil = time.Now.
	Now func() time.Time
}

// Source is a source of requests on this machine. It is safe for use by many.
type Source struct {
	parts Parts
	mu    sync.Mutex // one change of a row at a time: each reads before it writes
	rows  rowFolder
}

// Open opens the rows below stateDir, which must exist, and makes their folder.
// The depot need not be reachable.
func Open(stateDir string, parts Parts) (*Source, error) {
	if parts.Now == nil {
		parts.Now = time.Now
	}
	if parts.Warn == nil {
		parts.Warn = func(string, string) {}
	}
	rows, err := openRows(stateDir)
	if err != nil {
		return nil, err
	}
	return &Source{parts: parts, rows: rows}, nil
}

// Close ends the use of the source.
func (s *Source) Close() error { return s.rows.close() }

// Rows lists every row, by product. Rows that cannot be read are left out and
// named by the error; the others are good all the same.
func (s *Source) Rows() ([]Row, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids, err := s.rows.products()
	if err != nil {
		return nil, err
	}
	var rows []Row
	var errs []error
	for _, id := range ids {
		r, err := s.rows.read(id)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		rows = append(rows, r)
	}
	return rows, errors.Join(errs...)
}

// Requests gives every row with what the depot offers for it, by product. A
// product whose package is missing or broken keeps what was known of it. A row
// that cannot be read is told to Warn and left out: unknown, not withdrawn.
func (s *Source) Requests(ctx context.Context) ([]events.Request, error) {
	if err := s.parts.Depot.Reachable(); err != nil {
		return nil, err
	}
	rows, err := s.Rows()
	if err != nil && rows == nil {
		return nil, err
	}
	if err != nil {
		s.parts.Warn("", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	var out []events.Request
	for _, r := range rows {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		pkg, problem, err := s.parts.Depot.Load(r.ProductID)
		if errors.Is(err, ErrDepotUnreachable) {
			return nil, err
		}
		// Another error is of this package alone. Preparing meets it again and
		// says it where somebody looks. A broken package may be read in part only.
		// Either way the row keeps what was known.
		if err == nil && problem == nil {
			if r, err = s.noteOffer(r, offered(pkg, r.ActionRequest)); err != nil {
				return nil, err
			}
		}
		out = append(out, r.request())
	}
	return out, nil
}

// noteOffer keeps what the depot offers, for the day the package is gone.
func (s *Source) noteOffer(r Row, o Offer) (Row, error) {
	if !o.known() || o.equal(r.Offer) {
		return r, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now, err := s.rows.read(r.ProductID) // the row may have changed since it was listed
	if err != nil {
		return r, err
	}
	now.Offer = o
	return now, s.rows.write(now)
}

// SetRequest asks for an action, or withdraws with none, and returns what the
// source shows from now on. Errors: ErrUnknownProduct, ErrNoCommand,
// ErrUnknownAction, ErrDepotUnreachable (not for none).
func (s *Source) SetRequest(ctx context.Context, product string, a events.Action) (events.Request, error) {
	if err := ctx.Err(); err != nil {
		return events.Request{}, err
	}
	if a != events.ActionNone && !slices.Contains(events.Actions(), a) {
		return events.Request{}, fmt.Errorf("cannot request %q of %q: %w", a, product, ErrUnknownAction)
	}
	if err := productid.Check(product); err != nil {
		return events.Request{}, fmt.Errorf("%w: %w", ErrUnknownProduct, err)
	}
	offer, err := s.offerFor(product, a)
	if err != nil {
		return events.Request{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.rows.read(product)
	switch {
	case errors.Is(err, errNoRow) && a == events.ActionNone && !offer.known():
		return events.Request{}, fmt.Errorf("%w: %s is neither in the depot nor was it ever requested", ErrUnknownProduct, product)
	case errors.Is(err, errNoRow):
		r = newRow(product)
	case err != nil:
		return events.Request{}, fmt.Errorf("cannot request %s of %s: %w", a, product, err)
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
		return events.Request{}, fmt.Errorf("cannot request %s of %s: %w", a, product, err)
	}
	return r.request(), nil
}

// offerFor looks whether an action can be requested. A broken package is no
// obstacle: it may be mended. A withdrawal needs no package at all.
func (s *Source) offerFor(product string, a events.Action) (Offer, error) {
	pkg, problem, err := s.parts.Depot.Load(product)
	if a == events.ActionNone {
		if err != nil || problem != nil && problem.Code == metadata.CodeMissing {
			return Offer{}, nil
		}
		return offered(pkg, a), nil
	}
	if err != nil {
		return Offer{}, fmt.Errorf("cannot request %s of %s: %w", a, product, err)
	}
	if problem != nil && problem.Code == metadata.CodeMissing {
		return Offer{}, fmt.Errorf("%w: %s", ErrUnknownProduct, problem.Message)
	}
	if problem == nil {
		if p := pkg.CheckAction(a); p != nil {
			return Offer{}, fmt.Errorf("%w: %s", ErrNoCommand, p.Message)
		}
	}
	return offered(pkg, a), nil
}

// Prepare reads the package and the policy for a round, and looks whether the
// command could be started, before anybody is asked. A Problem is the package's
// fault. An error means that it could not be looked at, which is
// nobody's: it is tried again.
func (s *Source) Prepare(ctx context.Context, req events.Request) (events.Policy, events.Package, *events.Problem, error) {
	if err := ctx.Err(); err != nil {
		return events.Policy{}, events.Package{}, nil, err
	}
	id := req.Row.ProductID
	pkg, problem, err := s.parts.Depot.Load(id)
	if err != nil {
		return events.Policy{}, events.Package{}, nil, fmt.Errorf("cannot prepare %q: %w", id, err)
	}
	effective, ignored := s.parts.Policy(pkg)
	for _, line := range slices.Concat(pkg.Warnings, ignored) {
		s.parts.Warn(id, line)
	}
	if problem == nil {
		problem = pkg.CheckStart(req.Row.ActionRequest, s.parts.CheckCommand)
	}
	return effective, pkg.Package, problem, nil
}

// Report makes the row show r, the outcome of a run of req. The row is read
// before the write: a request that is no longer the run's own stays as it is.
func (s *Source) Report(ctx context.Context, r events.Report, req events.Request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.ProductID != req.Row.ProductID {
		return fmt.Errorf("cannot report %q under the request of %q", r.ProductID, req.Row.ProductID)
	}
	if err := productid.Check(r.ProductID); err != nil {
		return fmt.Errorf("cannot report: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	row, err := s.rows.read(r.ProductID)
	if errors.Is(err, errNoRow) {
		row, err = newRow(r.ProductID), nil
		row.ActionRequest = req.Row.ActionRequest
		row.Offer = Offer{req.ProductVersion, req.PackageVersion, req.Priority, req.Requires}
	}
	if err != nil {
		return fmt.Errorf("cannot report %s: %w", r.ProductID, err)
	}
	wanted := row
	wanted.Report = r
	wanted.ProductType = productType
	if runes := []rune(r.ActionProgress); len(runes) > maxProgress {
		wanted.ActionProgress = string(runes[:maxProgress])
	}
	if row.ActionRequest != req.Row.ActionRequest {
		wanted.ActionRequest = row.ActionRequest
	}
	if err := wanted.valid(); err != nil {
		return fmt.Errorf("cannot report %s: %w", r.ProductID, err)
	}
	wanted.Modified = s.parts.Now().UTC()
	if err := s.rows.write(wanted); err != nil {
		return fmt.Errorf("cannot report %s: %w", r.ProductID, err)
	}
	return nil
}
