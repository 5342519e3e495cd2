// SPDX-License-Identifier: Apache-2.0

package policy

import "strings"

// Origin says which layer a value came from.
type Origin string

// The layers, weakest first. Layers says more about each.
const (
	BuiltIn  Origin = "built-in"
	Metadata Origin = "metadata" // the packager
	Config   Origin = "config"   // the config file's [policy]
	Server   Origin = "server"
	Depot    Origin = "depot"
	Client   Origin = "client"
	Product  Origin = "product" // the admin's word about one product; beats everything
)

// About says what people must know of a layer: English, one line each.
type About struct {
	Origin Origin
	Who    string // whose opinion it is
	Where  string // where it is written
}

// Layers lists all layers, weakest first.
func Layers() []About {
	return []About{
		{BuiltIn, "nobody", "in the program"},
		{Metadata, "the packager", "`[quietsetup.policy]` of the package's metadata file; the same table in the site's overlay file beats it"},
		{Config, "the site", "`[policy]` of the config file"},
		{Server, "the site", "defaults of the config ids `quietsetup.<key>` on an opsi server, and of the lists `quietsetup.urgent` and `quietsetup.deadlines`"},
		{Depot, "the site", "the server's values of these ids for a depot"},
		{Client, "the site", "the server's values of these ids for this client"},
		{Product, "the admin, about one product", "`[policy.product.<id>]` of the config file; stronger still, properties `quietsetup_<key>` of the product on an opsi server"},
	}
}

// Layer is what one origin says. The zero Layer says nothing.
type Layer struct {
	Origin Origin
	values map[string][]value // weakest first
}

// value is an opinion as it was written, not judged yet.
type value struct {
	key string // in the spelling used
	raw any
	at  string // where it was written, "file:line"
}

// NewLayer returns an empty layer.
func NewLayer(o Origin) Layer { return Layer{Origin: o, values: map[string][]value{}} }

// Set notes what the layer says about a key, in any spelling. What is said later
// about the same key is stronger: a layer of several places, as a package and the
// site's file above it, is filled weakest first. raw is a bool, int64, string or
// whatever a file held; at is where it stands and goes into warnings. The layer
// must come from NewLayer.
func (l Layer) Set(key string, raw any, at string) {
	name := Canonical(key)
	l.values[name] = append(l.values[name], value{key, raw, at})
}

// Empty reports whether the layer says nothing.
func (l Layer) Empty() bool { return len(l.values) == 0 }

// Canonical gives a key's own name for any of its spellings. A name that is no
// key comes back in lower case.
func Canonical(name string) string {
	name = strings.ToLower(name)
	for _, k := range Keys() {
		if k.First != "" && strings.ToLower(k.First) == name {
			return k.Name
		}
	}
	return name
}
