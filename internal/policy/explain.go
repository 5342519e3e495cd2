// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
)

// Decision is how one key got its value.
type Decision struct {
	Key    Key
	Value  any       // of the opinion that counts; its type follows Key.Kind
	Said   []Opinion // strongest first; the last one is the built-in
	Counts int       // which of Said counts
}

// Opinion is what was said about a key at one place.
type Opinion struct {
	Origin  Origin
	Place   string // "file:line", where the layer knows it; "" = built in
	Spelled string // the key as it stands there
	Written string // the value as it stands there: bounded, and fit for a line
	Value   any    // nil if what is written is no value of the key
	Bad     string // why it never counts, English; "" = it is valid
}

// Winner is the opinion that counts.
func (d Decision) Winner() Opinion { return d.Said[d.Counts] }

// Passed are the opinions that should have counted and are bad, strongest first.
func (d Decision) Passed() []Opinion { return d.Said[:d.Counts] }

// Explain says for every key, in the order of Keys, what each layer says and
// which opinion counts. Layers are given weakest first, above the built-in one.
func Explain(layers ...Layer) []Decision { return explain(Keys(), layers) }

func explain(keys []Key, layers []Layer) []Decision {
	var out []Decision
	for _, k := range keys {
		d := Decision{Key: k}
		for _, l := range slices.Backward(layers) {
			for _, v := range slices.Backward(l.values[k.Name]) {
				o := Opinion{Origin: l.Origin, Place: v.at, Spelled: v.key}
				value, err := k.Parse(v.raw)
				if err != nil {
					o.Written, o.Bad = quote(v.raw), err.Error()
				} else {
					o.Value, o.Written = value, Write(value)
				}
				d.Said = append(d.Said, o)
			}
		}
		b := k.BuiltIn()
		d.Said = append(d.Said, Opinion{Origin: BuiltIn, Spelled: k.Name, Value: b, Written: Write(b)})
		d.Counts = slices.IndexFunc(d.Said, func(o Opinion) bool { return o.Bad == "" })
		d.Value = d.Winner().Value
		out = append(out, d)
	}
	return out
}

// Unknown are the warnings about keys that a layer holds and nobody knows.
func Unknown(layers ...Layer) []Warning {
	var out []Warning
	for _, l := range layers {
		for name, vs := range l.values {
			err := KnownTo(l.Origin, name)
			if err == nil {
				continue
			}
			for _, v := range vs {
				out = append(out, Warning{name, l.Origin, v.at, err.Error() + "; ignored"})
			}
		}
	}
	slices.SortFunc(out, order)
	return out
}
