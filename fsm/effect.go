// SPDX-License-Identifier: Apache-2.0

package fsm

import "github.com/quietsetup/quietsetup/events"

// Effect is one piece of outstanding work: what to do, and the ticket it is
// done under. Effects are data; who carries them out is not the core's affair.
type Effect struct {
	Ticket events.Ticket
	Work   Work
}

// Work is what an effect asks for. The set is closed.
type Work interface{ kind() events.Kind }

// Prepare reads a product's metadata and resolves its policy. It brings back Prepared.
type Prepare struct {
	Product string
	Request events.Request
}

// RunChecks looks for running programs and people. It brings back ChecksObserved.
type RunChecks struct {
	Package events.Package
	// After is waited first: a look that failed is not repeated at once.
	After events.Span
}

// Watch looks again and again until what it sees differs from what is known,
// then brings back ChecksObserved.
type Watch struct {
	Package events.Package
	Every   events.Span
	// Programs: look for programs; a change of the set of blocking ones ends the watch.
	Programs bool
	Known    []events.ProcessID // blocking programs known now, sorted
	// Sessions: a change of who is there (id, locked, away) ends the watch.
	Sessions bool
	Present  []events.SessionMark // known now, sorted by id
	// Informed is what is believed of SessionsKnown; a change ends the watch too.
	Informed bool
	Leaving  bool // a shutdown is known to be announced
}

// AskUsers keeps one session's window open until it is no longer due. It brings
// back WindowShown, WindowFailed and UserAnswered; the end of time is a WakeAt.
type AskUsers struct {
	Window events.Window // Asks holds this session's part only
	Ask    events.Ask
}

// WakeAt waits for a moment of the client's clock. It brings back TimeCame.
type WakeAt struct{ At events.Moment }

// ClosePrograms closes exactly the targets, each re-verified at each signal. It
// brings back CloseObserved.
type ClosePrograms struct {
	Package events.Package // to look again afterwards
	Targets []events.Process
	Grace   events.Span // between asking to close and force
	Force   bool        // terminate what is left
	// Calm: nothing is closed while a session of a target's owner is locked, nor
	// within this span after it was unlocked or the machine woke. 0 = only the
	// lock counts.
	Calm events.Span
}

// RunInstaller looks a last time and starts the attempt. It brings back
// InstallerStarted, or ChecksObserved if a blocking program lives.
type RunInstaller struct {
	Token   string
	Action  events.Action
	Package events.Package
	Resumes bool // goes on with what is half done: no look keeps it from that
}

// WaitInstaller waits for the outcome of a started attempt. It brings back
// InstallerStalled when the installer does not go on and InstallerWentOn when it does
// again, and in the end InstallerEnded, or InstallProbed when the attempt is gone
// without an outcome.
type WaitInstaller struct {
	Token      string
	Supervisor events.ProcessID
	Installer  events.ProcessID
	Package    events.Package
	Action     events.Action
	Target     string // version wanted
	Stalled    bool   // it was seen not to go on
}

// ProbeInstall finds out what became of an attempt without a known outcome. It
// never runs it. It brings back InstallerStarted (it lives), InstallerEnded (it
// left an outcome) or InstallProbed.
type ProbeInstall struct {
	Token   string
	Package events.Package
	Action  events.Action
	Target  string
	// Detect: apply the detect rule also to an attempt that left no trace. It was
	// recorded as begun, or its record may be lost: the trace is gone, not the
	// attempt.
	Detect    bool
	Installer events.ProcessID // as it was recorded, if it was
}

// VerifyInstall applies the detect rule. It brings back InstallVerified.
type VerifyInstall struct {
	Token   string
	Package events.Package
	Action  events.Action
	Target  string
}

// SendReport makes the source show the report. It brings back ReportAnswered;
// a try that failed without a change of condition brings back nothing.
type SendReport struct {
	Report events.Report
	// Run's request as it was accepted: a source must not overwrite a newer one.
	Request events.Request
}

func (Prepare) kind() events.Kind       { return events.KindPrepare }
func (RunChecks) kind() events.Kind     { return events.KindRunChecks }
func (Watch) kind() events.Kind         { return events.KindWatch }
func (AskUsers) kind() events.Kind      { return events.KindAskUsers }
func (WakeAt) kind() events.Kind        { return events.KindWakeAt }
func (ClosePrograms) kind() events.Kind { return events.KindClosePrograms }
func (RunInstaller) kind() events.Kind  { return events.KindRunInstaller }
func (WaitInstaller) kind() events.Kind { return events.KindWaitInstaller }
func (ProbeInstall) kind() events.Kind  { return events.KindProbeInstall }
func (VerifyInstall) kind() events.Kind { return events.KindVerifyInstall }
func (SendReport) kind() events.Kind    { return events.KindSendReport }
