// SPDX-License-Identifier: Apache-2.0

package canon

import (
	"cmp"
	"slices"
	"strings"

	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

// entry is a key with the comments above it, or a comment that belongs to nothing.
type entry struct {
	above []string
	key   *tomlfile.Item // nil = only a comment
}

// section is a table's header with what stands below it. The first of a file has
// no header.
type section struct {
	above   []string
	header  *tomlfile.Item
	entries []entry
}

// unit is what stays together when tables change places: [[installers]] with the
// tables that belong to that one installer, or all of a root table.
type unit struct {
	root     string
	sections []section
}

// document is a whole file.
type document struct {
	head  section // before the first table
	units []unit
	tail  []entry // comments at the end of the file
}

// group puts items together; without together every table is a unit of its own,
// where it stands.
func group(items []tomlfile.Item, together bool) document {
	var sections []section
	now := section{}
	var above []string
	detach := func() {
		if len(above) > 0 {
			now.entries = append(now.entries, entry{above: above})
			above = nil
		}
	}
	for _, item := range items {
		switch item.Kind {
		case tomlfile.ItemBlank:
			detach()
		case tomlfile.ItemComment:
			above = append(above, item.Raw)
		case tomlfile.ItemKey:
			now.entries = append(now.entries, entry{above: above, key: &item})
			above = nil
		default:
			sections = append(sections, now)
			now = section{above: above, header: &item}
			above = nil
		}
	}
	detach()
	sections = append(sections, now)
	d := document{head: sections[0]}
	// What stands at the end of the file is about the file.
	for last := &sections[len(sections)-1]; last.header != nil && len(last.entries) > 0 && last.entries[len(last.entries)-1].key == nil; {
		n := len(last.entries) - 1
		d.tail = append([]entry{last.entries[n]}, d.tail...)
		last.entries = last.entries[:n]
	}
	for _, s := range sections[1:] {
		d.add(s, together)
	}
	return d
}

// add puts a section into the unit it belongs to.
func (d *document) add(s section, together bool) {
	root := s.header.Parts[0]
	begins := !together || len(s.header.Parts) == 1 && s.header.Kind == tomlfile.ItemElement
	for i := len(d.units) - 1; i >= 0 && !begins; i-- {
		// What is not known keeps its place, so only neighbours are taken together.
		if d.units[i].root == root && (known(root) || i == len(d.units)-1) {
			d.units[i].sections = append(d.units[i].sections, s)
			return
		}
	}
	d.units = append(d.units, unit{root: root, sections: []section{s}})
}

func known(root string) bool { return slices.Contains(metadata.Known(""), root) }

// arrange brings everything into its order.
func (d *document) arrange() {
	d.head.arrange("")
	arrange(d.units, func(u unit) []int { return place("", []string{u.root}) })
	for _, u := range d.units {
		arrange(u.sections, func(s section) []int { return place("", s.header.Parts) })
		for _, s := range u.sections {
			s.arrange(strings.Join(s.header.Parts, "."))
		}
	}
}

func (s section) arrange(table string) {
	arrange(s.entries, func(e entry) []int {
		if e.key == nil {
			return nil
		}
		return place(table, e.key.Parts)
	})
}

// arrange sorts those that have a place, in the places where they stand; the
// others stay where they are.
func arrange[T any](all []T, place func(T) []int) {
	var at []int
	var some []T
	for i, x := range all {
		if place(x) != nil {
			at, some = append(at, i), append(some, x)
		}
	}
	slices.SortStableFunc(some, func(a, b T) int { return slices.Compare(place(a), place(b)) })
	for n, i := range at {
		all[i] = some[n]
	}
}

// place is where a key below a table comes in the order of the documentation,
// one number for each of its parts; nil for one that is not known.
func place(table string, parts []string) []int {
	var out []int
	for n, part := range parts {
		keys := metadata.Known(table)
		if keys == nil && n > 0 {
			return nil
		}
		i := slices.Index(keys, part)
		if i < 0 {
			return nil
		}
		out = append(out, i)
		table = strings.TrimPrefix(cmp.Or(table+".", "")+part, ".")
	}
	return out
}
