// SPDX-License-Identifier: Apache-2.0

package opsitest

import (
	"maps"
	"slices"
	"strings"
)

// mostLog is where a log is cut (contract 2).
const mostLog = 10_000_000

// logTypes are the kinds of logs that a server keeps.
func logTypes() []string {
	return []string{"bootimage", "clientconnect", "instlog", "opsiconfd", "userlogin", "winpe"}
}

// logKey names a log; kept is 0 for the newest one and 1 for the one before.
type logKey struct {
	kind, object string
	kept         int
}

// Log is what a client's log holds: kept 0 is the newest, 1 the one before.
func (s *Server) Log(kind, client string, kept int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logs[logKey{kind, client, kept}]
}

// serverMethods are logs and what the server says of itself (contract 2).
func (s *Server) serverMethods() map[string]method {
	return map[string]method{
		"log_write": {params: []string{"logType", "data", "*objectId", "*append"}, do: func(c call) (any, error) {
			return nil, s.writeLog(c)
		}},
		"log_read": {params: []string{"logType", "*objectId", "*maxSize"}, do: func(c call) (any, error) {
			if !c.owns(c.text("objectId")) {
				return nil, denied("Access denied to the log of %s", c.text("objectId"))
			}
			text := s.logs[logKey{c.text("logType"), c.text("objectId"), 0}]
			if size, ok := plain(c.args["maxSize"]).(int); ok && size > 0 && len(text) > size {
				text = text[len(text)-size:]
				text = text[strings.IndexByte(text, '\n')+1:]
			}
			return text, nil
		}},
		"user_getCredentials": {params: []string{"*username", "*hostId"}, do: s.credentials},
		"backend_exit": {do: func(c call) (any, error) {
			delete(s.sessions, c.session)
			return nil, nil
		}},
		"backend_setOptions": {params: []string{"backendOptions"}, do: func(call) (any, error) { return nil, nil }},
		"backend_info": {do: func(call) (any, error) {
			return map[string]any{"opsiVersion": "4.3.24.1", "modules": map[string]any{"valid": true}, "realmodules": map[string]any{}}, nil
		}},
		"backend_getLicensingInfo": {params: []string{"*licenses", "*legacy_modules", "*dates", "*allow_cache"}, do: func(call) (any, error) {
			// Without background_install: a server of 2024 does not know it (contract,
			// "Version skew"). A program of ours needs none of them.
			known := []string{"linux_agent", "macos_agent"}
			modules := map[string]any{}
			for _, m := range known {
				modules[m] = map[string]any{"available": true}
			}
			return map[string]any{"client_numbers": map[string]any{}, "known_modules": known, "obsolete_modules": []string{},
				"available_modules": known, "modules": modules, "licenses_checksum": "", "config": map[string]any{}}, nil
		}},
		"backend_getSystemConfiguration": {do: func(call) (any, error) {
			// Quirk: the limit is in MB; opsi-script reads it as bytes (contract 2).
			return map[string]any{"log": map[string]any{"size_limit": 5.0, "keep_rotated": 1, "types": logTypes()}}, nil
		}},
		"backend_getInterface": {do: func(call) (any, error) { return s.describe(), nil }},
		"getOpsiCACert":        {free: true, do: func(call) (any, error) { return string(s.pki.ca), nil }},
		"getCACerts":           {free: true, do: func(call) (any, error) { return string(s.pki.ca), nil }},
	}
}

// writeLog stores a log. What is too long is cut at the end of a line; a log
// that is not appended to keeps the one before (contract 2).
func (s *Server) writeLog(c call) error {
	kind, object := c.text("logType"), strings.ToLower(c.text("objectId"))
	if !slices.Contains(logTypes(), kind) {
		return valueError("Unknown log type '%s'", kind)
	}
	if !c.owns(object) {
		return denied("Access denied to the log of %s", object)
	}
	now := logKey{kind, object, 0}
	text := c.text("data")
	if c.truth("append", false) {
		text = s.logs[now] + text
	} else if old, ok := s.logs[now]; ok {
		s.logs[logKey{kind, object, 1}] = old
	}
	s.logs[now] = cutLog(text)
	return nil
}

func cutLog(text string) string {
	if len(text) <= mostLog {
		return text
	}
	text = text[:mostLog]
	return text[:strings.LastIndexByte(text, '\n')+1]
}

// describe lists the methods by name. The first one is never asked for.
//
// Quirk: opsi-script takes the method at index 0 for a missing one (contract 2).
func (s *Server) describe() []any {
	out := []any{}
	for _, name := range slices.Sorted(maps.Keys(s.methods)) {
		params := s.methods[name].params
		args := []string{"self"}
		var keywords any
		for _, p := range params {
			if strings.HasPrefix(p, "**") {
				keywords = strings.TrimPrefix(p, "**")
				continue
			}
			args = append(args, strings.TrimPrefix(p, "*"))
		}
		if params == nil {
			params = []string{}
		}
		out = append(out, map[string]any{"name": name, "params": params, "args": args, "varargs": nil, "keywords": keywords, "defaults": nil,
			"deprecated": false, "drop_version": nil, "alternative_method": nil, "doc": nil, "annotations": map[string]any{}})
	}
	return out
}

// auditMethods forget what a client found before it tells anew (contract 2).
func (s *Server) auditMethods() map[string]method {
	forget := func(table, owner, param string) method {
		return method{params: []string{param}, do: func(c call) (any, error) {
			for _, id := range c.list(param) {
				if !c.owns(id) {
					return nil, denied("Access denied to %s of %s", table, id)
				}
				for _, o := range s.sorted(table) {
					if o.Text(owner) == id {
						s.put(c.caller, s.kindOf(o), o, nil)
					}
				}
			}
			return nil, nil
		}}
	}
	return map[string]method{
		"auditSoftwareOnClient_setObsolete": forget("auditSoftwareOnClient", "clientId", "clientId"),
		"auditHardwareOnHost_setObsolete":   forget("auditHardwareOnHost", "hostId", "hostId"),
	}
}
