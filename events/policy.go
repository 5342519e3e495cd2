// SPDX-License-Identifier: Apache-2.0

package events

// Policy is the effective policy of a product for one round. It arrives
// resolved in an input and is frozen for the round, so no decision reads a
// configuration. The names are the seed's.
type Policy struct {
	Active         bool   `json:"active"`
	DefaultAction  Choice `json:"default_action"`    // at time-out of a window: defer, kill, fail
	DialogTimeout  Span   `json:"dialog_timeout_ms"` // 0 = never ask, never close
	MaxRecheck     int    `json:"max_recheck"`
	RecheckAction  Choice `json:"max_recheck_action"` // defer, kill, fail
	MaxDefer       int    `json:"max_defer"`
	DeferAction    Choice `json:"max_defer_action"` // kill, defer, fail
	DeferInterval  Span   `json:"defer_interval_ms"`
	PromptInterval Span   `json:"prompt_interval_ms"` // a session sees at most one round's windows in it
	FinalNotice    Span   `json:"final_notice_ms"`    // how long the announced last window lasts
	MaxUnanswered  int    `json:"max_unanswered"`
	Unanswered     Choice `json:"unanswered_action"` // defer, fail
	WithoutMeta    string `json:"without_metadata"`  // wait, install
	AloneAction    string `json:"alone_action"`      // wait, kill
	CloseGrace     Span   `json:"close_grace_ms"`
	InstallTimeout Span   `json:"installer_timeout_ms"` // makes a run overdue; never ends an installer
	MaxAttempts    int    `json:"max_attempts"`
	RebootGate     string `json:"reboot_gate"` // dependants, all
	// Urgent: no wait and no later; the next window is the announced last one.
	Urgent bool `json:"urgent,omitempty"`
	// Deadline is the moment from which that is so, as RFC 3339; "" = never.
	Deadline string `json:"deadline,omitempty"`
	// Calendar rules have their place now and their meaning later: windows and
	// blackouts in the admin's own notation.
	InstallWindows []string `json:"install_windows,omitempty"`
	Blackout       []string `json:"blackout,omitempty"`
	// Origin names for each key above where its value came from: built-in,
	// metadata, config, server, depot, client, product.
	Origin map[string]string `json:"origin,omitempty"`
}

// Values of the policy's word-valued keys.
const (
	Wait       = "wait"
	Install    = "install"
	Kill       = "kill"
	Dependants = "dependants"
	All        = "all"
)

// DefaultPolicy is the built-in policy, the weakest layer.
func DefaultPolicy() Policy {
	return Policy{
		Active:         true,
		DefaultAction:  ChoiceDefer,
		DialogTimeout:  60 * Second,
		MaxRecheck:     3,
		RecheckAction:  ChoiceDefer,
		MaxDefer:       5,
		DeferAction:    ChoiceKill,
		DeferInterval:  24 * Hour,
		PromptInterval: Hour,
		FinalNotice:    15 * Minute,
		MaxUnanswered:  20,
		Unanswered:     ChoiceDefer,
		WithoutMeta:    Wait,
		AloneAction:    Wait,
		CloseGrace:     30 * Second,
		InstallTimeout: 3 * Hour,
		MaxAttempts:    3,
		RebootGate:     Dependants,
	}
}
