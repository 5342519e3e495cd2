// SPDX-License-Identifier: Apache-2.0

package events

// Input is what came in: an observation of the machine, a person's answer, an
// operator's wish, the source's rows. The set is closed; codec.go lists it.
type Input interface{ input() }

// StoreOpened is the first input of every log: an empty store was opened.
type StoreOpened struct {
	StoreID string `json:"store_id"` // random, names this log for ever
}

// Restarted is what the host shows when the daemon starts on a log with
// records. It is the whole of recovery: decided, recorded and replayed like any
// other input, and then the same Due is asked.
type Restarted struct {
	Clean    bool          `json:"clean"` // the last run closed the store in order
	Attempts []AttemptSeen `json:"attempts,omitempty"`
	Seen     Observation   `json:"seen"` // sessions only
}

// AttemptSeen tells whether the supervisor or the installer of an open attempt lives.
type AttemptSeen struct {
	Token string `json:"token"`
	Alive bool   `json:"alive"`
}

// RequestsObserved holds rows of the source. A product that is not among them
// is unknown, not withdrawn; a withdrawal is a row whose request is none.
type RequestsObserved struct {
	// Trigger says why the source was looked at: start, poll, operator. A poll
	// begins no run of an action that is wanted always.
	Trigger string `json:"trigger"`
	// Reason is what an operator said about it.
	Reason   string    `json:"reason,omitempty"`
	Requests []Request `json:"requests"`
	// Order is that of everything the source wants now, also of what is not among
	// the rows. Nil = the source does not order; what was known goes on to count.
	Order *Order `json:"order,omitempty"`
}

// Prepared is a product's metadata and effective policy, read at the start of a round.
type Prepared struct {
	For     Ticket   `json:"for"`
	Policy  Policy   `json:"policy"`
	Package Package  `json:"package"`
	Problem *Problem `json:"problem,omitempty"` // the package cannot be used; Package may be empty
}

// ChecksObserved is a look at the running programs and the people, under a
// RunChecks or Watch ticket, or under a RunInstaller ticket when the last look
// before the start found something.
type ChecksObserved struct {
	For  Ticket      `json:"for"`
	Seen Observation `json:"seen"`
}

// WindowShown says that a session's window is on its screen.
type WindowShown struct {
	For Ticket `json:"for"`
}

// WindowFailed says that a session's window could not be shown or went away
// without an answer.
type WindowFailed struct {
	For    Ticket `json:"for"`
	Reason string `json:"reason"` // no_agent, no_display, superseded, error
}

// UserAnswered is a person's answer. It names the window and the session, not a
// ticket: an agent keeps an answer and sends it again until it is acknowledged.
type UserAnswered struct {
	Window  string `json:"window"`
	Session string `json:"session"`
	// Seen is the Added of the list of programs that was on the screen.
	Seen   uint64 `json:"seen"`
	Choice Choice `json:"choice"` // recheck, defer, kill
}

// TimeCame says that the moment of a WakeAt has come, and who is there now.
type TimeCame struct {
	For  Ticket      `json:"for"`
	Seen Observation `json:"seen"` // sessions only
}

// CloseObserved is what a ClosePrograms left behind.
type CloseObserved struct {
	For Ticket `json:"for"`
	// NotTried says why nothing was signalled: locked, just_opened, unknown (who is
	// there is not known); else empty.
	NotTried string      `json:"not_tried,omitempty"`
	Seen     Observation `json:"seen"` // after the closing
}

// InstallerStarted says that an attempt's supervisor holds the attempt's file
// and has released its installer.
type InstallerStarted struct {
	Token      string    `json:"token"`
	Supervisor ProcessID `json:"supervisor"`
	Installer  ProcessID `json:"installer"`
}

// InstallerStalled says that a running installer does not go on: it waits for
// input that nobody can give. It is a finding, and the installer may go on all the same.
type InstallerStalled struct {
	Token string `json:"token"`
	What  string `json:"what"` // what it seems to wait for; no title of a window
}

// InstallerWentOn says that an installer that stalled works again.
type InstallerWentOn struct {
	Token string `json:"token"`
}

// InstallerEnded is the outcome file of an attempt. It matches by token alone
// and is never dropped.
type InstallerEnded struct {
	Token  string `json:"token"`
	Exit   int    `json:"exit"`             // -1 if there is none
	Signal string `json:"signal,omitempty"` // what ended it from outside
	Error  string `json:"error,omitempty"`  // it could not be started
	TookMS int64  `json:"took_ms"`
	// Meaning is what is known of the end by better means than the exit code, "" =
	// nothing: one of the meanings of InstallerExited. Detail says it in a line.
	Meaning string `json:"meaning,omitempty"`
	Detail  string `json:"detail,omitempty"`
	Reboot  bool   `json:"reboot,omitempty"` // the machine must restart, whatever became of it
	// Restarted: the machine was restarted since it ended, so a restart that it wanted
	// has happened. A log of a build that did not look says false.
	Restarted bool `json:"restarted,omitempty"`
}

// InstallProbed answers what became of an attempt without an outcome.
type InstallProbed struct {
	For   Ticket `json:"for"`
	Token string `json:"token"`
	// NeverStarted: the attempt's file was claimed by the probe, so no
	// supervisor can start it any more.
	NeverStarted bool      `json:"never_started"`
	Found        Detection `json:"found"`
}

// InstallVerified is what the detect rule found after an installer that said it succeeded.
type InstallVerified struct {
	For   Ticket    `json:"for"`
	Found Detection `json:"found"`
}

// ReportAnswered is what became of a report.
type ReportAnswered struct {
	For      Ticket `json:"for"`
	Report   Report `json:"report"` // what was sent
	Accepted bool   `json:"accepted"`
	Class    string `json:"class,omitempty"`  // failing (will be tried again), refused (will not)
	Reason   string `json:"reason,omitempty"` // for people
}

// DeferRequested is an operator's wish to put a product off.
type DeferRequested struct {
	Product string `json:"product"`
	Reason  string `json:"reason"`
}

// ResumeRequested is an operator's wish to begin the next round now.
type ResumeRequested struct {
	Product string `json:"product"`
	Reason  string `json:"reason"`
}

// ResetRequested is an operator's wish to begin the counters anew.
type ResetRequested struct {
	Product string `json:"product"`
	Reason  string `json:"reason"`
}

// HoldRequested stops everything, or one product, before its next prompt, close or start.
type HoldRequested struct {
	Product string `json:"product,omitempty"` // "" = all
	Reason  string `json:"reason"`
}

// ReleaseRequested ends a hold.
type ReleaseRequested struct {
	Product string `json:"product,omitempty"` // "" = all
	Reason  string `json:"reason"`
}

// ModeChosen says whether the site wants to see only what would be done.
type ModeChosen struct {
	Observe bool   `json:"observe"`
	Reason  string `json:"reason"` // where that is written
}

// CheckpointWanted begins a new segment of the log.
type CheckpointWanted struct{}

// RulesChosen puts another rule set in force.
type RulesChosen struct {
	Rules int `json:"rules"`
}

// ForkObserved says that the two stores held different valid chains at start.
type ForkObserved struct {
	Common   uint64   `json:"common"`             // last record both agree on
	Products []string `json:"products,omitempty"` // touched after it in either
	Kept     string   `json:"kept"`               // where the rest was put
}

// RebuildObserved says that one store was rebuilt from the other at start.
type RebuildObserved struct {
	Store  string `json:"store"`  // log.db or journal
	Reason string `json:"reason"` // behind, damaged, missing
	Kept   string `json:"kept,omitempty"`
}

func (StoreOpened) input()      {}
func (Restarted) input()        {}
func (RequestsObserved) input() {}
func (Prepared) input()         {}
func (ChecksObserved) input()   {}
func (WindowShown) input()      {}
func (WindowFailed) input()     {}
func (UserAnswered) input()     {}
func (TimeCame) input()         {}
func (CloseObserved) input()    {}
func (InstallerStarted) input() {}
func (InstallerStalled) input() {}
func (InstallerWentOn) input()  {}
func (InstallerEnded) input()   {}
func (InstallProbed) input()    {}
func (InstallVerified) input()  {}
func (ReportAnswered) input()   {}
func (DeferRequested) input()   {}
func (ResumeRequested) input()  {}
func (ResetRequested) input()   {}
func (HoldRequested) input()    {}
func (ReleaseRequested) input() {}
func (CheckpointWanted) input() {}
func (ModeChosen) input()       {}
func (RulesChosen) input()      {}
func (ForkObserved) input()     {}
func (RebuildObserved) input()  {}

func (in Restarted) mapTexts(f func(Text) Text) Input      { in.Seen = in.Seen.mapTexts(f); return in }
func (in ChecksObserved) mapTexts(f func(Text) Text) Input { in.Seen = in.Seen.mapTexts(f); return in }
func (in TimeCame) mapTexts(f func(Text) Text) Input       { in.Seen = in.Seen.mapTexts(f); return in }
func (in CloseObserved) mapTexts(f func(Text) Text) Input  { in.Seen = in.Seen.mapTexts(f); return in }
