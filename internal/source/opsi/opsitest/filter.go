// SPDX-License-Identifier: Apache-2.0

package opsitest

import (
	"fmt"
	"slices"
	"strings"
)

// matcher says whether a row fits a filter.
type matcher map[string][]any

// compile checks a filter (contract 2): a scalar or a list, of which one must
// fit; null values are ignored, an empty list is no restriction, an unknown
// attribute is an error.
func (s *Server) compile(table string, filter map[string]any) (matcher, error) {
	m := matcher{}
	for name, v := range filter {
		if !s.tableHas(table, name) {
			return nil, valueError("Invalid filter '%s'", name)
		}
		switch v := v.(type) {
		case nil:
		case []any:
			if len(v) > 0 {
				m[name] = v
			}
		default:
			m[name] = []any{v}
		}
	}
	return m, nil
}

func (s *Server) tableHas(table, attribute string) bool {
	for _, k := range s.kinds {
		if k.table == table && k.has(attribute) {
			return true
		}
	}
	return false
}

func (m matcher) fits(o Object) bool {
	for name, wanted := range m {
		if !slices.ContainsFunc(wanted, func(w any) bool { return fits(name, o[name], w) }) {
			return false
		}
	}
	return true
}

// fits compares one attribute with one value of a filter.
func fits(name string, have, want any) bool {
	if list, ok := have.([]any); ok {
		return slices.ContainsFunc(list, func(h any) bool { return fits(name, h, want) })
	}
	// Quirk: a filter for the class OpsiDepotserver finds the config server too
	// (contract 2).
	if name == "type" && want == "OpsiDepotserver" && have == "OpsiConfigserver" {
		return true
	}
	w, ok := want.(string)
	if !ok {
		return have != nil && fmt.Sprint(have) == fmt.Sprint(plain(want))
	}
	if have == nil {
		return false
	}
	h := fmt.Sprint(have)
	if h == w {
		return true
	}
	switch {
	case strings.HasPrefix(w, "<"):
		return h < strings.TrimSpace(w[1:])
	case strings.HasPrefix(w, ">"):
		return h > strings.TrimSpace(w[1:])
	}
	return wild(h, w)
}

// wild matches a text with a pattern in which * stands for anything.
func wild(text, pattern string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return text == pattern
	}
	text, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	last := len(parts) - 1
	for _, p := range parts[1:last] {
		i := strings.Index(text, p)
		if i < 0 {
			return false
		}
		text = text[i+len(p):]
	}
	return strings.HasSuffix(text, parts[last])
}

// choose leaves the selected attributes; the others come back as null, the
// primary key always comes back (contract 2).
func (k *kind) choose(o Object, attributes []string) Object {
	if len(attributes) == 0 {
		return o.clone()
	}
	out := Object{"type": o["type"]}
	for name, v := range o {
		if name == "type" {
			continue
		}
		if slices.Contains(attributes, name) || slices.Contains(k.ident, name) {
			out[name] = v
		} else {
			out[name] = nil
		}
	}
	return out
}
