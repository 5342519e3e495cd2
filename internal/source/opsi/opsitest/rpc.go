// SPDX-License-Identifier: Apache-2.0

package opsitest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// rpcError is an exception of the server: clients tell errors apart by the name
// of its class (contract 1).
type rpcError struct{ class, message string }

func (e *rpcError) Error() string { return e.class + ": " + e.message }

func valueError(format string, args ...any) error {
	return &rpcError{"ValueError", fmt.Sprintf(format, args...)}
}

func denied(format string, args ...any) error {
	return &rpcError{"BackendPermissionDeniedError", fmt.Sprintf(format, args...)}
}

// caller is who calls, and in what.
type caller struct {
	name    string // host id or user name; "" = the test itself
	admin   bool
	method  string
	request int // number of the HTTP request
	session string
}

// owns reports whether a caller may touch the rows of a host.
func (c caller) owns(host string) bool { return c.admin || c.name == host }

// call is one call with its arguments by name.
type call struct {
	caller
	args map[string]any
}

func (c call) text(name string) string {
	s, _ := c.args[name].(string)
	return s
}

// list is an argument that may be a text or a list of texts; "" is no text.
func (c call) list(name string) []string { return textList(c.args[name]) }

func textList(v any) []string {
	switch v := v.(type) {
	case string:
		if v != "" {
			return []string{v}
		}
	case []any:
		var out []string
		for _, e := range v {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// truth is an argument as Python sees it: any text but "" is true.
//
// Quirk: with_defaults "false" is true (contract 2).
func (c call) truth(name string, otherwise bool) bool {
	switch v := c.args[name].(type) {
	case nil:
		return otherwise
	case bool:
		return v
	case string:
		return v != ""
	case json.Number:
		return v != "0"
	}
	return otherwise
}

// objects are the dicts of an argument that may be one or a list of them.
func (c call) objects(name string) []any {
	switch v := c.args[name].(type) {
	case []any:
		return v
	case nil:
		return nil
	default:
		return []any{v}
	}
}

// method is one RPC method. Parameters are written as backend_getInterface shows
// them: "*name" is optional, "**filter" takes all further keywords.
type method struct {
	params []string
	free   bool // not in the access list: what it does is judged inside
	do     func(call) (any, error)
}

// bind gives arguments their names.
func (m method) bind(params any) (map[string]any, error) {
	args := map[string]any{}
	filter := map[string]any{}
	takesFilter := len(m.params) > 0 && m.params[len(m.params)-1] == "**filter"
	named := m.params
	if takesFilter {
		named = named[:len(named)-1]
	}
	switch p := params.(type) {
	case nil:
	case map[string]any: // a keyword call
		for key, v := range p {
			known := false
			for _, n := range named {
				known = known || strings.TrimPrefix(n, "*") == key
			}
			switch {
			case known:
				args[key] = v
			case takesFilter:
				filter[key] = v
			default:
				return nil, &rpcError{"TypeError", fmt.Sprintf("got an unexpected keyword argument '%s'", key)}
			}
		}
	case []any:
		// Quirk: the filter is the last element and must be an object; an array of
		// one element is the attributes alone (contract 1).
		if takesFilter && len(p) > len(named) {
			f, ok := p[len(p)-1].(map[string]any)
			if !ok {
				return nil, &rpcError{"TypeError", "the last parameter must be a filter"}
			}
			filter, p = f, p[:len(p)-1]
		}
		if len(p) > len(named) {
			return nil, &rpcError{"TypeError", "too many positional arguments"}
		}
		for i, v := range p {
			args[strings.TrimPrefix(named[i], "*")] = v
		}
	default:
		return nil, &rpcError{"TypeError", "params must be an array or an object"}
	}
	for _, n := range named {
		if _, ok := args[n]; !ok && !strings.HasPrefix(n, "*") {
			return nil, &rpcError{"TypeError", fmt.Sprintf("missing a required argument: '%s'", n)}
		}
	}
	if takesFilter {
		args["filter"] = filter
	}
	return args, nil
}

// incoming is one call as it came in.
type incoming struct {
	id     any
	method string
	params any
	two    bool // JSON-RPC 2.0
}

// parse reads a body: one call or a batch.
func parse(body []byte) (calls []incoming, batch bool, err error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, false, err
	}
	list, batch := v.([]any)
	if !batch {
		list = []any{v}
	}
	for _, e := range list {
		m, ok := e.(map[string]any)
		if !ok {
			return nil, batch, errors.New("a call is an object")
		}
		in := incoming{id: m["id"], params: m["params"], two: m["jsonrpc"] == "2.0"}
		in.method, _ = m["method"].(string)
		if in.id == nil {
			in.id = 0 // a missing or null id becomes 0 (contract 1)
		}
		calls = append(calls, in)
	}
	return calls, batch, nil
}

// answer is what one call gets (contract 1): 1.0 and 2.0 differ in their keys.
func (in incoming) answer(result any, err error, admin bool) map[string]any {
	if err == nil {
		if in.two {
			return map[string]any{"jsonrpc": "2.0", "id": in.id, "result": result}
		}
		return map[string]any{"id": in.id, "result": result, "error": nil}
	}
	e := &rpcError{"Exception", err.Error()}
	errors.As(err, &e)
	var details any // a trace, for admins alone
	if admin {
		details = "Traceback (most recent call last): " + e.Error()
	}
	if in.two {
		// Quirk: the code is always 0; the class tells errors apart (contract 1).
		return map[string]any{"jsonrpc": "2.0", "id": in.id, "error": map[string]any{
			"message": e.message, "code": 0, "data": map[string]any{"class": e.class, "details": details}}}
	}
	return map[string]any{"id": in.id, "result": nil, "error": map[string]any{"message": e.message, "class": e.class, "details": details}}
}

// run carries out one call. The caller holds mu.
func (s *Server) run(c caller, in incoming) (any, error) {
	m, ok := s.methods[in.method]
	if !ok {
		return nil, valueError("Invalid method '%s'", in.method)
	}
	args, err := m.bind(in.params)
	if err != nil {
		return nil, err
	}
	c.method = in.method
	if !c.admin && !m.free && !clientMay(in.method) {
		return nil, denied("No permission for method '%s'", in.method)
	}
	return m.do(call{c, args})
}

// clientMay is the access list for a client (contract 1, "Permissions"). Which
// rows it reaches is judged by the methods.
func clientMay(method string) bool {
	for _, prefix := range []string{"backend_", "log_", "host_get", "host_update", "config_create", "user_getCredentials",
		"auditHardwareOnHost_", "auditSoftwareOnClient_", "productOnClient_", "configState_", "productPropertyState_"} {
		if strings.HasPrefix(method, prefix) {
			return true
		}
	}
	for _, prefix := range []string{"auditSoftware_", "auditHardware_"} {
		if strings.HasPrefix(method, prefix) {
			return !strings.Contains(method, "_delete")
		}
	}
	return strings.Contains(method, "_get")
}

// batch answers the calls of one body, one after the other; one that fails does
// not stop the rest. The caller holds mu.
func (s *Server) batch(c caller, calls []incoming, fail func(method string) (error, bool)) any {
	out := []any{}
	for _, in := range calls {
		err, stored := fail(in.method)
		var result any
		if err == nil || stored {
			var own error
			if result, own = s.run(c, in); err == nil {
				err = own
			}
		}
		out = append(out, in.answer(result, err, c.admin))
	}
	if len(out) == 1 {
		// Quirk: a batch of one element is answered with a bare object (contract 1).
		return out[0]
	}
	return out
}
