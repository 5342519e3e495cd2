// SPDX-License-Identifier: Apache-2.0

package policy

import "github.com/quietsetup/quietsetup/events"

// Clash is a combination of values of which each is valid, and which together do
// something else than one would think. It is said, and it counts.
type Clash struct {
	Code    string
	Keys    []string // involved, the one to change first
	Meaning string   // what will happen, one line for people, English, without a full stop

	when func(events.Policy) bool
}

// Clashes lists all that there are, in the order of the documentation. What they
// tell is what package fsm does.
func Clashes() []Clash {
	return []Clash{
		{"never-asked-default", []string{"default_action", "dialog_timeout"},
			"nobody is asked, so no question's time is ever over and default_action never happens; a product whose programs run waits until they end",
			func(p events.Policy) bool { return p.DialogTimeout == 0 && p.DefaultAction != events.ChoiceDefer }},
		{"never-asked-limit", []string{"max_defer", "dialog_timeout"},
			"nobody is asked, so nobody says \"later\" and the limit is never reached; a product whose programs run waits until they end",
			func(p events.Policy) bool { return p.DialogTimeout == 0 && said(p, "max_defer") }},
		{"never-asked-alone", []string{"alone_action", "dialog_timeout"},
			"dialog_timeout = 0 means that nothing is closed, also where nobody is there; alone_action = kill never happens",
			func(p events.Policy) bool { return p.DialogTimeout == 0 && p.AloneAction == events.Kill }},
		{"first-is-last", []string{"max_defer", "max_defer_action"},
			"the first question is the last notice already: \"later\" is never offered, and max_defer_action happens at its end",
			func(p events.Policy) bool { return p.MaxDefer == 0 && p.DialogTimeout > 0 }},
		{"question-blocks", []string{"dialog_timeout", "defer_interval"},
			"a question stays longer than a product rests after \"later\", and no other product is installed while it stays",
			func(p events.Policy) bool { return p.DialogTimeout > p.DeferInterval }},
		{"notice-blocks", []string{"final_notice", "defer_interval"},
			"the last notice stays longer than a product rests after \"later\", and no other product is installed while it stays",
			func(p events.Policy) bool { return p.FinalNotice > p.DeferInterval && p.DialogTimeout > 0 }},
		{"notice-shorter", []string{"final_notice", "dialog_timeout"},
			"the last notice, which cannot be put off, is shorter than the questions before it",
			func(p events.Policy) bool { return p.FinalNotice > 0 && p.FinalNotice < p.DialogTimeout }},
		{"rests-longer", []string{"prompt_interval", "defer_interval"},
			"after \"later\" the same people are asked again when prompt_interval is over, not when defer_interval is",
			func(p events.Policy) bool { return p.PromptInterval > p.DeferInterval && p.DialogTimeout > 0 }},
		{"asks-at-once", []string{"defer_interval", "prompt_interval"},
			"\"later\" lasts less than a minute: people are asked again at once until the limit is reached",
			func(p events.Policy) bool {
				return max(p.DeferInterval, p.PromptInterval) < events.Minute && p.DialogTimeout > 0
			}},
		{"never-rechecked", []string{"max_recheck_action", "max_recheck"},
			"\"I've closed them\" is not offered, so its limit is never reached and max_recheck_action never happens",
			func(p events.Policy) bool { return p.MaxRecheck == 0 && p.RecheckAction != events.ChoiceDefer }},
		{"fails-unseen", []string{"max_unanswered", "unanswered_action"},
			"the first question that nobody saw makes the product fail: a locked screen is enough",
			func(p events.Policy) bool { return p.MaxUnanswered <= 1 && p.Unanswered == events.ChoiceFail }},
		{"no-grace", []string{"close_grace"},
			"a program that was asked to close has no time for it: an agreed closing counts as refused, an announced one ends the program and what was not saved is lost",
			func(p events.Policy) bool { return p.CloseGrace == 0 && p.DialogTimeout > 0 }},
	}
}

// said: somebody said it, and it is not only built in.
func said(p events.Policy, key string) bool {
	o, ok := p.Origin[key]
	return ok && Origin(o) != BuiltIn
}

// ClashesOf finds those in a policy.
func ClashesOf(p events.Policy) []Clash {
	var out []Clash
	for _, c := range Clashes() {
		if c.when(p) {
			out = append(out, c)
		}
	}
	return out
}
