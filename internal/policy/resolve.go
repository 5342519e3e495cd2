// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/meant"
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
// names every key. Explain says how it came about.
func Resolve(layers ...Layer) (events.Policy, []Warning) {
	p := events.DefaultPolicy()
	p.Origin = map[string]string{}
	warnings := Unknown(layers...)
	for _, d := range Explain(layers...) {
		d.Key.set(&p, d.Value)
		p.Origin[d.Key.Name] = string(d.Winner().Origin)
		warnings = append(warnings, passed(d)...)
	}
	for _, d := range ExplainMachine(layers...) {
		warnings = append(warnings, passed(d)...)
	}
	slices.SortFunc(warnings, order)
	return p, warnings
}

// passed are the warnings about values that should have counted and are bad.
func passed(d Decision) (out []Warning) {
	for _, o := range d.Passed() {
		out = append(out, Warning{d.Key.Name, o.Origin, o.Place, o.Bad + "; ignored"})
	}
	return out
}

func order(a, b Warning) int {
	return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Origin, b.Origin), cmp.Compare(a.At, b.At), cmp.Compare(a.Text, b.Text))
}

// printable quotes a key that is not one of ours: it may hold anything.
func printable(name string) string {
	if Known(name) == nil {
		return name
	}
	return quote(name)
}

// Known returns nil if name is a key in one of its spellings, else an error that
// says what is wrong with it, and which key was probably meant.
func Known(name string) error {
	name = Canonical(name)
	if slices.ContainsFunc(Keys(), func(k Key) bool { return k.Name == name }) {
		return nil
	}
	if ofTheMachine(name) {
		return fmt.Errorf("%s is about the machine as a whole, not about a product", name)
	}
	if slices.Contains(Planned(), name) {
		return fmt.Errorf("this version does not know %s yet", name)
	}
	if near := near(name, append(Keys(), MachineKeys()...)); near != "" {
		return fmt.Errorf("%s is not a policy key (did you mean %s?)", quote(name), near)
	}
	return fmt.Errorf("%s is not a policy key", quote(name))
}

// Near is the key that was probably meant by one that is not known, "" if none is
// close.
func Near(name string) string { return near(name, Keys()) }

func near(name string, keys []Key) string {
	var known []string
	for _, k := range keys {
		known = append(known, k.Name)
	}
	return meant.Word(name, known...)
}

// Check returns nil if every value of the policy is one that Resolve could have
// given, else an error that names the first key that is not. Tests hold against it
// whatever is resolved; a policy that was resolved needs no check.
func Check(p events.Policy) error {
	for _, k := range Keys() {
		if err := k.check(p); err != nil {
			return fmt.Errorf("policy key %s: %w", k.Name, err)
		}
	}
	return nil
}
