// SPDX-License-Identifier: Apache-2.0

package config

import (
	"maps"
	"slices"

	"github.com/quietsetup/quietsetup/internal/policy"
)

// Setting is one key of the file that is no policy, as people are shown it.
type Setting struct {
	Key   string // "source.depot"
	Value any    // string, int, or time.Duration
	Place string // "file:line"; "" = nothing is written, the default counts
}

// Settings lists them in the order of the example file.
func (c Config) Settings() []Setting {
	out := []Setting{
		{Key: "source.kind", Value: c.Source.Kind},
		{Key: "source.depot", Value: c.Source.Depot},
		{Key: "source.poll", Value: c.Source.Poll},
		{Key: "source.algorithm", Value: c.Source.Algorithm},
		{Key: "source.url", Value: c.Source.URL},
		{Key: "source.host_id", Value: c.Source.HostID},
		{Key: "source.key_file", Value: c.Source.KeyFile},
		{Key: "source.ca_file", Value: c.Source.CAFile},
		{Key: "source.opsi_script", Value: c.Source.OpsiScript},
		{Key: "metadata.overlay", Value: c.Overlay},
		{Key: "log.level", Value: c.Log.Level},
		{Key: "log.format", Value: c.Log.Format},
		{Key: "ui.asker", Value: c.UI.Asker},
		{Key: "ui.contact", Value: c.UI.Contact},
		{Key: "ui.logo", Value: c.UI.Logo},
	}
	for i := range out {
		out[i].Place = c.places[out[i].Key]
	}
	return out
}

// Place is "file:line" of a key that is no policy, "" if it is not written.
func (c Config) Place(key string) string { return c.places[key] }

// Site is what the file says about all products, [policy].
func (c Config) Site() policy.Layer { return c.site }

// Products lists the products with a table of their own, [policy.product.<id>],
// in order.
func (c Config) Products() []string { return slices.Sorted(maps.Keys(c.products)) }

// ProductPlace is "file:line" of a product's table, "" if it has none.
func (c Config) ProductPlace(id string) string { return c.products[id].place }

// Others tells who else could change the file, nil if only root and whoever runs
// this. Root is given it as an error of Load.
func (c Config) Others() error { return c.others }
