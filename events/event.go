// SPDX-License-Identifier: Apache-2.0

package events

import "encoding/json"

// Event is what was decided. The set is closed; codec.go lists it.
type Event interface {
	// About is the product the event changes, "" for the client as a whole.
	About() string
}

// Reason says in one word why a product waits or a round ended. Reasons are
// written to disk and translated for people elsewhere.
type Reason string

// The reasons a product waits.
const (
	ReasonUser           Reason = "user"              // somebody pressed later
	ReasonTimeout        Reason = "timeout"           // a present user let the window pass
	ReasonUnanswered     Reason = "unanswered"        // nobody could be shown to have seen the window
	ReasonRecheckLimit   Reason = "recheck_limit"     // max_recheck was reached
	ReasonDeferLimit     Reason = "defer_limit"       // max_defer was reached and its action is defer
	ReasonNotAsked       Reason = "not_asked"         // dialog_timeout = 0: waits until nobody is there
	ReasonNoMetadata     Reason = "no_metadata"       // held until nobody is there
	ReasonNotBackground  Reason = "not_in_background" // install_in_background = false: held until nobody is there
	ReasonDefect         Reason = "defect"            // the package cannot be used
	ReasonUnknown        Reason = "programs_unknown"  // the list of programs was not complete
	ReasonAlone          Reason = "waits_for_program" // nobody there, but a blocking program lives
	ReasonOwnerAway      Reason = "owner_away"        // a blocking program's owner is not there to be asked
	ReasonPeopleUnknown  Reason = "people_unknown"    // who is there, and whether a screen is locked, could not be told
	ReasonPromptInterval Reason = "prompt_interval"   // a session saw another round's window just now
	ReasonUnlock         Reason = "waits_for_unlock"  // nothing is closed in a locked or just opened session
	ReasonRefused        Reason = "refused_to_close"  // a program would not close
	ReasonRespawned      Reason = "started_again"     // a program came back or started meanwhile
	ReasonInstallerBusy  Reason = "installer_busy"    // another installer was running
	ReasonScript         Reason = "script"            // the package's script put itself off, or did not begin
	ReasonOperator       Reason = "operator"          // an operator put it off
	ReasonHeld           Reason = "held"              // everything, or this product, is on hold
	ReasonDependency     Reason = "dependency"        // waits for another product
	ReasonReboot         Reason = "reboot"            // waits for a restart of the machine
	ReasonObserved       Reason = "observed"          // the mode is observe: the detail says what would be done now
	ReasonInactive       Reason = "inactive"          // policy active = false
	ReasonUnreachable    Reason = "unreachable"       // the depot could not be reached
)

// ClientBorn begins a log.
type ClientBorn struct {
	StoreID string `json:"store_id"`
}

// ClientRestarted says that the daemon began to work on the log again.
type ClientRestarted struct {
	Clean   bool `json:"clean"`
	NewBoot bool `json:"new_boot"` // the machine was started since the last record
}

// ClockStepped says that the wall clock moved against the client's clock by more than a minute.
type ClockStepped struct {
	By Span `json:"by_ms"` // negative = back
}

// RulesChanged puts another rule set in force from the next record on.
type RulesChanged struct {
	Rules int `json:"rules"`
}

// Checkpointed holds the folded state at the start of a segment.
type Checkpointed struct {
	Shape int             `json:"shape"` // version of State
	State json.RawMessage `json:"state"`
}

// StoreForked says from where on the log cannot be trusted to be all that happened.
type StoreForked struct {
	Common   uint64   `json:"common"`
	Products []string `json:"products,omitempty"`
}

// StoreRebuilt notes that one store was made anew from the other.
type StoreRebuilt struct {
	Store  string `json:"store"`
	Reason string `json:"reason"`
}

// OrderChanged says in which order products come from now on.
type OrderChanged struct {
	Order Order `json:"order"`
}

// PresenceChanged says who is at the machine from now on.
type PresenceChanged struct {
	Known    bool          `json:"known"` // false = no source of sessions: somebody is there
	Sessions []SessionMark `json:"sessions,omitempty"`
	Leaving  bool          `json:"leaving,omitempty"` // a shutdown or restart of the machine is announced
}

// SessionMark is what is remembered of a session between two looks.
type SessionMark struct {
	ID     string `json:"id"`
	Owner  string `json:"owner"`
	Locked bool   `json:"locked,omitempty"`
	Away   bool   `json:"away,omitempty"`
}

// Accepted begins a run.
type Accepted struct {
	Product string  `json:"product"`
	Run     int     `json:"run"` // 1, 2, … per product
	Request Request `json:"request"`
}

// Queued keeps a different request, or a withdrawal, until the running installer has ended.
type Queued struct {
	Product string  `json:"product"`
	Request Request `json:"request"`
}

// Retargeted says that the run leads to another version from its next round on.
type Retargeted struct {
	Product string  `json:"product"`
	Request Request `json:"request"`
}

// Held puts a product that was never deferred back to pending with a visible reason.
type Held struct {
	Product string `json:"product"`
	Reason  Reason `json:"reason"`
	Detail  string `json:"detail,omitempty"` // the product waited for, the defect
	Until   Moment `json:"until,omitzero"`   // zero = until something changes
}

// WaitEnded says that a waiting product may begin its next round when the slot is free.
type WaitEnded struct {
	Product string `json:"product"`
	Why     string `json:"why"` // interval, nobody_there, programs_gone, sessions_changed, unlocked, resumed, released, dependency_done, restarted
}

// ChecksStarted begins a round and takes the install slot.
type ChecksStarted struct {
	Product string `json:"product"`
	Round   int    `json:"round"` // 1, 2, … per run
}

// RoundPrepared freezes policy and metadata for the round; nil = as before.
type RoundPrepared struct {
	Product string   `json:"product"`
	Policy  *Policy  `json:"policy,omitempty"`
	Package *Package `json:"package,omitempty"`
}

// ScanFailed counts a look at the programs that was not complete.
type ScanFailed struct {
	Product string `json:"product"`
	N       int    `json:"n"`
	Reason  string `json:"reason"`
}

// Window is one question to the people at the machine: one window per asked
// session, one deadline for all of them.
type Window struct {
	ID      string   `json:"id"`      // "<product>#<run>.<n>", unique in the log
	Members []string `json:"members"` // products it is about; one for now
	Action  Action   `json:"action"`
	Name    string   `json:"name"`    // what people call the product
	Version string   `json:"version"` // where the action leads
	// Installed: the product is on the machine, so a setup is an update of it.
	Installed bool `json:"installed,omitempty"`
	// Since is when people were first asked to let it happen; in the first
	// window of a row it is when that opened.
	Since  Moment `json:"since"`
	Opened Moment `json:"opened"`
	// Deadline ends the window. It is a promise to the person: nothing moves it,
	// and nothing is closed before it without an answer. A window ends earlier
	// only to the person's good: the programs ended by themselves, an operator
	// held or put it off, the request was taken back, or nobody can see it.
	Deadline Moment `json:"deadline"`
	// Choices are offered in this order. Default is what the deadline does and
	// what the text announces. Where it is among the choices it is the
	// highlighted one; where it is not (fail, or defer after the last defer)
	// none is highlighted.
	Choices []Choice `json:"choices"`
	Default Choice   `json:"default"`
	// Final: the limit was reached, later is not offered any more.
	Final      bool  `json:"final,omitempty"`
	DefersUsed int   `json:"defers_used"`
	DefersMax  int   `json:"defers_max"`
	AskAgain   Span  `json:"ask_again_ms"` // how long after later it is asked again
	Asks       []Ask `json:"asks"`         // by session id
}

// Ask is one session's part of a window.
type Ask struct {
	Session  string    `json:"session"`
	Owner    string    `json:"owner"`
	Programs []Process `json:"programs"` // what this session is shown
	// N is the record that last changed what is shown; it makes the ticket.
	N uint64 `json:"n,omitempty"`
	// Added is the record that last added a program to what is shown. A consent
	// to an earlier list does not cover it.
	Added  uint64 `json:"added,omitempty"`
	Shown  bool   `json:"shown,omitempty"`
	ShownC int64  `json:"shown_clock,omitempty"` // client's clock when it was first shown
	Lost   string `json:"lost,omitempty"`        // why it could not be shown
	Answer Choice `json:"answer,omitempty"`
	// Covers are the programs the answer kill was shown.
	Covers []ProcessID `json:"covers,omitempty"`
}

// WindowOpened asks. The product is prompting.
type WindowOpened struct {
	Product string `json:"product"`
	Window  Window `json:"window"`
}

// WindowSeen says that a session has its window on screen.
type WindowSeen struct {
	Product string `json:"product"`
	Window  string `json:"window"`
	Session string `json:"session"`
}

// WindowLost says that a session's window cannot be shown.
type WindowLost struct {
	Product string `json:"product"`
	Window  string `json:"window"`
	Session string `json:"session"`
	Reason  string `json:"reason"`
}

// ProgramsChanged says which blocking programs live now. With an open window it
// replaces what the window is about; its deadline stays.
type ProgramsChanged struct {
	Product  string    `json:"product"`
	Programs []Process `json:"programs,omitempty"` // by pid
	Window   string    `json:"window,omitempty"`
	Asks     []Ask     `json:"asks,omitempty"` // session, owner and programs only
}

// Answered records one session's answer.
type Answered struct {
	Product string      `json:"product"`
	Window  string      `json:"window"`
	Session string      `json:"session"`
	Choice  Choice      `json:"choice"`
	Covers  []ProcessID `json:"covers,omitempty"`
}

// WindowClosed ends a window.
type WindowClosed struct {
	Product string `json:"product"`
	Window  string `json:"window"`
	Why     string `json:"why"` // answered, expired, expired_while_down, not_shown, programs_gone, nobody, held, operator, withdrawn, superseded, restarted, observed
}

// Rechecked counts a "try again" of the round and looks again.
type Rechecked struct {
	Product string `json:"product"`
	N       int    `json:"n"`
}

// Deferred puts the product off. Status, version and request stay untouched.
type Deferred struct {
	Product string `json:"product"`
	Reason  Reason `json:"reason"`
	Detail  string `json:"detail,omitempty"`
	Counted bool   `json:"counted"`        // uses up one of max_defer
	Count   int    `json:"count"`          // counted defers so far, this one included
	Until   Moment `json:"until,omitzero"` // zero = until something changes
}

// CloseAgreed begins to close exactly the targets.
type CloseAgreed struct {
	Product string    `json:"product"`
	Why     string    `json:"why"` // asked, announced, timeout, recheck_limit, alone
	Targets []Process `json:"targets"`
	Force   bool      `json:"force"` // terminate what is left after the grace time
}

// SentBack begins the check again inside the round; it uses up one of two returns.
type SentBack struct {
	Product string `json:"product"`
	Reason  Reason `json:"reason"` // refused_to_close, started_again
	Returns int    `json:"returns"`
}

// InstallCleared is the durable intent to run an attempt.
type InstallCleared struct {
	Product string `json:"product"`
	Attempt int    `json:"attempt"` // 1, 2, … per run
	Token   string `json:"token"`
}

// InstallBegun says that the installer runs under its supervisor.
type InstallBegun struct {
	Product    string    `json:"product"`
	Token      string    `json:"token"`
	Supervisor ProcessID `json:"supervisor"`
	Installer  ProcessID `json:"installer"`
}

// AttemptStalled says that the installer runs and does not go on. It ends as
// before, and what does not need its product need not wait for that.
type AttemptStalled struct {
	Product string `json:"product"`
	Token   string `json:"token"`
	What    string `json:"what"` // what it seems to wait for
}

// AttemptWentOn says that an installer that stalled works again. It has the slot as
// soon as nobody else has.
type AttemptWentOn struct {
	Product string `json:"product"`
	Token   string `json:"token"`
}

// AttemptVoided takes an intent back whose installer did nothing; it is not counted.
type AttemptVoided struct {
	Product string `json:"product"`
	Token   string `json:"token"`
	Reason  string `json:"reason"` // blocking_program, programs_unknown, never_started, installer_stalled
}

// AttemptLost says that an installer may be running or have run, and its outcome
// must be found out before anything else.
type AttemptLost struct {
	Product string `json:"product"`
	Token   string `json:"token"`
}

// AttemptRepeated is the recorded reason for another attempt of the same run;
// the check begins again.
type AttemptRepeated struct {
	Product string `json:"product"`
	Token   string `json:"token"` // the attempt that is over
	Reason  string `json:"reason"`
}

// InstallerExited is the end of an installer with its meaning.
type InstallerExited struct {
	Product string `json:"product"`
	Token   string `json:"token"`
	Exit    int    `json:"exit"`
	Signal  string `json:"signal,omitempty"`
	Error   string `json:"error,omitempty"`
	Meaning string `json:"meaning"`          // ok, reboot, retry, failed; not_now, occupied; of a script also deferred, interrupted, logout, untouched, unknown
	Detail  string `json:"detail,omitempty"` // of a script: what became of it, in a line
}

// RestartAwaited says that the machine must restart before what the installer did
// can be looked for again. Others need not wait for it.
type RestartAwaited struct {
	Product string `json:"product"`
	Token   string `json:"token"`
	Boot    string `json:"boot"` // the boot that has to end
}

// Detected remembers what a detect rule found; the report tells it.
type Detected struct {
	Product string    `json:"product"`
	Found   Detection `json:"found"`
}

// Finished ends the work of a run with its outcome.
type Finished struct {
	Product string  `json:"product"`
	Outcome Outcome `json:"outcome"`
	Reason  string  `json:"reason,omitempty"`
	Ran     bool    `json:"ran"` // an installer ran: the counters end
}

// ReportAccepted says what the source shows now.
type ReportAccepted struct {
	Product string `json:"product"`
	Report  Report `json:"report"`
}

// ReportRefused says that reporting is failing, or was refused for good.
type ReportRefused struct {
	Product string `json:"product"`
	Class   string `json:"class"`
	Reason  string `json:"reason"`
}

// Reported closes the run.
type Reported struct {
	Product string `json:"product"`
}

// HoldPlaced stops everything or one product.
type HoldPlaced struct {
	Product string `json:"product,omitempty"`
	Reason  string `json:"reason"`
}

// HoldReleased ends a hold.
type HoldReleased struct {
	Product string `json:"product,omitempty"`
	Reason  string `json:"reason"`
}

// ModeChanged begins or ends a time in which nothing is asked, closed, started or
// reported, and only what would be done is told.
type ModeChanged struct {
	Observe bool   `json:"observe"`
	Reason  string `json:"reason"`
}

// CountersReset begins a product's counters anew.
type CountersReset struct {
	Product string `json:"product"`
	Reason  string `json:"reason"`
}

// RebootWanted remembers that an installer asked for a restart of the machine.
type RebootWanted struct {
	Product string `json:"product"`
}

// RebootDone says that the machine was restarted since it was wanted.
type RebootDone struct{}

func (ClientBorn) About() string        { return "" }
func (ClientRestarted) About() string   { return "" }
func (ClockStepped) About() string      { return "" }
func (RulesChanged) About() string      { return "" }
func (Checkpointed) About() string      { return "" }
func (StoreForked) About() string       { return "" }
func (StoreRebuilt) About() string      { return "" }
func (OrderChanged) About() string      { return "" }
func (PresenceChanged) About() string   { return "" }
func (ModeChanged) About() string       { return "" }
func (RebootDone) About() string        { return "" }
func (e Accepted) About() string        { return e.Product }
func (e Queued) About() string          { return e.Product }
func (e Retargeted) About() string      { return e.Product }
func (e Held) About() string            { return e.Product }
func (e WaitEnded) About() string       { return e.Product }
func (e ChecksStarted) About() string   { return e.Product }
func (e RoundPrepared) About() string   { return e.Product }
func (e ScanFailed) About() string      { return e.Product }
func (e WindowOpened) About() string    { return e.Product }
func (e WindowSeen) About() string      { return e.Product }
func (e WindowLost) About() string      { return e.Product }
func (e ProgramsChanged) About() string { return e.Product }
func (e Answered) About() string        { return e.Product }
func (e WindowClosed) About() string    { return e.Product }
func (e Rechecked) About() string       { return e.Product }
func (e Deferred) About() string        { return e.Product }
func (e CloseAgreed) About() string     { return e.Product }
func (e SentBack) About() string        { return e.Product }
func (e InstallCleared) About() string  { return e.Product }
func (e InstallBegun) About() string    { return e.Product }
func (e AttemptStalled) About() string  { return e.Product }
func (e AttemptWentOn) About() string   { return e.Product }
func (e AttemptVoided) About() string   { return e.Product }
func (e AttemptLost) About() string     { return e.Product }
func (e AttemptRepeated) About() string { return e.Product }
func (e InstallerExited) About() string { return e.Product }
func (e RestartAwaited) About() string  { return e.Product }
func (e Detected) About() string        { return e.Product }
func (e Finished) About() string        { return e.Product }
func (e ReportAccepted) About() string  { return e.Product }
func (e ReportRefused) About() string   { return e.Product }
func (e Reported) About() string        { return e.Product }
func (e HoldPlaced) About() string      { return e.Product }
func (e HoldReleased) About() string    { return e.Product }
func (e CountersReset) About() string   { return e.Product }
func (e RebootWanted) About() string    { return e.Product }
