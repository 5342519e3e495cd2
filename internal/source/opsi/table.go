// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"fmt"
	"io"
	"strings"

	"github.com/quietsetup/quietsetup/events"
)

// Ending is how far a run has come when it is reported.
type Ending string

// The endings that differ in what is written.
const (
	EndingWaits     Ending = "waits"              // for a person, a dependency, a moment
	EndingRuns      Ending = "installer runs"     // or has just been started
	EndingOK        Ending = "success"            //
	EndingUntouched Ending = "failure, untouched" // no installer ran
	EndingFound     Ending = "failure, detected"  // one ran, and what is there was found out
	EndingUnclear   Ending = "failure, unclear"   // one ran, and nobody knows what is there
)

// Endings lists all of them.
func Endings() []Ending {
	return []Ending{EndingWaits, EndingRuns, EndingOK, EndingUntouched, EndingFound, EndingUnclear}
}

// Example is a request that finds version 1.0-1 installed and leads to 2.0-1, and
// the core's report of its ending.
func Example(a events.Action, e Ending) (events.Request, events.Report) {
	req := events.Request{ProductVersion: "2.0", PackageVersion: "1", Row: events.Report{
		ProductID: "firefox", ProductType: localboot, InstallationStatus: events.StatusInstalled, ActionRequest: a, ActionProgress: "",
		ActionResult: events.ResultNone, LastAction: events.ActionNone, ProductVersion: "1.0", PackageVersion: "1"}}
	r := req.Row
	r.ActionRequest = events.ActionNone
	if a == events.ActionAlways {
		r.ActionRequest = a
	}
	switch e {
	case EndingWaits:
		r.ActionRequest, r.ActionProgress = a, "Deferred (user, 2 of 5)"
	case EndingRuns:
		r.ActionRequest, r.ActionProgress = a, "installing"
		if a == events.ActionUninstall {
			r.ActionProgress = "uninstalling"
		}
	case EndingOK:
		r.ActionResult, r.LastAction = events.ResultSuccessful, a
		if to := about(a); to != "" {
			r.InstallationStatus = to
		}
		if a != events.ActionCustom {
			r.ProductVersion, r.PackageVersion = req.ProductVersion, req.PackageVersion
		}
	default:
		r.ActionResult, r.LastAction, r.ActionProgress = events.ResultFailed, a, "the installer ended with 1"
		switch {
		case e == EndingUntouched:
			r.ActionProgress = "the limit of deferrals was reached"
		case a == events.ActionCustom:
		case e == EndingFound:
			r.InstallationStatus = events.StatusNotInstalled
		case e == EndingUnclear:
			r.InstallationStatus = events.StatusUnknown
		}
	}
	return req, r
}

// WriteTable writes what each ending of each action writes into a row that still
// shows the request, as a table in Markdown. It asks Change, so it cannot say
// anything else than what is done.
func WriteTable(w io.Writer) error {
	var b strings.Builder
	b.WriteString("| request | ending | actionResult | actionRequest | lastAction | installationStatus | version | actionProgress |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|\n")
	for _, a := range events.Actions() {
		for _, e := range Endings() {
			req, r := Example(a, e)
			u, _ := Change("", Shown{Row: &Row{Report: req.Row}, Offer: req.Target()}, r, req, StyleReason)
			ver := "–"
			if u.ProductVersion != nil && u.PackageVersion != nil {
				ver = events.JoinVersion(*u.ProductVersion, *u.PackageVersion)
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", a, e, cell(u.ActionResult), cell(u.ActionRequest), cell(u.LastAction), cell(u.InstallationStatus), ver, cell(u.ActionProgress))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// cell shows what is written; a dash is what is left alone.
func cell[T ~string](v *T) string {
	switch {
	case v == nil:
		return "–"
	case *v == "":
		return `""`
	}
	return string(*v)
}
