// SPDX-License-Identifier: Apache-2.0

package policy

import "strings"

// Origin says which layer a value came from.
type Origin string

// The layers, weakest first.
const (
	BuiltIn  Origin = "built-in"
	Metadata Origin = "metadata" // the packager
	Config   Origin = "config"   // the config file's [policy]
	Server   Origin = "server"
	Depot    Origin = "depot"
	Client   Origin = "client"
	Product  Origin = "product" // the admin's word about one product; beats everything
)

// Layer is what one origin says. The zero Layer says nothing.
type Layer struct {
	Origin Origin
	values map[string]value
}

// value is an opinion as it was written, not judged yet.
type value struct {
	raw any
	at  string // where it was written, "file:line"
}

// NewLayer returns an empty layer.
func NewLayer(o Origin) Layer { return Layer{Origin: o, values: map[string]value{}} }

// Set notes what the layer says about a key, in any spelling; a later Set of the
// same key replaces an earlier one. raw is a bool, int64, string or whatever a
// file held; at is where it stands and goes into warnings. The layer must come
// from NewLayer.
func (l Layer) Set(key string, raw any, at string) { l.values[Canonical(key)] = value{raw, at} }

// Empty reports whether the layer says nothing.
func (l Layer) Empty() bool { return len(l.values) == 0 }

// Canonical gives a key's own name for any of its spellings. A name that is no
// key comes back in lower case.
func Canonical(name string) string {
	name = strings.ToLower(name)
	switch name {
	case "timeout_action":
		return "default_action"
	case "maxrecheck":
		return "max_recheck"
	case "maxrecheck_action":
		return "max_recheck_action"
	case "maxdefer":
		return "max_defer"
	case "maxdefer_action":
		return "max_defer_action"
	}
	return name
}
