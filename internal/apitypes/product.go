// SPDX-License-Identifier: Apache-2.0

package apitypes

import (
	"slices"
	"time"
)

// Products is the answer to GET /v1/products.
type Products struct {
	Schema   string    `json:"schema"` // products/v1
	At       time.Time `json:"at"`     // when the view was taken
	Seq      uint64    `json:"seq"`    // last record folded into it
	Products []Product `json:"products"`
}

// ProductDoc is the answer to GET /v1/products/{id}: one product, flat.
type ProductDoc struct {
	Schema string    `json:"schema"` // product/v1
	At     time.Time `json:"at"`
	Seq    uint64    `json:"seq"`
	Product
}

// Product is where a product's current or last run stands.
type Product struct {
	ID    string `json:"id"`
	Name  string `json:"name,omitempty"` // what people call it; "" = not known yet
	Phase string `json:"phase"`          // pending, checking, prompting, deferred, killing, installing, reported
	Run   int    `json:"run"`            // 1, 2, … per product; 0 = never requested
	// Action and Version are what is wanted; Version is "1.2-3".
	Action    string `json:"action"`
	Version   string `json:"version,omitempty"`
	Installed string `json:"installed_version,omitempty"` // "" = not installed or not known
	Status    string `json:"status"`                      // installed, not_installed, unknown

	Since      *time.Time `json:"since,omitempty"` // when the run was accepted
	Round      int        `json:"round"`           // 1, 2, … per run
	Waits      *Waits     `json:"waits,omitempty"` // nil = it does not wait
	Defers     Count      `json:"defers"`          // counted ones in a row
	Unanswered Count      `json:"unanswered"`      // windows nobody saw, not counted as defers
	Rechecks   Count      `json:"rechecks"`        // of this round
	Window     *Window    `json:"window,omitempty"`
	Attempt    *Attempt   `json:"attempt,omitempty"`  // the last attempt of the run
	Outcome    *Outcome   `json:"outcome,omitempty"`  // nil = the run is open
	Held       *Hold      `json:"held,omitempty"`     // this product alone is on hold
	Next       *Next      `json:"next,omitempty"`     // another request waits for the installer to end
	Priority   int        `json:"priority"`           // 100 (first) to -100, of the depot
	Requires   []string   `json:"requires,omitempty"` // what must be done before it
	Script     bool       `json:"script,omitempty"`   // opsi-script does it, and needs the depot mounted

	Overdue    bool   `json:"overdue"`
	OverdueWhy string `json:"overdue_why,omitempty"` // for people, English

	Report ReportState   `json:"report"`
	Policy []PolicyValue `json:"policy,omitempty"` // of the current round; in one-product answers only
	// Failing is outstanding work that ended with an error and is tried again;
	// in one-product answers of a running daemon only.
	Failing []Failing `json:"failing,omitempty"`
}

// Failing is work that fails. It is not in the log.
type Failing struct {
	Work    string    `json:"work"` // prepare, run_checks, ask_users, run_installer, send_report, …
	Session string    `json:"session,omitempty"`
	Error   string    `json:"error,omitempty"` // of the last try, for people; private
	Tries   int       `json:"tries"`           // in a row
	Again   time.Time `json:"again"`           // when the next try begins, or began
}

// Redacted returns a copy without private parts: an error may name any path.
func (p ProductDoc) Redacted() ProductDoc {
	p.Failing = slices.Clone(p.Failing)
	for i := range p.Failing {
		p.Failing[i].Error = ""
	}
	return p
}

// Waits says what a product waits for.
type Waits struct {
	Reason string     `json:"reason"`           // a word of the core: user, held, dependency, …
	Detail string     `json:"detail,omitempty"` // the product waited for, the defect
	Since  *time.Time `json:"since,omitempty"`
	Until  *time.Time `json:"until,omitempty"` // nil = until something changes
}

// Window is the open question to the people at the machine.
type Window struct {
	ID       string    `json:"id"` // "<product>#<run>.<n>"
	Opened   time.Time `json:"opened"`
	Deadline time.Time `json:"deadline"` // nothing but an answer ends it earlier
	Choices  []string  `json:"choices"`
	Default  string    `json:"default"`
	Final    bool      `json:"final"`
	Asks     []Asked   `json:"asks"`
}

// Asked is one session's part of a window.
type Asked struct {
	Session  string `json:"session"`
	Owner    string `json:"owner"` // "uid:1000"
	Shown    bool   `json:"shown"`
	Lost     string `json:"lost,omitempty"`   // why it could not be shown
	Answer   string `json:"answer,omitempty"` // "" = none yet
	Programs int    `json:"programs"`         // how many it is shown
}

// Attempt is one run of an installer.
type Attempt struct {
	N          int        `json:"n"` // 1, 2, … per run
	Max        int        `json:"max"`
	Token      string     `json:"token"`
	State      string     `json:"state"` // cleared, running, stalled, lost, ended
	PID        int        `json:"pid,omitempty"`
	Supervisor int        `json:"supervisor_pid,omitempty"`
	Began      *time.Time `json:"began,omitempty"`
	Ended      *time.Time `json:"ended,omitempty"`
	Exit       *int       `json:"exit,omitempty"`
	Meaning    string     `json:"meaning,omitempty"` // ok, reboot, retry, failed
}

// Outcome is how a run ended.
type Outcome struct {
	Outcome string     `json:"outcome"` // ok, failed, unknown, superseded, withdrawn
	Reason  string     `json:"reason,omitempty"`
	At      *time.Time `json:"at,omitempty"`
}

// Next is a request that waits until the running installer has ended.
type Next struct {
	Action  string `json:"action"`
	Version string `json:"version,omitempty"`
}

// ReportState is what the source should show and whether it does.
type ReportState struct {
	Wanted   ReportRow `json:"wanted"`
	Accepted bool      `json:"accepted"`         // the source shows exactly this
	Class    string    `json:"class,omitempty"`  // failing, refused; "" = neither
	Reason   string    `json:"reason,omitempty"` // for people
}

// ReportRow has the fields of opsi's productOnClient under their own names.
type ReportRow struct {
	ProductID          string `json:"productId"`
	ProductType        string `json:"productType"`
	InstallationStatus string `json:"installationStatus"`
	ActionRequest      string `json:"actionRequest"`
	ActionProgress     string `json:"actionProgress"`
	ActionResult       string `json:"actionResult"`
	LastAction         string `json:"lastAction"`
	ProductVersion     string `json:"productVersion"`
	PackageVersion     string `json:"packageVersion"`
}

// PolicyValue is one key of the effective policy with its origin.
type PolicyValue struct {
	Key    string `json:"key"`
	Value  any    `json:"value"`  // bool, number, string or list; a span of time in seconds
	Origin string `json:"origin"` // built-in, metadata, config, server, depot, client, product
}

// Processes is the answer to GET /v1/products/{id}/processes: what would keep
// the installer waiting now. Nothing is done about it.
type Processes struct {
	Schema    string    `json:"schema"` // processes/v1
	At        time.Time `json:"at"`
	Product   string    `json:"product"`
	Complete  bool      `json:"complete"` // false = the list is not all: never read it as "nothing runs"
	Reason    string    `json:"reason,omitempty"`
	Processes []Process `json:"processes"`
}

// Process is one found program.
type Process struct {
	PID     int    `json:"pid"`
	Start   int64  `json:"start"` // with the pid it names the process for good
	Name    string `json:"name"`
	Path    string `json:"path,omitempty"` // private
	Owner   string `json:"owner"`
	Session string `json:"session,omitempty"`
	Class   string `json:"class"`  // named, window, background, service, vital
	Blocks  bool   `json:"blocks"` // keeps the installer waiting
	Rule    string `json:"rule"`   // which rule found it
}

// Redacted returns a copy without private parts for the owner given. What
// belongs to that owner stays.
func (p Processes) Redacted(owner string) Processes {
	p.Processes = slices.Clone(p.Processes)
	for i := range p.Processes {
		if p.Processes[i].Owner != owner {
			p.Processes[i].Path = ""
		}
	}
	return p
}
