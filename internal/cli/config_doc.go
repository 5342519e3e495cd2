// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"github.com/quietsetup/quietsetup/internal/configcheck"
	"github.com/quietsetup/quietsetup/internal/policy"
)

// configDoc is the document of config show.
type configDoc struct {
	Schema  string `json:"schema"` // config/v1
	File    string `json:"file"`
	Found   bool   `json:"found"`             // false = there is no file, the defaults count
	Product string `json:"product,omitempty"` // "" = the site, without any package
	// Complete: the package's own word is among the layers; if not, Reason says why.
	Complete bool         `json:"complete"`
	Reason   string       `json:"reason,omitempty"`
	Unasked  string       `json:"server_reason,omitempty"` // why what the opsi server set is not among the layers
	Settings []settingDoc `json:"settings,omitempty"`
	Products []string     `json:"products,omitempty"` // with a table of their own in the file
	Policy   []policyDoc  `json:"policy"`
	Clashes  []clashDoc   `json:"clashes"`
	Unknown  []unknownDoc `json:"unknown"`          // keys that nobody knows
	Frozen   *frozenDoc   `json:"frozen,omitempty"` // the daemon goes on under another policy
}

// settingDoc is a key of the file that is no policy.
type settingDoc struct {
	Key    string `json:"key"`
	Value  any    `json:"value"`
	Origin string `json:"origin"` // built-in, config
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
}

// policyDoc is one key with everything that was said about it.
type policyDoc struct {
	Key     string    `json:"key"`
	Value   any       `json:"value"` // a span of time in seconds
	Origin  string    `json:"origin"`
	File    string    `json:"file,omitempty"`
	Line    int       `json:"line,omitempty"`
	Meaning string    `json:"meaning"`
	Said    []saidDoc `json:"said"` // strongest first; the last is built in
}

// saidDoc is one opinion.
type saidDoc struct {
	Origin  string `json:"origin"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Written string `json:"written"`
	Value   any    `json:"value"` // null if what is written is none
	Counts  bool   `json:"counts"`
	Bad     string `json:"bad,omitempty"` // why it never counts
}

// clashDoc is about values that make no sense together.
type clashDoc struct {
	Code    string   `json:"code"`
	Keys    []string `json:"keys"`
	Message string   `json:"message"`
}

// unknownDoc is a key that is ignored.
type unknownDoc struct {
	Key     string `json:"key"`
	Origin  string `json:"origin"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Message string `json:"message"`
}

// frozenDoc is what an open round of the product goes on under, where that differs.
type frozenDoc struct {
	Round  int           `json:"round"`
	Phase  string        `json:"phase"`
	Policy []frozenValue `json:"policy"` // the keys that differ
}

type frozenValue struct {
	Key    string `json:"key"`
	Value  any    `json:"value"`
	Origin string `json:"origin"`
}

func (s shown) document() configDoc {
	doc := configDoc{Schema: "config/v1", File: s.file, Found: s.config.Path != "", Product: s.product,
		Complete: s.missing == "", Reason: s.missing, Unasked: s.unasked, Clashes: []clashDoc{}, Unknown: []unknownDoc{}, Frozen: s.frozen}
	if s.product == "" {
		doc.Products = s.config.Products()
		for _, x := range s.config.Settings() {
			d := settingDoc{Key: x.Key, Value: value(x.Value), Origin: string(policy.BuiltIn)}
			if x.Place != "" {
				d.Origin = string(policy.Config)
				d.File, d.Line = configcheck.Place(x.Place)
			}
			doc.Settings = append(doc.Settings, d)
		}
	}
	for _, d := range s.decisions() {
		w := d.Winner()
		out := policyDoc{Key: d.Key.Name, Value: value(d.Value), Origin: string(w.Origin), Meaning: d.Key.Meaning}
		out.File, out.Line = configcheck.Place(w.Place)
		for i, o := range d.Said {
			said := saidDoc{Origin: string(o.Origin), Written: o.Written, Value: value(o.Value), Counts: i == d.Counts, Bad: o.Bad}
			said.File, said.Line = configcheck.Place(o.Place)
			out.Said = append(out.Said, said)
		}
		doc.Policy = append(doc.Policy, out)
	}
	p, _ := policy.Resolve(s.layers...)
	for _, c := range policy.ClashesOf(p) {
		doc.Clashes = append(doc.Clashes, clashDoc{c.Code, c.Keys, c.Meaning})
	}
	for _, w := range policy.Unknown(s.layers...) {
		u := unknownDoc{Key: w.Key, Origin: string(w.Origin), Message: w.Text}
		u.File, u.Line = configcheck.Place(w.At)
		doc.Unknown = append(doc.Unknown, u)
	}
	return doc
}
