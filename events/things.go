// SPDX-License-Identifier: Apache-2.0

package events

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Phase is where a product's run stands. There are exactly seven.
type Phase string

// The phases of a product action.
const (
	PhasePending    Phase = "pending"    // wanted, not begun; also what waits before its first defer
	PhaseChecking   Phase = "checking"   // metadata and policy are read, running programs are looked for
	PhasePrompting  Phase = "prompting"  // people are asked
	PhaseDeferred   Phase = "deferred"   // later: status, version and request untouched
	PhaseKilling    Phase = "killing"    // programs are being closed
	PhaseInstalling Phase = "installing" // an installer is about to run, runs, or ran and is not reported yet
	PhaseReported   Phase = "reported"   // the outcome was accepted by the source
)

// Phases lists all phases in the order of a run.
func Phases() []Phase {
	return []Phase{PhasePending, PhaseChecking, PhasePrompting, PhaseDeferred, PhaseKilling, PhaseInstalling, PhaseReported}
}

// Action is what is wanted of a product; opsi's action requests.
type Action string

// The action requests of opsi's productOnClient.
const (
	ActionNone      Action = "none"
	ActionSetup     Action = "setup"
	ActionUninstall Action = "uninstall"
	ActionUpdate    Action = "update"
	ActionAlways    Action = "always"
	ActionOnce      Action = "once"
	ActionCustom    Action = "custom"
)

// Actions lists every action that can be requested, without none.
func Actions() []Action {
	return []Action{ActionSetup, ActionUninstall, ActionUpdate, ActionAlways, ActionOnce, ActionCustom}
}

// Installation statuses of opsi's productOnClient.
const (
	StatusInstalled    = "installed"
	StatusNotInstalled = "not_installed"
	StatusUnknown      = "unknown"
)

// Results of opsi's productOnClient.
const (
	ResultNone       = "none"
	ResultSuccessful = "successful"
	ResultFailed     = "failed"
)

// Choice is an answer, or what a policy does in place of one. The words are the
// seed's: recheck "Nochmal probieren", defer "Jetzt nicht", kill "Prozess beenden".
type Choice string

// The choices. Fail is never offered to a person; it is a policy's last resort.
const (
	ChoiceRecheck Choice = "recheck"
	ChoiceDefer   Choice = "defer"
	ChoiceKill    Choice = "kill"
	ChoiceFail    Choice = "fail"
)

// Outcome is how a run ended.
type Outcome string

// The outcomes of a run.
const (
	OutcomeOK         Outcome = "ok"
	OutcomeFailed     Outcome = "failed"     // also by the action fail: status and version untouched
	OutcomeUnknown    Outcome = "unknown"    // an attempt was interrupted, its probe is unclear and it must not be repeated
	OutcomeSuperseded Outcome = "superseded" // another request took its place; no report
	OutcomeWithdrawn  Outcome = "withdrawn"  // the request was taken back; no report
)

// Outcomes lists all of them.
func Outcomes() []Outcome {
	return []Outcome{OutcomeOK, OutcomeFailed, OutcomeUnknown, OutcomeSuperseded, OutcomeWithdrawn}
}

// Report holds the fields of opsi's productOnClient, under its own names. It is
// what a source shows for a product: the source's row when it comes in, the
// wanted row when it goes out.
type Report struct {
	ProductID          string `json:"productId"`
	ProductType        string `json:"productType"` // always LocalbootProduct here
	InstallationStatus string `json:"installationStatus"`
	ActionRequest      Action `json:"actionRequest"`
	ActionProgress     string `json:"actionProgress"` // at most 250 characters
	ActionResult       string `json:"actionResult"`
	LastAction         Action `json:"lastAction"`
	ProductVersion     string `json:"productVersion"` // "" = not installed or not known
	PackageVersion     string `json:"packageVersion"`
}

// Version is the opsi text of both versions, "1.2-3", or "" if there is none.
func (r Report) Version() string { return JoinVersion(r.ProductVersion, r.PackageVersion) }

// JoinVersion joins a product and a package version the way opsi writes them.
func JoinVersion(product, pkg string) string {
	if product == "" {
		return ""
	}
	if pkg == "" {
		return product
	}
	return product + "-" + pkg
}

// Request is a source's row together with what the source offers for it.
type Request struct {
	Row Report `json:"row"` // the row as the source shows it; Row.ActionRequest is what is wanted
	// ProductVersion and PackageVersion are what the depot offers, the target of a setup.
	ProductVersion string   `json:"product_version"`
	PackageVersion string   `json:"package_version"`
	Priority       int      `json:"priority,omitempty"` // -100..100, higher first
	Requires       []string `json:"requires,omitempty"` // products that must be done before this one
}

// Order is who comes before whom, of all products for which something is wanted.
// A group, which is what requirements connect, stands together in it.
type Order struct {
	Sequence []string `json:"sequence"` // product ids, first to last, each once
	// Requires names, for a product of the sequence, what must be done before it.
	// It counts in place of the Requires of the product's own request, which knows
	// nothing of products that want to be before it.
	Requires map[string][]Requirement `json:"requires,omitempty"`
}

// Requirement is something that must be done before a product.
type Requirement struct {
	Product string `json:"product"`
	// Status is what the product must be in the end, installed or not_installed,
	// whatever its last run was about; "" = its last run must have succeeded, or
	// was withdrawn.
	Status string `json:"status,omitempty"`
}

// Target is the version the request leads to, "1.2-3".
func (r Request) Target() string { return JoinVersion(r.ProductVersion, r.PackageVersion) }

// Class says what kind of program a process is, and so whether it blocks.
type Class string

// The classes of a found process.
const (
	ClassNamed      Class = "named"      // listed in the metadata: always blocks
	ClassWindow     Class = "window"     // found by directory, has a visible window, or that cannot be known: blocks
	ClassBackground Class = "background" // found by directory, known to have no window: does not block
	ClassService    Class = "service"    // belongs to the service manager: never closed by us
	ClassVital      Class = "vital"      // the machine or the session needs it: never touched
)

// Blocks reports whether a program of this class keeps an installer waiting.
func (c Class) Blocks() bool { return c == ClassNamed || c == ClassWindow }

// ProcessID identifies a process for good: a pid alone is reused.
type ProcessID struct {
	PID   int   `json:"pid"`
	Start int64 `json:"start"` // clock ticks since boot on Linux, 100 ns creation time on Windows
}

// IsZero reports whether no process is meant.
func (p ProcessID) IsZero() bool { return p == ProcessID{} }

// Process is a found program. The core compares ProcessID only.
type Process struct {
	ProcessID
	Name    string `json:"name"`              // file name of the executable
	Path    Text   `json:"path"`              // full path; private below a home directory
	Owner   string `json:"owner"`             // "uid:1000" or "sid:S-1-5-…"
	Session string `json:"session,omitempty"` // id of the owner's session, where known
	Class   Class  `json:"class"`
	Rule    string `json:"rule"` // which rule found it: "dir /opt/firefox", "process firefox"
}

// BelongsTo reports whether the program belongs to a session: the one it was
// started in, and every session of its owner.
func (p Process) BelongsTo(session, owner string) bool {
	return p.Owner == owner || p.Session != "" && p.Session == session
}

// Session is a person's presence at the machine.
type Session struct {
	ID     string `json:"id"`    // as the platform names it: "c2", "pts/3", "1"
	Owner  string `json:"owner"` // "uid:1000" or "sid:S-1-5-…"
	User   Text   `json:"user"`  // private
	Kind   string `json:"kind"`  // graphical, terminal, remote
	Locked bool   `json:"locked,omitempty"`
	Away   bool   `json:"away,omitempty"`  // disconnected or switched away
	Agent  bool   `json:"agent,omitempty"` // a prompt agent is connected for it
	// IdleMS is the time since the last key press or mouse move; -1 = not known.
	IdleMS int64 `json:"idle_ms"`
	// UnlockedMS is the time since the session was last unlocked; -1 = not known or never locked.
	UnlockedMS int64 `json:"unlocked_ms"`
}

// Observation is what a look at the machine showed.
type Observation struct {
	Scanned  bool      `json:"scanned"`            // programs were looked for
	Complete bool      `json:"complete"`           // the list of programs is complete; false = unknown, never "nothing runs"
	Reason   string    `json:"reason,omitempty"`   // why it is not complete
	Programs []Process `json:"programs,omitempty"` // every finding, blocking or not
	// SessionsKnown is false without any source of sessions: then somebody is there.
	SessionsKnown bool      `json:"sessions_known"`
	Sessions      []Session `json:"sessions,omitempty"`
	// Leaving is set while a shutdown or reboot is announced.
	Leaving bool `json:"leaving,omitempty"`
	// ResumedMS is the time since the machine last woke from sleep; -1 = not known or never slept.
	ResumedMS int64 `json:"resumed_ms"`
}

// Blocking returns the programs that keep an installer waiting, by pid.
func (o Observation) Blocking() []Process {
	var out []Process
	for _, p := range o.Programs {
		if p.Class.Blocks() {
			out = append(out, p)
		}
	}
	SortProcesses(out)
	return out
}

// SortProcesses puts processes in order of pid, then start.
func SortProcesses(ps []Process) {
	slices.SortFunc(ps, func(a, b Process) int {
		return cmp.Or(cmp.Compare(a.PID, b.PID), cmp.Compare(a.Start, b.Start))
	})
}

// Marks returns what is remembered of the sessions seen, by id.
func (o Observation) Marks() []SessionMark {
	var out []SessionMark
	for _, s := range o.Sessions {
		out = append(out, SessionMark{ID: s.ID, Owner: s.Owner, Locked: s.Locked, Away: s.Away})
	}
	slices.SortFunc(out, func(a, b SessionMark) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func (o Observation) mapTexts(f func(Text) Text) Observation {
	o.Programs = slices.Clone(o.Programs)
	for i := range o.Programs {
		o.Programs[i].Path = f(o.Programs[i].Path)
	}
	o.Sessions = slices.Clone(o.Sessions)
	for i := range o.Sessions {
		o.Sessions[i].User = f(o.Sessions[i].User)
	}
	return o
}

// Package is a product's metadata as it counts on this machine: one installer
// selected, constants resolved, directories normalised.
type Package struct {
	Product        string `json:"product"`
	ProductVersion string `json:"product_version"`
	PackageVersion string `json:"package_version"`
	Name           string `json:"name"` // what people call it: "Firefox"
	// Metadata is false when the package has none; then Dirs and Processes are empty and mean nothing.
	Metadata bool `json:"metadata"`
	// Background is install_in_background: false = never with users there.
	Background bool     `json:"background"`
	Dirs       []string `json:"dirs,omitempty"`      // absolute; every executable below blocks
	Processes  []string `json:"processes,omitempty"` // names, or absolute paths
	Services   []string `json:"services,omitempty"`  // stopped through the service manager only
	Folder     string   `json:"folder"`              // the package's files, working directory of a command
	// Command and Uninstall are argument vectors, never given to a shell.
	Command   []string `json:"command,omitempty"`
	Uninstall []string `json:"uninstall,omitempty"`
	// Script is what opsi-script runs in place of a command; "" = the command is run.
	Script     string    `json:"script,omitempty"`
	Repeatable bool      `json:"repeatable"` // may be run again after an interruption
	ExitCodes  ExitCodes `json:"exit_codes"`
	Detect     *Detect   `json:"detect,omitempty"`
	Digest     string    `json:"digest"` // lower hex SHA-256 of the files this was read from
}

// CommandFor is the argument vector that carries out an action, nil if there is none.
func (p Package) CommandFor(a Action) []string {
	if a == ActionUninstall {
		return p.Uninstall
	}
	return p.Command
}

// CarriesOut reports whether there is a way to carry out an action.
func (p Package) CarriesOut(a Action) bool { return p.Script != "" || len(p.CommandFor(a)) > 0 }

// ExitCodes give an installer's exit code its meaning; what is not listed failed.
type ExitCodes struct {
	OK     []int `json:"ok"`
	Reboot []int `json:"reboot,omitempty"` // done, the machine must restart
	Retry  []int `json:"retry,omitempty"`  // another installer is running (1618): try again
}

// Detect is the rule that tells whether a product is on the machine.
type Detect struct {
	Kind    string `json:"kind"`              // file, dpkg, registry, msi, command
	Name    string `json:"name"`              // path, package name, key, product code or command
	Version string `json:"version,omitempty"` // what must be found; "" = the product version
}

// Detection is what a detect rule found.
type Detection struct {
	Known     bool   `json:"known"`             // the rule gave an answer
	Installed bool   `json:"installed"`         // something is there
	Version   string `json:"version,omitempty"` // the version found, if the rule tells one
	Matches   bool   `json:"matches"`           // what is there is what the request wanted
	Reason    string `json:"reason,omitempty"`  // why there is no answer
}

// Problem says why a package cannot be used as it is.
type Problem struct {
	Code    string `json:"code"`    // package_missing, metadata_unreadable, nothing_fits, no_command, depot_unreachable
	Message string `json:"message"` // one line with file, line and key, for the admin
}

// ProductOfToken is the product whose attempt a token names.
func ProductOfToken(token string) (string, bool) {
	parts := strings.Split(token, ".")
	if len(parts) < 4 {
		return "", false
	}
	return strings.Join(parts[1:len(parts)-2], "."), true // an id may hold dots
}

// SplitToken takes a token of the store apart. ok is false for anything that
// Token does not make.
func SplitToken(store, token string) (product string, run, attempt int, ok bool) {
	product, ok = ProductOfToken(token)
	if !ok {
		return "", 0, 0, false
	}
	numbers := strings.Split(token, ".")
	run, _ = strconv.Atoi(numbers[len(numbers)-2])
	attempt, _ = strconv.Atoi(numbers[len(numbers)-1])
	return product, run, attempt, token == Token(store, product, run, attempt)
}

// Token names one installer attempt: "<store id>.<product>.<run>.<attempt>".
func Token(store, product string, run, attempt int) string {
	return store + "." + product + "." + strconv.Itoa(run) + "." + strconv.Itoa(attempt)
}
