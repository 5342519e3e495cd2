// SPDX-License-Identifier: Apache-2.0

package local

import (
	"fmt"
	"slices"
	"time"

	"github.com/quietsetup/quietsetup/events"
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
	Needs          []Need `json:"needs,omitempty"` // of the row's action
}

// Need is another product that the row's action is ordered with.
type Need struct {
	Product string `json:"product"`
	// Status is what Product must be before the action, or after it; "" = whatever
	// was asked of it must have succeeded.
	Status string `json:"status,omitempty"`
	After  bool   `json:"after,omitempty"` // Product comes after the action, not before
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
		Requires:       r.Offer.requires(),
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

// requires lists what must be done before the action.
func (o Offer) requires() []string {
	var out []string
	for _, n := range o.Needs {
		if !n.After && !slices.Contains(out, n.Product) {
			out = append(out, n.Product)
		}
	}
	return out
}

// about is the status that an action leads to, "" if it is about none.
func about(a events.Action) string {
	switch a {
	case events.ActionSetup, events.ActionUpdate, events.ActionAlways:
		return events.StatusInstalled
	case events.ActionUninstall, events.ActionOnce:
		return events.StatusNotInstalled
	}
	return ""
}

// known reports whether the offer tells what would be installed.
func (o Offer) known() bool { return o.ProductVersion != "" }

func (o Offer) equal(p Offer) bool {
	return o.ProductVersion == p.ProductVersion && o.PackageVersion == p.PackageVersion &&
		o.Priority == p.Priority && slices.Equal(o.Needs, p.Needs)
}
