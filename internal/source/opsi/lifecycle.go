// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"strings"

	"github.com/quietsetup/quietsetup/events"
)

// Style is how much the progress of a row tells.
type Style string

// The styles. Plain uses opsi's own words alone; reason adds why in brackets and
// what a failure was.
const (
	StylePlain  Style = "plain"
	StyleReason Style = "reason"
)

// maxProgress is opsi's limit of actionProgress in characters.
const maxProgress = 250

// deferred is opsi's keyword for a product that waits.
const deferred = "Deferred"

// Shown is what the server shows just before a report is written.
type Shown struct {
	Row *Row // nil = the server has no row for the product
	// Offer is the version the depot offers now, "1.2-3"; "" = not known.
	Offer string
	// Stored says that this very report was sent before and no answer came, and
	// that the row holds what it said. Then a request in the row is a new one.
	Stored bool
	// Scripted says that opsi-script was started for the run. It writes the row itself.
	Scripted bool
}

// Change is what a report of a run of req does to the row; false = nothing has to
// be written. It is the life cycle of a product's state:
//
//   - While a product waits, or is being worked on, only progress and result are
//     written. A wait is not written into a row that wants something else by now.
//   - A success writes status, version, result and last action as opsi does.
//   - A failure writes result, last action and what a detection found. Status and
//     version that nothing touched stay: that is the truth.
//   - The request is taken back only if the row still shows this run's request
//     and the version the run began with, and, for what leads to a version, the
//     depot still offers that one. Otherwise somebody wants something new.
//   - A row that is not there is made anew with all of the report of an end. Of a
//     product that waits nothing is written: it would bring the request back.
//   - What opsi-script left at the end of a run that it carried out stays.
func Change(clientID string, shown Shown, r events.Report, req events.Request, style Style) (Update, bool) {
	if shown.left(r, req) {
		return Update{}, false
	}
	u := Update{Type: rowType, ProductID: r.ProductID, ProductType: localboot, ClientID: clientID}
	result := r.ActionResult
	if result == "" {
		result = events.ResultNone
	}
	progress := progressText(r, style)
	u.ActionProgress, u.ActionResult = &progress, &result
	if shown.Row == nil {
		if result == events.ResultNone {
			return Update{}, false // somebody took row and request away
		}
		last := r.LastAction
		if last == "" {
			last = events.ActionNone
		}
		u.InstallationStatus, u.ActionRequest, u.LastAction = &r.InstallationStatus, &r.ActionRequest, &last
		u.version(r)
		return u, true
	}
	row := shown.Row.state()
	switch {
	case result != events.ResultNone && !unchanged(r, req.Row):
		u.ended(shown, r, req)
	case row.ActionRequest != req.Row.ActionRequest && waits(r):
		return Update{}, false
	}
	return u, u.Apply(row) != row
}

// ended adds what only a run that has an outcome writes.
func (u *Update) ended(shown Shown, r events.Report, req events.Request) {
	u.LastAction = &r.LastAction
	changesVersion := r.LastAction != events.ActionCustom
	switch {
	case r.ActionResult == events.ResultSuccessful && changesVersion:
		u.InstallationStatus = &r.InstallationStatus
		u.version(r)
	case r.InstallationStatus != req.Row.InstallationStatus:
		u.InstallationStatus = &r.InstallationStatus
	}
	if stands(shown, r, req) {
		u.ActionRequest = &r.ActionRequest
	}
}

// version writes a version that is known; the server has no word for none.
func (u *Update) version(r events.Report) {
	if r.ProductVersion != "" && r.PackageVersion != "" {
		u.ProductVersion, u.PackageVersion = &r.ProductVersion, &r.PackageVersion
	}
}

// stands reports whether the row still shows the request that the run is about.
func stands(shown Shown, r events.Report, req events.Request) bool {
	row := shown.Row.state()
	if shown.Stored || row.ActionRequest != req.Row.ActionRequest || row.Version() != req.Row.Version() {
		return false
	}
	switch req.Row.ActionRequest {
	case events.ActionSetup, events.ActionUpdate:
		return shown.Offer == "" || req.Target() == "" || shown.Offer == req.Target()
	}
	return true
}

// stored reports whether the row holds all that a report says, but for the request.
// Who requests a product anew takes progress and result back at once; then the rest
// tells, if somebody wrote the row since it was modified last before the report was
// sent.
func stored(clientID string, shown Shown, r events.Report, req events.Request, style Style, modified string) bool {
	if shown.Row == nil {
		return false
	}
	shown.Stored = true
	u, more := Change(clientID, shown, r, req, style)
	if !more {
		return true
	}
	row := shown.Row.state()
	said := u.Apply(row)
	said.ActionProgress, said.ActionResult = row.ActionProgress, row.ActionResult
	return modified != "" && modified != shown.Row.ModificationTime && said == row
}

// unchanged reports whether a report says of a row what it said before, with what an
// earlier run left in it.
func unchanged(r, row events.Report) bool {
	r.ActionProgress, row.ActionProgress = "", ""
	return r == row
}

// waits reports whether a report is about a product that waits.
func waits(r events.Report) bool {
	return r.ActionResult != events.ResultSuccessful && r.ActionResult != events.ResultFailed &&
		(r.ActionProgress == "" || strings.HasPrefix(r.ActionProgress, deferred))
}

// progressText is the progress in a style, as the server can keep it.
func progressText(r events.Report, style Style) string {
	text := r.ActionProgress
	if style == StylePlain {
		switch {
		case r.ActionResult == events.ResultFailed:
			text = ""
		case strings.HasPrefix(text, deferred):
			text = deferred
		}
	}
	text = oneLine(text)
	if rs := []rune(text); len(rs) > maxProgress {
		text = string(rs[:maxProgress])
	}
	return text
}
