// SPDX-License-Identifier: Apache-2.0

package apitypes

import "time"

// Kinds of agents: what they can show.
const (
	AgentTerminal = "terminal"
	AgentWindow   = "window"
)

// Hello is the body of POST /v1/prompts/hello: an agent offers to show windows
// in its session. Who it is, the daemon takes from the connection.
type Hello struct {
	Kind      string   `json:"kind"`                // terminal, window
	Languages []string `json:"languages,omitempty"` // wanted first, BCP 47; at most 8
	// Holding are ids of prompts the agent still shows from before a
	// reconnection; those that are over are cancelled.
	Holding []string `json:"holding,omitempty"`
	// Closes: the agent can ask the windows of programs to close.
	Closes bool `json:"closes,omitempty"`
}

// Welcome is the answer to Hello.
type Welcome struct {
	Schema  string `json:"schema"`  // welcome/v1
	Agent   string `json:"agent"`   // names this agent in its later calls
	Session string `json:"session"` // the session it speaks for, as the daemon knows it
	Version string `json:"version"` // of the daemon
}

// Choices a person can have. Fail is never among them; it can only be what
// happens without an answer.
const (
	ChoiceRecheck = "recheck"
	ChoiceDefer   = "defer"
	ChoiceKill    = "kill"
	ChoiceFail    = "fail"
)

// Prompt is one window for one session, as data. The agent finds the words.
type Prompt struct {
	ID    string `json:"id"`    // "<window>@<session>"; the same for the window's whole life
	Nonce string `json:"nonce"` // goes back with the answer; the same after a restart of the daemon
	// Members are the products the window is about, at least one; for now there
	// is never more than one.
	Members  []Member  `json:"members"`
	Programs []Program `json:"programs"`
	// Revision grows whenever a program is added to Programs. It goes back with
	// Shown and Answer: nobody agrees to close what was not on the screen.
	Revision uint64 `json:"revision"`
	// Choices are offered in this order. Default is what the deadline does, what
	// the text announces, and the highlighted choice. It may be none of the
	// choices (fail; defer in an announced last window): then none is highlighted.
	Choices []string `json:"choices"`
	Default string   `json:"default"`
	// Deadline is for words ("at 14:05"); RemainingMS is for counting down and
	// does not depend on the wall clock. It was right when the prompt was sent.
	Deadline    time.Time `json:"deadline"`
	RemainingMS int64     `json:"remaining_ms"`
	Opened      time.Time `json:"opened"`
	// Since is when people were first asked in this row of windows, UTC; Opened
	// if this is the first.
	Since time.Time `json:"since"`
	// Final: later is not offered any more.
	Final      bool `json:"final"`
	DefersUsed int  `json:"defers_used"`
	DefersMax  int  `json:"defers_max"`
	// AskAgain is how long after later it is asked again.
	AskAgain Seconds `json:"ask_again_s"`
	// Asker is who asks, "IT service of the Example School"; "" = not configured.
	Asker   string `json:"asker,omitempty"`
	Contact string `json:"contact,omitempty"` // whom to ask back, "phone 1234"
	// Logo is the absolute path of an image of who asks; "" = none. A front end
	// looks at it before it uses it: it may have gone since.
	Logo string `json:"logo,omitempty"`
}

// Member is one product of a window.
type Member struct {
	// Name is what people call the product; never its id.
	Name    string `json:"name"`
	Action  string `json:"action"` // setup, uninstall, …
	Version string `json:"version,omitempty"`
	// Installed: the product is on the machine, so a setup is an update of it;
	// false = a setup installs it for the first time.
	Installed bool `json:"installed"`
}

// Program is what a person would call one open program: processes of the same
// executable name are counted together.
type Program struct {
	Name       string `json:"name"` // file name of the executable
	Count      int    `json:"count"`
	OwnerIsYou bool   `json:"owner_is_you"`
	Path       string `json:"path,omitempty"` // only for the owner, and only if all have the same
}

// Kinds of prompt events.
const (
	EventAsk    = "ask"    // show the prompt
	EventUpdate = "update" // show it as it is now, in place of what is shown
	EventCancel = "cancel" // close it; without an id: close all and end
	EventClose  = "close"  // ask the windows of programs to close; only for an agent that can
	EventNone   = "none"   // nothing happened; ask again
)

// Reasons of a cancel.
const (
	CancelOver     = "over"     // the window is answered, expired or no longer needed
	CancelReplaced = "replaced" // a newer agent speaks for the session
)

// PromptEvent is the answer to GET /v1/prompts/next?agent=A&after=N, which
// waits for one. Agents ask with the cursor of the last event they handled, so
// an answer lost on the way comes again.
type PromptEvent struct {
	Schema string  `json:"schema"` // prompt_event/v1
	Kind   string  `json:"kind"`
	Cursor uint64  `json:"cursor"`
	ID     string  `json:"id,omitempty"`     // of the prompt
	Reason string  `json:"reason,omitempty"` // of a cancel
	Prompt *Prompt `json:"prompt,omitempty"` // of an ask or update
	Order  *Close  `json:"order,omitempty"`  // of a close
}

// Shown is the body of POST /v1/prompts/{id}/shown: it is on the screen.
type Shown struct {
	Agent    string `json:"agent"`
	Nonce    string `json:"nonce"`
	Revision uint64 `json:"revision"` // of what is on the screen
}

// Reasons of Failed.
const (
	FailedNoDisplay = "no_display"
	FailedError     = "error"
	FailedGone      = "superseded" // the person or the session ended the agent
)

// Failed is the body of POST /v1/prompts/{id}/failed: it cannot be shown, or
// went away without an answer.
type Failed struct {
	Agent  string `json:"agent"`
	Nonce  string `json:"nonce"`
	Reason string `json:"reason"`
}

// Answer is the body of POST /v1/prompts/{id}/answer. It may be sent again
// until it is acknowledged.
type Answer struct {
	Agent string `json:"agent"`
	Nonce string `json:"nonce"`
	// Revision is that of the prompt which was on the screen when the person
	// chose, even if a newer one has come since.
	Revision uint64 `json:"revision"`
	Choice   string `json:"choice"`
}

// What became of an answer.
const (
	AnswerRecorded = "recorded"
	AnswerAlready  = "already_recorded" // this session's answer stands already
	AnswerTooLate  = "too_late"         // the window was over
	AnswerRefused  = "refused"          // not an answer to this window
	// AnswerChanged: programs were added that the person had not seen. The answer
	// does not count; the prompt stays, comes as an update, and is answered anew.
	AnswerChanged = "changed"
)

// AnswerResult says what became of an answer. Each state is final: the agent
// does not send the answer again.
type AnswerResult struct {
	Schema string `json:"schema"` // answer_result/v1
	State  string `json:"state"`
	// Cursor is the last change of the prompt that the answer is about. An event
	// up to it may still be on its way and asks for nothing.
	Cursor uint64 `json:"cursor,omitempty"`
}
