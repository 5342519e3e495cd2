// SPDX-License-Identifier: Apache-2.0

package local

import (
	"fmt"
	"slices"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/metadata/productid"
)

// Row is what the source shows for a product.
type Row struct {
	events.Report
	Modified time.Time `json:"modificationTime"` // UTC, of the last request or report
	Offer    Offer     `json:"offer"`
}

// Offer is what the depot last offered. It is kept in the row for the time when
// the package is gone.
type Offer struct {
	ProductVersion string `json:"productVersion,omitempty"`
	PackageVersion string `json:"packageVersion,omitempty"`
	Priority       int    `json:"priority,omitempty"`
	// Of the row's action: what must be done before it, and what must not be done
	// before it.
	Requires  []string `json:"requires,omitempty"`
	Followers []string `json:"followers,omitempty"`
}

// newRow is the row of a product never seen.
func newRow(id string) Row {
	return Row{Report: events.Report{
		ProductID:          id,
		ProductType:        productType,
		InstallationStatus: events.StatusNotInstalled,
		ActionRequest:      events.ActionNone,
		ActionResult:       events.ResultNone,
		LastAction:         events.ActionNone,
	}}
}

func (r Row) request() events.Request {
	return events.Request{
		Row:            r.Report,
		ProductVersion: r.Offer.ProductVersion,
		PackageVersion: r.Offer.PackageVersion,
		Priority:       r.Offer.Priority,
		Requires:       slices.Clone(r.Offer.Requires),
	}
}

// valid checks a row that comes from a file or a report.
func (r Row) valid() error {
	if err := productid.Check(r.ProductID); err != nil {
		return err
	}
	actions := append(events.Actions(), events.ActionNone, "")
	switch {
	case !slices.Contains([]string{events.StatusInstalled, events.StatusNotInstalled, events.StatusUnknown}, r.InstallationStatus):
		return fmt.Errorf("installationStatus: %q is no status", r.InstallationStatus)
	case !slices.Contains([]string{events.ResultNone, events.ResultSuccessful, events.ResultFailed, ""}, r.ActionResult):
		return fmt.Errorf("actionResult: %q is no result", r.ActionResult)
	case r.ActionRequest == "" || !slices.Contains(actions, r.ActionRequest):
		return fmt.Errorf("actionRequest: %q is no action", r.ActionRequest)
	case !slices.Contains(actions, r.LastAction):
		return fmt.Errorf("lastAction: %q is no action", r.LastAction)
	}
	return nil
}

// offered is what a package offers for an action.
func offered(p metadata.Package, a events.Action) Offer {
	return Offer{p.ProductVersion, p.PackageVersion, p.Priority, p.Requires(a), p.Followers(a)}
}

// known reports whether the offer tells what would be installed.
func (o Offer) known() bool { return o.ProductVersion != "" }

func (o Offer) equal(p Offer) bool {
	return o.ProductVersion == p.ProductVersion && o.PackageVersion == p.PackageVersion &&
		o.Priority == p.Priority && slices.Equal(o.Requires, p.Requires) && slices.Equal(o.Followers, p.Followers)
}
