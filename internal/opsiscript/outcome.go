// SPDX-License-Identifier: Apache-2.0

package opsiscript

import (
	"fmt"
	"strings"

	"github.com/quietsetup/quietsetup/events"
)

// Mark is the progress that a row shows from just before opsi-script is started
// until opsi-script writes something.
const Mark = "starting"

// Kind is what became of a run.
type Kind string

// The kinds.
const (
	Done        Kind = "done"
	Failed      Kind = "failed"
	Deferred    Kind = "deferred"    // the script put itself off, or stopped to go on later
	Interrupted Kind = "interrupted" // the script wants a restart now, and begins again after it
	LoggedOut   Kind = "logout"      // the script wants everybody to log off now, and begins again after that
	Untouched   Kind = "untouched"   // certain: the script never began
	Unknown     Kind = "unknown"     // it began, or may have, and nobody wrote how it ended
)

// Wish is what a script wants of the machine. A greater one includes the lesser.
type Wish int

// The wishes.
const (
	NoWish Wish = iota
	Logout
	Reboot
	Shutdown
)

// String is the wish as people read it in a log.
func (w Wish) String() string {
	return [...]string{"none", "logout", "reboot", "shutdown"}[max(NoWish, min(w, Shutdown))]
}

// End is how the process of a run ended.
type End struct {
	Exit   int    // -1 if there is none
	Signal string // what ended it from outside
	Error  string // it could not be started
	Lost   bool   // it is gone, and nobody saw how it ended
	Wish   Wish   // what it left for the agent
}

// Outcome is what became of a run.
type Outcome struct {
	Kind   Kind
	Wish   Wish
	Detail string // one line, for people
}

// Judge says what became of a run of an action. before is the row as it was before
// it was marked, after the row now; nil = there is none. The row decides. How the
// process ended is asked only about a run of which the row tells no end, and no
// exit code makes a success of it.
func Judge(a events.Action, before events.Report, after *events.Report, end End) Outcome {
	o := Outcome{Wish: end.Wish}
	switch {
	case end.Error != "":
		o.Kind, o.Detail = Untouched, "opsi-script could not be started: "+end.Error
	case after == nil:
		o.Kind, o.Detail = Unknown, "the product's row is gone from the server"
	case after.ActionResult == events.ResultSuccessful:
		o.Kind, o.Detail = Done, "opsi-script reported success"
	case after.ActionResult == events.ResultFailed:
		o.Kind, o.Detail = Failed, said("opsi-script reported a failure", after.ActionProgress)
	case puttingOff(after.ActionProgress):
		o.Kind, o.Detail = Deferred, said("the script put itself off", after.ActionProgress)
	case wanted(*after) == a:
		o.noEnd(a, *after, end)
	case wanted(*after) == events.ActionNone && after.ActionProgress == "" && after.LastAction == before.LastAction && same(before, *after):
		o.Kind, o.Detail = Untouched, "the request was taken back before opsi-script came to it"
	default:
		o.otherwise(a, *after)
	}
	return o
}

// noEnd: the request still stands, so no end was written.
func (o *Outcome) noEnd(a events.Action, after events.Report, end End) {
	begun := after.ActionProgress != Mark
	switch {
	case !begun && writesStart(a):
		o.Kind, o.Detail = Untouched, "opsi-script ended before it began with the product; "+end.text()
	case end.Wish == Logout && end.orderly():
		o.Kind, o.Detail = LoggedOut, "the script wants everybody to log off and begins again after that"
	case end.Wish > Logout && end.orderly():
		o.Kind, o.Detail = Interrupted, "the script wants a "+end.Wish.String()+" and begins again after it"
	default:
		o.Kind, o.Detail = Unknown, "opsi-script wrote no end; "+end.text()
	}
}

// otherwise: the script ended itself with a word of its own, or somebody asked for
// something else since, which wipes the result from the row.
func (o *Outcome) otherwise(a events.Action, after events.Report) {
	to := target(a)
	switch {
	case writesStart(a) && to != "" && after.InstallationStatus == to:
		// Its start had made it unknown.
		o.Kind, o.Detail = Done, said("the product's status is "+to, after.ActionProgress)
	default:
		o.Kind, o.Detail = Unknown, said("the row tells no result", after.ActionProgress)
	}
}

// orderly: a script that stops for a restart is no fatal one, so the exit code is 0.
func (e End) orderly() bool { return !e.Lost && e.Signal == "" && e.Exit == 0 }

func (e End) text() string {
	switch {
	case e.Lost:
		return "how its process ended is not known"
	case e.Signal != "":
		return "it was ended by " + e.Signal
	}
	return fmt.Sprintf("its exit code was %d", e.Exit)
}

// writesStart reports whether opsi-script writes the start of an action: the
// progress, and the status unknown.
func writesStart(a events.Action) bool {
	return a == events.ActionSetup || a == events.ActionUninstall || a == events.ActionAlways
}

// target is the status that an action leads to, "" = it tells nothing.
func target(a events.Action) string {
	switch a {
	case events.ActionSetup, events.ActionAlways:
		return events.StatusInstalled
	case events.ActionUninstall:
		return events.StatusNotInstalled
	}
	return ""
}

// puttingOff knows the progress of a script that will go on later, with the
// spelling of an older opsi-script.
func puttingOff(progress string) bool {
	p := strings.ToLower(progress)
	return strings.HasPrefix(p, "deferred") || strings.HasPrefix(p, "defered due to") || p == "suspended"
}

// wanted is the request of a row; the server has more than one word for none.
func wanted(r events.Report) events.Action {
	if r.ActionRequest == "" || r.ActionRequest == "undefined" {
		return events.ActionNone
	}
	return r.ActionRequest
}

func same(a, b events.Report) bool {
	return a.InstallationStatus == b.InstallationStatus && a.Version() == b.Version()
}

func said(what, progress string) string {
	if progress == "" {
		return what
	}
	return what + ": " + progress
}
