// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"fmt"
	"slices"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/metadata/productid"
)

// What every product here is, and what the server calls a row.
const (
	localboot  = "LocalbootProduct"
	rowType    = "ProductOnClient"
	maxVersion = 32
)

// Row is a productOnClient as the server shows it. What has no value there is "".
type Row struct {
	ClientID            string `json:"clientId"`
	TargetConfiguration string `json:"targetConfiguration"` // never written by us
	ModificationTime    string `json:"modificationTime"`    // the server's
	ActionSequence      *int   `json:"actionSequence"`      // computed by the server, -1 = nothing to do
	events.Report
}

// state is the row with a word in place of each value that is not there, and no
// text in it that does harm where it is shown.
func (r Row) state() events.Report {
	s := r.Report
	s.ActionProgress = oneLine(s.ActionProgress)
	if s.InstallationStatus == "" {
		s.InstallationStatus = events.StatusNotInstalled
	}
	if s.ActionRequest == "" || s.ActionRequest == "undefined" {
		s.ActionRequest = events.ActionNone
	}
	if s.ActionResult == "" {
		s.ActionResult = events.ResultNone
	}
	if s.LastAction == "" || s.LastAction == "undefined" {
		s.LastAction = events.ActionNone
	}
	return s
}

// valid checks a row from the server or a report for it. What the core or a file
// name is made of is looked at; other texts are only shown.
func valid(r events.Report) error {
	if err := productid.Check(r.ProductID); err != nil {
		return err
	}
	actions := append(events.Actions(), events.ActionNone)
	switch {
	case !slices.Contains([]string{events.StatusInstalled, events.StatusNotInstalled, events.StatusUnknown}, r.InstallationStatus):
		return fmt.Errorf("installationStatus: %q is no status", line(r.InstallationStatus))
	case !slices.Contains([]string{events.ResultNone, events.ResultSuccessful, events.ResultFailed}, r.ActionResult):
		return fmt.Errorf("actionResult: %q is no result", line(r.ActionResult))
	case !slices.Contains(actions, r.ActionRequest):
		return fmt.Errorf("actionRequest: %q is no action", line(string(r.ActionRequest)))
	case !slices.Contains(actions, r.LastAction):
		return fmt.Errorf("lastAction: %q is no action", line(string(r.LastAction)))
	case len(r.ProductVersion) > maxVersion || len(r.PackageVersion) > maxVersion || line(r.ProductVersion) != r.ProductVersion || line(r.PackageVersion) != r.PackageVersion:
		return fmt.Errorf("productVersion: %q is no version", line(r.Version()))
	}
	return nil
}

// Update is what is written into a row. What is nil is left alone by the server.
type Update struct {
	Type      string `json:"type"`
	ProductID string `json:"productId"`
	// ProductType is part of the row's key: with another one nothing is written,
	// and nothing said.
	ProductType        string         `json:"productType"`
	ClientID           string         `json:"clientId"`
	InstallationStatus *string        `json:"installationStatus,omitempty"`
	ActionRequest      *events.Action `json:"actionRequest,omitempty"`
	ActionProgress     *string        `json:"actionProgress,omitempty"` // "" is written, too
	ActionResult       *string        `json:"actionResult,omitempty"`
	LastAction         *events.Action `json:"lastAction,omitempty"`
	ProductVersion     *string        `json:"productVersion,omitempty"`
	PackageVersion     *string        `json:"packageVersion,omitempty"`
}

// Apply is the row as the server shows it after the update.
func (u Update) Apply(r events.Report) events.Report {
	r.ProductID, r.ProductType = u.ProductID, u.ProductType
	set(&r.InstallationStatus, u.InstallationStatus)
	set(&r.ActionRequest, u.ActionRequest)
	set(&r.ActionProgress, u.ActionProgress)
	set(&r.ActionResult, u.ActionResult)
	set(&r.LastAction, u.LastAction)
	set(&r.ProductVersion, u.ProductVersion)
	set(&r.PackageVersion, u.PackageVersion)
	return r
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}
