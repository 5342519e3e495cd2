// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"

	"github.com/quietsetup/quietsetup/events"
)

// maxCount bounds every counter: a slip of the finger is not a thousand defers.
const maxCount = 1000

// Kind is the form of a key's values.
type Kind string

// The kinds, with the type of a value of each.
const (
	Flag  Kind = "flag"  // bool
	Word  Kind = "word"  // string, one of Key.Words
	Count Kind = "count" // int, from Key.Least to Key.Most
	Time  Kind = "time"  // events.Span, from 0 to MaxSpan
	Date  Kind = "date"  // string, a moment with its distance from UTC; "" = none
)

// Key is one key of the policy. Every layer may say something about every key.
type Key struct {
	Name  string
	First string // its spelling in the first concept; "" = the same, or it had none
	Kind  Kind
	Words []string // of a Word, the most usual first
	// Least and Most bound a Count.
	Least, Most int64
	builtIn     any    // of a key of the machine
	Meaning     string // one line for people, English, without a full stop

	get func(p *events.Policy) any
	set func(p *events.Policy, v any)
}

// Keys lists the policy in the order of the documentation. The recheck is a
// user's choice only: as a result of a time-out or limit it would go round in
// circles, so no key allows it.
func Keys() []Key {
	const (
		deferred = string(events.ChoiceDefer)
		kill     = string(events.ChoiceKill)
		fail     = string(events.ChoiceFail)
	)
	return []Key{
		flag("active", func(p *events.Policy) *bool { return &p.Active },
			"whether anything is installed at all"),
		word("default_action", "TIMEOUT_ACTION", func(p *events.Policy) *events.Choice { return &p.DefaultAction },
			"what happens when the time of a question is over and nobody answered", deferred, kill, fail),
		span("dialog_timeout", "DIALOG_TIMEOUT", func(p *events.Policy) *events.Span { return &p.DialogTimeout },
			"how long a question stays; 0 = nobody is asked and nothing is closed"),
		count("max_recheck", "MAXRECHECK", 0, func(p *events.Policy) *int { return &p.MaxRecheck },
			"how often \"I've closed them\" is offered in one round"),
		word("max_recheck_action", "MAXRECHECK_ACTION", func(p *events.Policy) *events.Choice { return &p.RecheckAction },
			"what happens when that is used up and programs still run", deferred, kill, fail),
		count("max_defer", "MAXDEFER", 0, func(p *events.Policy) *int { return &p.MaxDefer },
			"how often in a row \"later\" is offered; then comes the last notice"),
		word("max_defer_action", "MAXDEFER_ACTION", func(p *events.Policy) *events.Choice { return &p.DeferAction },
			"what happens at the end of the last notice", kill, deferred, fail),
		span("defer_interval", "", func(p *events.Policy) *events.Span { return &p.DeferInterval },
			"how long a product rests after it was put off"),
		span("prompt_interval", "", func(p *events.Policy) *events.Span { return &p.PromptInterval },
			"a session sees the questions of at most one round in this time"),
		span("final_notice", "", func(p *events.Policy) *events.Span { return &p.FinalNotice },
			"how long the last notice stays; 0 = as long as any question"),
		count("max_unanswered", "", 0, func(p *events.Policy) *int { return &p.MaxUnanswered },
			"how many questions in a row nobody may have seen"),
		word("unanswered_action", "", func(p *events.Policy) *events.Choice { return &p.Unanswered },
			"what happens then; put off means that it is shown as overdue", deferred, fail),
		word("without_metadata", "", func(p *events.Policy) *string { return &p.WithoutMeta },
			"what to do where nobody knows what is disturbed and somebody is there", events.Wait, events.Install),
		word("alone_action", "", func(p *events.Policy) *string { return &p.AloneAction },
			"what to do about programs that run while nobody is there", events.Wait, events.Kill),
		flag("urgent", func(p *events.Policy) *bool { return &p.Urgent },
			"whether it does not wait: the next question is the last notice, and comes at once"),
		{Name: "deadline", Kind: Date, Meaning: "from when on the next question is the last notice; empty = never",
			get: func(p *events.Policy) any { return p.Deadline }, set: func(p *events.Policy, v any) { p.Deadline = v.(string) }},
		span("close_grace", "", func(p *events.Policy) *events.Span { return &p.CloseGrace },
			"how long a program that was asked to close may take"),
		span("installer_timeout", "", func(p *events.Policy) *events.Span { return &p.InstallTimeout },
			"after which time a running installer is shown as overdue, never ended; 0 = never"),
		// No attempt at all would be a product that never installs and never fails.
		count("max_attempts", "", 1, func(p *events.Policy) *int { return &p.MaxAttempts },
			"how often an installer that may be repeated is tried"),
		word("reboot_gate", "", func(p *events.Policy) *string { return &p.RebootGate },
			"who waits for a restart that this product wants", events.Dependants, events.All),
	}
}

// Lookup finds a key by any of its spellings, one of the machine too.
func Lookup(name string) (Key, bool) {
	name = Canonical(name)
	all := append(Keys(), MachineKeys()...)
	i := slices.IndexFunc(all, func(k Key) bool { return k.Name == name })
	if i < 0 {
		return Key{}, false
	}
	return all[i], true
}

// Planned are keys that have a place in the design and no effect yet. A value
// for one must not pass in silence: an admin who sets a blackout relies on it.
func Planned() []string {
	return []string{"deadline_days", "warn_before", "install_windows", "blackout", "busy", "max_busy", "role", "reopen"}
}

func flag(name string, at func(*events.Policy) *bool, meaning string) Key {
	return Key{Name: name, Kind: Flag, Meaning: meaning,
		get: func(p *events.Policy) any { return *at(p) },
		set: func(p *events.Policy, v any) { *at(p) = v.(bool) }}
}

func word[T ~string](name, first string, at func(*events.Policy) *T, meaning string, words ...string) Key {
	return Key{Name: name, First: first, Kind: Word, Words: words, Meaning: meaning,
		get: func(p *events.Policy) any { return string(*at(p)) },
		set: func(p *events.Policy, v any) { *at(p) = T(v.(string)) }}
}

func count(name, first string, least int64, at func(*events.Policy) *int, meaning string) Key {
	return Key{Name: name, First: first, Kind: Count, Least: least, Most: maxCount, Meaning: meaning,
		get: func(p *events.Policy) any { return *at(p) },
		set: func(p *events.Policy, v any) { *at(p) = v.(int) }}
}

func span(name, first string, at func(*events.Policy) *events.Span, meaning string) Key {
	return Key{Name: name, First: first, Kind: Time, Meaning: meaning,
		get: func(p *events.Policy) any { return *at(p) },
		set: func(p *events.Policy, v any) { *at(p) = v.(events.Span) }}
}
