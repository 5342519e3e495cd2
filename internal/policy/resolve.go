// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"slices"

	"github.com/quietsetup/quietsetup/events"
)

// Warning is a value that does not count, and why.
type Warning struct {
	Key    string // "" = about what is at At as a whole
	Origin Origin
	At     string // "file:line", where the layer knows it
	Text   string
}

// String is one line: "file:line: max_defer (config): must be …".
func (w Warning) String() string {
	s := w.Text
	if w.Key != "" {
		s = fmt.Sprintf("%s (%s): %s", printable(w.Key), w.Origin, w.Text)
	}
	if w.At != "" {
		s = w.At + ": " + s
	}
	return s
}

// Resolve makes the effective policy of layers given weakest first, above the
// built-in values. The policy is valid whatever the layers hold, and its Origin
// names every key.
func Resolve(layers ...Layer) (events.Policy, []Warning) {
	p := events.DefaultPolicy()
	p.Origin = map[string]string{}
	var warnings []Warning
	for _, k := range keys() {
		p.Origin[k.name] = string(BuiltIn)
		for _, l := range slices.Backward(layers) {
			v, said := l.values[k.name]
			if !said {
				continue
			}
			if err := k.set(&p, v.raw); err != nil {
				warnings = append(warnings, Warning{k.name, l.Origin, v.at, err.Error() + "; ignored"})
				continue
			}
			p.Origin[k.name] = string(l.Origin)
			break
		}
	}
	for _, l := range layers {
		for name, v := range l.values {
			if err := Known(name); err != nil {
				warnings = append(warnings, Warning{name, l.Origin, v.at, err.Error() + "; ignored"})
			}
		}
	}
	slices.SortFunc(warnings, func(a, b Warning) int { return slices.Compare(a.order(), b.order()) })
	return p, warnings
}

// printable quotes a key that is not one of ours: it may hold anything.
func printable(name string) string {
	if Known(name) == nil {
		return name
	}
	return quote(name)
}

func (w Warning) order() []string { return []string{w.Key, string(w.Origin), w.At, w.Text} }

// Known returns nil if name is a key in one of its spellings, else an error
// that says what is wrong with it.
func Known(name string) error {
	name = Canonical(name)
	if slices.ContainsFunc(keys(), func(k key) bool { return k.name == name }) {
		return nil
	}
	if slices.Contains(planned(), name) {
		return fmt.Errorf("this version does not know %s yet", name)
	}
	return fmt.Errorf("%s is not a policy key", quote(name))
}

// Entry is one key of an effective policy, for people.
type Entry struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
}

// Describe lists a policy key by key in the order of the documentation.
func Describe(p events.Policy) []Entry {
	var out []Entry
	for _, k := range keys() {
		out = append(out, Entry{Key: k.name, Value: k.show(p), Origin: p.Origin[k.name]})
	}
	return out
}

// Check returns nil if every value of the policy is one that Resolve could have
// given, else an error that names the first key that is not.
func Check(p events.Policy) error {
	for _, k := range keys() {
		if err := k.check(p); err != nil {
			return fmt.Errorf("policy key %s: %w", k.name, err)
		}
	}
	return nil
}
