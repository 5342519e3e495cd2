// SPDX-License-Identifier: Apache-2.0

package opsitest

import (
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// Write is one write of one row, also one that changed nothing.
type Write struct {
	At      time.Time
	Caller  string // the host or user; "" = the test itself
	Method  string // "" = the test itself
	Request int    // the number of the HTTP request, from 1; 0 = the test itself
	Class   string
	Before  Object // nil = there was no row
	After   Object // nil = there is none
}

// Changed reports whether the write made a difference that a person sees: more
// than the time of the change.
func (w Write) Changed() bool {
	a, b := w.Before.clone(), w.After.clone()
	delete(a, "modificationTime")
	delete(b, "modificationTime")
	x, _ := json.Marshal(a) // maps of texts, numbers and lists
	y, _ := json.Marshal(b)
	return string(x) != string(y)
}

// clock is a time as rows hold it.
func clock(t time.Time) string { return t.Format("2006-01-02 15:04:05") }

// sorted are the rows of a table in the order of their keys, which is the order
// that people see although no query asks for one (contract 2).
func (s *Server) sorted(table string) []Object {
	rows := s.rows[table]
	var out []Object
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		out = append(out, rows[key])
	}
	return out
}

func (s *Server) kindOf(o Object) *kind { return s.kinds[o.Text("type")] }

// find are the rows that fit, whole.
func (s *Server) find(table string, filter map[string]any) ([]Object, error) {
	m, err := s.compile(table, filter)
	if err != nil {
		return nil, err
	}
	out := []Object{}
	for _, o := range s.sorted(table) {
		if m.fits(o) {
			out = append(out, o)
		}
	}
	return out, nil
}

// put stores a row and remembers that.
func (s *Server) put(c caller, k *kind, before, after Object) {
	if s.rows[k.table] == nil {
		s.rows[k.table] = map[string]Object{}
	}
	w := Write{At: s.now(), Caller: c.name, Method: c.method, Request: c.request, Class: k.class, Before: before.clone(), After: after.clone()}
	if after == nil {
		delete(s.rows[k.table], k.rowKey(before))
	} else {
		s.rows[k.table][k.rowKey(after)] = after
	}
	s.history = append(s.history, w)
}

// rowKey is key, for a device of a host the whole device.
func (k *kind) rowKey(o Object) string {
	if !k.open {
		return k.key(o)
	}
	whole := o.clone()
	for _, a := range []string{"firstseen", "lastseen", "state"} {
		delete(whole, a)
	}
	text, _ := json.Marshal(whole) // of plain values
	return k.key(o) + "\x00" + string(text)
}

// insert makes a row, with nulls as they are: what was there is overwritten
// (contract 2, createObjects and insertObject).
func (s *Server) insert(c caller, k *kind, o Object) {
	row := o.clone()
	for _, f := range k.fields {
		if row[f.name] == nil && f.initial != nil {
			row[f.name] = f.initial
		}
	}
	switch k.table {
	case "productOnClient":
		row["actionSequence"] = -1 // never stored (contract 2)
		if row["modificationTime"] == nil {
			row["modificationTime"] = clock(s.now())
		}
	case "productPropertyState":
		row["values"] = ordered(row["values"])
	case "host":
		if k.class == "OpsiClient" && row["created"] == nil {
			row["created"] = clock(s.now())
		}
	}
	s.put(c, k, s.rows[k.table][k.rowKey(row)], row)
}

// ordered sorts the values of a product property, as the server does (contract 2).
func ordered(v any) any {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	out := slices.Clone(list)
	slices.SortFunc(out, func(a, b any) int {
		x, _ := a.(string)
		y, _ := b.(string)
		if x < y {
			return -1
		}
		if x > y {
			return 1
		}
		return 0
	})
	return out
}

// update changes a row that is there. Null leaves an attribute alone. No row, or
// one of another product type, is a silent no-op (contract 2). It reports
// whether there was one.
func (s *Server) update(c caller, k *kind, o Object) bool {
	before := s.rows[k.table][k.rowKey(o)]
	if before == nil {
		return false
	}
	row, changed := before.clone(), false
	for name, v := range o {
		if v == nil || name == "type" || name == "actionSequence" {
			continue
		}
		if k.table == "productPropertyState" && name == "values" {
			v = ordered(v)
		}
		if !same(row[name], v) {
			row[name], changed = v, true
		}
	}
	// Quirk: the time of a change is the database's, when a value changed and the
	// client gave no time; a time that is given is kept (contract 3).
	if k.table == "productOnClient" && changed && o["modificationTime"] == nil {
		row["modificationTime"] = clock(s.now())
	}
	s.put(c, k, before, row)
	return true
}

func same(a, b any) bool {
	x, _ := json.Marshal(a) // texts, numbers, lists
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}
