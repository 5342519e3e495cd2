// SPDX-License-Identifier: Apache-2.0

package opsitest

import (
	"slices"
	"strings"
)

// depotConfig names a client's depot.
const depotConfig = "clientconfig.depot.id"

// depotOf is the depot of a client: its state, else the config's default, else
// the config server.
func (s *Server) depotOf(client string) string {
	client = strings.ToLower(client)
	if state := s.rows["configState"][depotConfig+"\x00"+client]; state != nil {
		if v := state.List("values"); len(v) > 0 && v[0] != "" {
			return v[0]
		}
	}
	if config := s.rows["config"][depotConfig]; config != nil {
		if v := config.List("defaultValues"); len(v) > 0 && v[0] != "" {
			return v[0]
		}
	}
	return ConfigServerID
}

// valueMethods resolve configs and properties (contract 5).
func (s *Server) valueMethods() map[string]method {
	return map[string]method{
		"configState_getValues": {params: []string{"*config_ids", "*object_ids", "*with_defaults"}, do: func(c call) (any, error) {
			objects := c.list("object_ids")
			if !c.admin {
				// Quirk: whatever a client asks for, it gets its own (contract 2).
				objects = []string{c.name}
			}
			return s.configValues(c.list("config_ids"), objects, c.truth("with_defaults", true)), nil
		}},
		"productPropertyState_getValues": {params: []string{"*product_ids", "*property_ids", "*object_ids", "*with_defaults"}, do: func(c call) (any, error) {
			out := s.propertyValues(c.list("product_ids"), c.list("property_ids"), c.list("object_ids"), c.truth("with_defaults", true))
			for id := range out {
				if !c.owns(id) {
					delete(out, id)
				}
			}
			return out, nil
		}},
		"configState_getClientToDepotserver": {params: []string{"*depotIds", "*clientIds", "*masterOnly", "*productIds"}, do: func(c call) (any, error) {
			out := []any{}
			depots, clients := c.list("depotIds"), c.list("clientIds")
			for _, host := range s.sorted("host") {
				id := host.Text("id")
				if host.Text("type") != "OpsiClient" || !c.owns(id) || len(clients) > 0 && !slices.Contains(clients, id) {
					continue
				}
				if depot := s.depotOf(id); len(depots) == 0 || slices.Contains(depots, depot) {
					out = append(out, map[string]any{"depotId": depot, "clientId": id, "alternativeDepotIds": []string{}})
				}
			}
			return out, nil
		}},
	}
}

// wanted reports whether an id is asked for; no patterns ask for all.
func wanted(id string, patterns []string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool { return wild(id, p) })
}

// configValues: default of the config < state of the depot < state of the client.
// Lists are replaced, never joined.
func (s *Server) configValues(ids, objects []string, defaults bool) map[string]map[string]any {
	states := s.sorted("configState")
	if len(objects) == 0 {
		for _, host := range s.sorted("host") {
			if host.Text("type") == "OpsiClient" {
				objects = append(objects, host.Text("id"))
			}
		}
	}
	out := map[string]map[string]any{}
	for _, object := range objects {
		values := map[string]any{}
		if defaults {
			for _, c := range s.sorted("config") {
				if wanted(c.Text("id"), ids) {
					values[c.Text("id")] = c["defaultValues"]
				}
			}
		}
		lay := func(of string) {
			for _, state := range states {
				if state.Text("objectId") == of && wanted(state.Text("configId"), ids) {
					values[state.Text("configId")] = state["values"]
				}
			}
		}
		if defaults {
			lay(s.depotOf(object))
		}
		lay(object)
		out[object] = values
	}
	return out
}

// propertyValues: state of the depot < state of the client. The defaults of the
// product are not asked: installing a package copies them into the depot's
// states. No state of the depot: the property is absent.
//
// Quirk: the maps of a depot's products are shared between its clients in one
// call, so one client's values show up at the others (contract 5). Ask for one
// object per call.
func (s *Server) propertyValues(products, properties, objects []string, defaults bool) map[string]map[string]map[string]any {
	states := s.sorted("productPropertyState")
	fits := func(state Object) bool {
		return wanted(state.Text("productId"), products) && wanted(state.Text("propertyId"), properties)
	}
	lay := func(on map[string]map[string]any, of string) {
		for _, state := range states {
			if state.Text("objectId") != of || !fits(state) {
				continue
			}
			product := state.Text("productId")
			if on[product] == nil {
				on[product] = map[string]any{}
			}
			on[product][state.Text("propertyId")] = state["values"]
		}
	}
	ofDepot := map[string]map[string]map[string]any{}
	out := map[string]map[string]map[string]any{}
	for _, object := range objects {
		values := map[string]map[string]any{}
		if defaults {
			depot := s.depotOf(object)
			if ofDepot[depot] == nil {
				ofDepot[depot] = map[string]map[string]any{}
				lay(ofDepot[depot], depot)
			}
			for product, inner := range ofDepot[depot] {
				values[product] = inner // the outer map is the client's own, the inner is not
			}
		}
		out[object] = values
	}
	for _, object := range objects {
		lay(out[object], object)
	}
	return out
}
