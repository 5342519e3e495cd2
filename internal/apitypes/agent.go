// SPDX-License-Identifier: Apache-2.0

package apitypes

// MaxClose is how many programs one order to close may name.
const MaxClose = 200

// Close orders an agent to ask the windows of programs in its session to close,
// as the button in their frame does. It ends nothing and waits for nothing: what
// becomes of the programs the daemon sees itself. An agent is told programs by
// number and start only, so that another one that got the number is left alone.
type Close struct {
	ID       string    `json:"id"` // goes back with the answer
	Programs []Running `json:"programs"`
}

// Running is one running program.
type Running struct {
	PID   int   `json:"pid"`
	Start int64 `json:"start"` // when it was started: 100 ns since 1601 on Windows
}

// Closed is the body of POST /v1/prompts/closed: what an agent did about an
// order. It answers about every program of the order, and no other.
type Closed struct {
	Agent    string        `json:"agent"`
	Order    string        `json:"order"`
	Programs []CloseResult `json:"programs"`
}

// CloseResult is what became of the wish to close one program.
type CloseResult struct {
	Running
	State string `json:"state"`
}

// States of CloseResult.
const (
	CloseAsked      = "asked"      // its windows were asked; nobody knows yet what it does
	CloseWindowless = "windowless" // it has no window that could be asked
	CloseGone       = "gone"       // no such program runs any more
	CloseRefused    = "refused"    // it is not the agent's to ask: another session, more rights
)

// Presence is the body of POST /v1/prompts/presence: what only a program within
// the session can know about the person. It is an agent's word about its own
// session, and counts for that session alone.
type Presence struct {
	Agent string `json:"agent"`
	// IdleMS is the time since the last key press or mouse move; -1 = not known.
	IdleMS int64 `json:"idle_ms"`
	Locked bool  `json:"locked"`
	// Busy says why the person should not be disturbed now; "" = nothing does.
	Busy string `json:"busy,omitempty"`
}

// Reasons of Busy.
const (
	BusyPresentation = "presentation" // presentation mode is on
	BusyFullScreen   = "full_screen"  // a program has the whole screen
	BusyQuiet        = "quiet"        // the person wants no notifications, or has just logged on
)
