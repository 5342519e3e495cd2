// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quietsetup/quietsetup/events"
)

// maxCount bounds every counter: a slip of the finger is not a thousand defers.
const maxCount = 1000

// key is one key of the policy: how a written value gets in, and what is valid.
type key struct {
	name  string
	set   func(p *events.Policy, raw any) error // changes p only when it returns nil
	show  func(p events.Policy) string
	check func(p events.Policy) error
}

// keys lists the policy in the order of the documentation. The recheck is a
// user's choice only: as a result of a time-out or limit it would go round in
// circles, so no key allows it.
func keys() []key {
	const (
		deferred = string(events.ChoiceDefer)
		kill     = string(events.ChoiceKill)
		fail     = string(events.ChoiceFail)
	)
	return []key{
		flag("active", func(p *events.Policy) *bool { return &p.Active }),
		word("default_action", func(p *events.Policy) *events.Choice { return &p.DefaultAction }, deferred, kill, fail),
		span("dialog_timeout", func(p *events.Policy) *events.Span { return &p.DialogTimeout }),
		count("max_recheck", 0, func(p *events.Policy) *int { return &p.MaxRecheck }),
		word("max_recheck_action", func(p *events.Policy) *events.Choice { return &p.RecheckAction }, deferred, kill, fail),
		count("max_defer", 0, func(p *events.Policy) *int { return &p.MaxDefer }),
		word("max_defer_action", func(p *events.Policy) *events.Choice { return &p.DeferAction }, kill, deferred, fail),
		span("defer_interval", func(p *events.Policy) *events.Span { return &p.DeferInterval }),
		span("prompt_interval", func(p *events.Policy) *events.Span { return &p.PromptInterval }),
		span("final_notice", func(p *events.Policy) *events.Span { return &p.FinalNotice }),
		count("max_unanswered", 0, func(p *events.Policy) *int { return &p.MaxUnanswered }),
		word("unanswered_action", func(p *events.Policy) *events.Choice { return &p.Unanswered }, deferred, fail),
		word("without_metadata", func(p *events.Policy) *string { return &p.WithoutMeta }, events.Wait, events.Install),
		word("alone_action", func(p *events.Policy) *string { return &p.AloneAction }, events.Wait, events.Kill),
		span("close_grace", func(p *events.Policy) *events.Span { return &p.CloseGrace }),
		span("installer_timeout", func(p *events.Policy) *events.Span { return &p.InstallTimeout }),
		// No attempt at all would be a product that never installs and never fails.
		count("max_attempts", 1, func(p *events.Policy) *int { return &p.MaxAttempts }),
		word("reboot_gate", func(p *events.Policy) *string { return &p.RebootGate }, events.Dependants, events.All),
	}
}

// planned are keys that have a place in the design and no effect yet. A value
// for one must not pass in silence: an admin who sets a blackout relies on it.
func planned() []string {
	return []string{"deadline", "deadline_days", "warn_before", "install_windows", "blackout", "busy", "max_busy", "role", "reopen"}
}

func flag(name string, at func(*events.Policy) *bool) key {
	return key{
		name: name,
		set: func(p *events.Policy, raw any) error {
			b, ok := raw.(bool)
			if !ok {
				return fmt.Errorf("must be true or false, is %s", quote(raw))
			}
			*at(p) = b
			return nil
		},
		show:  func(p events.Policy) string { return strconv.FormatBool(*at(&p)) },
		check: func(events.Policy) error { return nil },
	}
}

func word[T ~string](name string, at func(*events.Policy) *T, allowed ...string) key {
	valid := func(raw any) error {
		if s, ok := raw.(string); ok && slices.Contains(allowed, s) {
			return nil
		}
		return fmt.Errorf("must be %s, is %s", strings.Join(allowed, " or "), quote(raw))
	}
	return key{
		name: name,
		set: func(p *events.Policy, raw any) error {
			if err := valid(raw); err != nil {
				return err
			}
			*at(p) = T(raw.(string))
			return nil
		},
		show:  func(p events.Policy) string { return string(*at(&p)) },
		check: func(p events.Policy) error { return valid(string(*at(&p))) },
	}
}

func count(name string, least int64, at func(*events.Policy) *int) key {
	valid := func(raw any) error {
		if n, ok := raw.(int64); ok && n >= least && n <= maxCount {
			return nil
		}
		return fmt.Errorf("must be a whole number from %d to %d, is %s", least, maxCount, quote(raw))
	}
	return key{
		name: name,
		set: func(p *events.Policy, raw any) error {
			if err := valid(raw); err != nil {
				return err
			}
			*at(p) = int(raw.(int64))
			return nil
		},
		show:  func(p events.Policy) string { return strconv.Itoa(*at(&p)) },
		check: func(p events.Policy) error { return valid(int64(*at(&p))) },
	}
}

func span(name string, at func(*events.Policy) *events.Span) key {
	return key{
		name: name,
		set: func(p *events.Policy, raw any) error {
			s, err := ParseSpan(raw)
			if err != nil {
				return err
			}
			*at(p) = s
			return nil
		},
		show: func(p events.Policy) string { return at(&p).Duration().String() },
		check: func(p events.Policy) error {
			if s := *at(&p); s < 0 || s > MaxSpan {
				return fmt.Errorf("%s is not from 0 to %s", s.Duration(), MaxSpan.Duration())
			}
			return nil
		},
	}
}

// quote shows a bad value as it was written, bounded.
func quote(raw any) string {
	s := fmt.Sprint(raw)
	if text, ok := raw.(string); ok {
		s = text
	}
	const most = 60
	if len(s) > most {
		return strconv.QuoteToASCII(s[:most]) + "…"
	}
	switch raw.(type) {
	case bool, int64, float64:
		return s
	}
	return strconv.QuoteToASCII(s)
}
