// SPDX-License-Identifier: Apache-2.0

package view

import (
	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// builtIn is the origin of a value that nobody set.
const builtIn = "built-in"

// PolicyValues lists a policy's keys in the order of the documentation, spans in seconds.
func PolicyValues(p events.Policy) []apitypes.PolicyValue {
	seconds := func(s events.Span) apitypes.Seconds { return apitypes.SecondsOf(s.Duration()) }
	out := []apitypes.PolicyValue{
		{Key: "active", Value: p.Active},
		{Key: "default_action", Value: string(p.DefaultAction)},
		{Key: "dialog_timeout", Value: seconds(p.DialogTimeout)},
		{Key: "max_recheck", Value: p.MaxRecheck},
		{Key: "max_recheck_action", Value: string(p.RecheckAction)},
		{Key: "max_defer", Value: p.MaxDefer},
		{Key: "max_defer_action", Value: string(p.DeferAction)},
		{Key: "defer_interval", Value: seconds(p.DeferInterval)},
		{Key: "prompt_interval", Value: seconds(p.PromptInterval)},
		{Key: "final_notice", Value: seconds(p.FinalNotice)},
		{Key: "max_unanswered", Value: p.MaxUnanswered},
		{Key: "unanswered_action", Value: string(p.Unanswered)},
		{Key: "without_metadata", Value: p.WithoutMeta},
		{Key: "alone_action", Value: p.AloneAction},
		{Key: "urgent", Value: p.Urgent},
		{Key: "deadline", Value: p.Deadline},
		{Key: "close_grace", Value: seconds(p.CloseGrace)},
		{Key: "installer_timeout", Value: seconds(p.InstallTimeout)},
		{Key: "max_attempts", Value: p.MaxAttempts},
		{Key: "reboot_gate", Value: p.RebootGate},
	}
	for i := range out {
		out[i].Origin = builtIn
		if o, ok := p.Origin[out[i].Key]; ok {
			out[i].Origin = o
		}
	}
	return out
}
