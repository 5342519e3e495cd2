// SPDX-License-Identifier: Apache-2.0

package opsitest

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Object is a row as JSON-RPC carries it: "type" names the class. A value is a
// string, bool, int or list ([]any of strings or bools); nil is null.
type Object map[string]any

// Text is a text attribute; "" also for null.
func (o Object) Text(attribute string) string {
	s, _ := o[attribute].(string)
	return s
}

// Int is a number; 0 also for null.
func (o Object) Int(attribute string) int {
	n, _ := o[attribute].(int)
	return n
}

// List is a list of texts.
func (o Object) List(attribute string) []string {
	var out []string
	values, _ := o[attribute].([]any)
	for _, v := range values {
		out = append(out, fmt.Sprint(v))
	}
	return out
}

// clone copies a row; lists are never changed in place.
func (o Object) clone() Object { return maps.Clone(o) }

// accept makes an object of what a client sent (contract 2): a dict with a known
// type becomes an object and bad values are refused; keys that the class does
// not have are ignored.
func (s *Server) accept(v any, table string) (*kind, Object, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, nil, valueError("Not an object: %v", v)
	}
	class, _ := m["type"].(string)
	k := s.kinds[class]
	if k == nil || k.table != table {
		return nil, nil, valueError("Not an object of %s: type %q", table, class)
	}
	o := Object{"type": class}
	for _, f := range k.fields {
		value, err := f.value(m[f.name])
		if err != nil {
			return nil, nil, err
		}
		if value == nil && slices.Contains(k.ident, f.name) {
			return nil, nil, valueError("%s needs %s", class, f.name)
		}
		o[f.name] = value
	}
	if k.open {
		for name, v := range m {
			if _, ok := o[name]; ok {
				continue
			}
			o[name] = plain(v)
		}
	}
	return k, o, nil
}

// plain is a JSON value as rows hold it.
func plain(v any) any {
	if n, ok := v.(json.Number); ok {
		if i, err := n.Int64(); err == nil {
			return int(i)
		}
		f, _ := n.Float64()
		return f
	}
	return v
}

// value checks what is given for a field and gives it the form of a row.
func (f field) value(v any) (any, error) {
	bad := func() (any, error) { return nil, valueError("Bad %s: %v", f.name, v) }
	if v == nil {
		return nil, nil
	}
	switch f.form {
	case aBool:
		if b, ok := v.(bool); ok {
			return b, nil
		}
		return bad()
	case aNumber:
		n, ok := plain(v).(int)
		if !ok {
			return bad()
		}
		if f.least < f.most {
			n = min(max(n, f.least), f.most)
		}
		return n, nil
	case aList:
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, e := range list {
			switch e.(type) {
			case string, bool:
			default:
				return bad()
			}
		}
		return list, nil
	}
	t, ok := v.(string)
	if !ok {
		return bad()
	}
	return f.text(t)
}

// text is value for texts of every form.
func (f field) text(t string) (any, error) {
	bad := func() (any, error) { return nil, valueError("Bad %s: %q", f.name, t) }
	switch f.form {
	case aWord:
		if f.name == "productType" {
			switch t { // both spellings are taken (contract 2)
			case "localboot":
				t = "LocalbootProduct"
			case "netboot":
				t = "NetbootProduct"
			}
		}
		if t == "undefined" && f.name != "targetConfiguration" {
			return nil, nil // Quirk: the request "undefined" is null (contract 2).
		}
		if t == "" && f.name == "actionResult" {
			// Quirk: an empty actionResult is null, so an update leaves it as it
			// was (contract 2).
			return nil, nil
		}
		if !slices.Contains(f.words, t) {
			return bad()
		}
	case aHost:
		t = strings.ToLower(t)
		if strings.Count(t, ".") < 2 || strings.ContainsAny(t, " /'\"") {
			return bad()
		}
	case aProduct:
		if !productIDs.MatchString(t) {
			return bad()
		}
	case aProductVersion:
		if !productVersions.MatchString(t) {
			return bad()
		}
	case aPackageVersion:
		if !packageVersions.MatchString(t) {
			return bad()
		}
	case aTime:
		if !times.MatchString(t) {
			return bad()
		}
	case aKey:
		if t = strings.ToLower(t); !keys.MatchString(t) {
			return bad()
		}
	}
	if f.most > 0 {
		if r := []rune(t); len(r) > f.most {
			t = string(r[:f.most])
		}
	}
	return t, nil
}

// The syntax of ids and versions (contract 2, "Syntax").
var (
	productIDs      = regexp.MustCompile(`^[a-z0-9-_.]{1,128}$`)
	productVersions = regexp.MustCompile(`^[a-zA-Z0-9.]{1,32}$`)
	packageVersions = regexp.MustCompile(`^[a-zA-Z0-9.]{1,16}$`)
	times           = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$`)
	keys            = regexp.MustCompile(`^[0-9a-f]{32}$`)
)

// key is a row's primary key; sorting by it is the order of results.
func (k *kind) key(o Object) string {
	parts := make([]string, len(k.ident))
	for i, a := range k.ident {
		parts[i] = o.Text(a)
	}
	return strings.Join(parts, "\x00")
}
