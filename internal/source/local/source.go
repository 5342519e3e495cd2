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
	"github.com/quietsetup/quietsetup/internal/order"
	"github.com/quietsetup/quietsetup/internal/source/packages"
)

// ErrDepotUnreachable is metadata's: the depot could not be looked at, so
// nothing is known. It is waited for.
var ErrDepotUnreachable = metadata.ErrDepotUnreachable

// What is wrong with a request.
var (
	ErrUnknownProduct = errors.New("unknown product")
	ErrNoCommand      = errors.New("the package has no command for the action")
	ErrUnknownAction  = errors.New("unknown action")
	ErrRow            = errors.New("what is known of the product cannot be read")
)

// productType is what every product here is.
const productType = "LocalbootProduct"

// maxProgress is opsi's limit of actionProgress in characters.
const maxProgress = 250

// Depot is where packages are read; metadata.Reader is one.
type Depot interface {
	// Reachable returns nil or an error that wraps ErrDepotUnreachable.
	Reachable() error
	packages.Depot
}

// Parts are what a source works with.
type Parts struct {
	Depot Depot
	// Policy makes the effective policy of a package, with a line for each value
	// that does not count.
	Policy func(metadata.Package) (events.Policy, []string)
	// Algorithm orders what is wanted; 0 = dependency before priority.
	Algorithm order.Algorithm
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
	plan  *plan // as last made; nil = not yet
}

// Open opens the rows below stateDir, which must exist, and makes their folder.
// The depot need not be reachable.
func Open(stateDir string, parts Parts) (*Source, error) {
	if parts.Algorithm == 0 {
		parts.Algorithm = order.DependencyFirst
	}
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
	return s.readRows()
}

func (s *Source) readRows() ([]Row, error) {
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

// Wanted is what the source wants.
type Wanted struct {
	Requests []events.Request // by product
	Order    *events.Order    // of everything that is wanted; nil = nothing is
}

// Requests gives every row with what the depot offers for it, and the order of
// what is wanted. A product whose package is missing or broken keeps what was
// known of it. A row that cannot be read is told to Warn and left out: unknown,
// not withdrawn.
func (s *Source) Requests(ctx context.Context) (Wanted, error) {
	if err := s.parts.Depot.Reachable(); err != nil {
		return Wanted{}, err
	}
	rows, err := s.Rows()
	if err != nil && rows == nil {
		return Wanted{}, err
	}
	if err != nil {
		s.parts.Warn("", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	var out Wanted
	for _, r := range rows {
		if err := ctx.Err(); err != nil {
			return Wanted{}, err
		}
		pkg, problem, err := s.parts.Depot.Load(r.ProductID)
		if errors.Is(err, ErrDepotUnreachable) {
			return Wanted{}, err
		}
		// Another error is of this package alone. Preparing meets it again and
		// says it where somebody looks. A broken package may be read in part only.
		// Either way the row keeps what was known.
		if err == nil && problem == nil {
			offer, err := s.offered(pkg, r.ActionRequest)
			if err != nil {
				return Wanted{}, err
			}
			if r, err = s.noteOffer(r, offer); err != nil {
				return Wanted{}, err
			}
		}
		out.Requests = append(out.Requests, r.request())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out.Order, err = s.reorder()
	return out, err
}

// place tells what is wrong with the place of a product in the order. After a
// start the order may not have been made yet.
func (s *Source) place(id string) (*events.Problem, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.plan == nil {
		if _, err := s.reorder(); err != nil {
			return nil, err
		}
	}
	return s.plan.problem(id), nil
}

// reorder makes the order of what all rows want, and tells what is wrong with it
// once. The caller holds mu.
func (s *Source) reorder() (*events.Order, error) {
	rows, err := s.readRows()
	if err != nil && rows == nil {
		return nil, err // else it was told, or will be by the next look
	}
	p, err := planOf(s.parts.Algorithm, rows)
	if err != nil {
		return nil, err
	}
	for _, line := range p.warnings {
		if s.plan == nil || !slices.Contains(s.plan.warnings, line) { // said once
			s.parts.Warn("", line)
		}
	}
	s.plan = &p
	if len(p.order.Sequence) == 0 {
		return nil, nil
	}
	return &p.order, nil
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

// offerFor looks whether an action can be requested. A broken package is no
// obstacle: it may be mended. A withdrawal needs no package at all.
func (s *Source) offerFor(product string, a events.Action) (Offer, error) {
	pkg, problem, err := s.parts.Depot.Load(product)
	if a == events.ActionNone {
		if err != nil || problem != nil && problem.Code == metadata.CodeMissing {
			return Offer{}, nil
		}
		return s.offered(pkg, a)
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
	return s.offered(pkg, a)
}

// offered is what a package offers for an action. A dependency on a version that
// the depot does not have is left out, as opsi does: nobody could fulfil it.
func (s *Source) offered(p metadata.Package, a events.Action) (Offer, error) {
	o := Offer{ProductVersion: p.ProductVersion, PackageVersion: p.PackageVersion, Priority: p.Priority}
	for _, d := range p.Dependencies {
		if d.Action != a || d.Unordered || d.Product == p.Product {
			continue
		}
		if d.ProductVersion != "" || d.PackageVersion != "" {
			there, _, err := s.parts.Depot.Load(d.Product)
			if errors.Is(err, ErrDepotUnreachable) {
				return o, err
			}
			if err != nil || !d.Fits(there.ProductVersion, there.PackageVersion) {
				continue
			}
		}
		n := Need{Product: d.Product, Status: about(d.Asks()), After: d.After}
		if d.After {
			n.Status = about(a) // of this product, for the one that comes after it
		}
		if !slices.Contains(o.Needs, n) {
			o.Needs = append(o.Needs, n)
		}
	}
	return o, nil
}

// Prepare reads the package and the policy for a round.
func (s *Source) Prepare(ctx context.Context, req events.Request) (events.Policy, events.Package, *events.Problem, error) {
	return packages.Reader{Depot: s.parts.Depot, Policy: s.parts.Policy, CheckCommand: s.parts.CheckCommand, Place: s.place, Warn: s.parts.Warn}.Prepare(ctx, req)
}

// bumped reports whether the depot offers another version than a run that has ended
// was about. A package that cannot be read offers nothing.
func (s *Source) bumped(r events.Report, req events.Request) bool {
	a := req.Row.ActionRequest
	if a != events.ActionSetup && a != events.ActionUpdate || r.ActionRequest == a || req.Target() == "" {
		return false
	}
	pkg, problem, err := s.parts.Depot.Load(r.ProductID)
	if err != nil || problem != nil || pkg.ProductVersion == "" {
		return false
	}
	return events.JoinVersion(pkg.ProductVersion, pkg.PackageVersion) != req.Target()
}

// Report makes the row show r, the outcome of a run of req. The row is read
// before the write: a request that is no longer the run's own stays as it is, and so
// does one for which the depot has another version by now.
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
	bumped := s.bumped(r, req)
	s.mu.Lock()
	defer s.mu.Unlock()
	row, err := s.rows.read(r.ProductID)
	if errors.Is(err, errNoRow) {
		row, err = newRow(r.ProductID), nil
		row.ActionRequest = req.Row.ActionRequest
		row.Offer = Offer{ProductVersion: req.ProductVersion, PackageVersion: req.PackageVersion, Priority: req.Priority}
		for _, id := range req.Requires {
			row.Offer.Needs = append(row.Offer.Needs, Need{Product: id})
		}
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
	if row.ActionRequest != req.Row.ActionRequest || bumped {
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
