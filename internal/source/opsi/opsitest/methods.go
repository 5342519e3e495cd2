// SPDX-License-Identifier: Apache-2.0

package opsitest

import (
	"maps"
	"slices"
	"strings"
)

// methodsByName are all RPC methods (contract 2).
func (s *Server) methodsByName() map[string]method {
	out := map[string]method{}
	for _, table := range s.tables() {
		for name, m := range s.usual(table) {
			out[table+"_"+name] = m
		}
	}
	for _, more := range []map[string]method{s.onClientMethods(), s.orderMethods(), s.valueMethods(), s.serverMethods(), s.auditMethods(), s.oldMethods()} {
		maps.Copy(out, more)
	}
	return out
}

// tables are the prefixes of the methods that exist for every class.
func (s *Server) tables() []string {
	seen := map[string]bool{}
	for _, k := range s.kinds {
		seen[k.table] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// usual are the methods that exist for every class.
func (s *Server) usual(table string) map[string]method {
	return map[string]method{
		"getObjects": {params: []string{"*attributes", "**filter"}, do: func(c call) (any, error) {
			return s.getObjects(c, table)
		}},
		"createObjects": {params: []string{"objects"}, do: func(c call) (any, error) {
			return nil, s.write(c, table, c.objects("objects"), func(k *kind, o Object) { s.insert(c.caller, k, o) })
		}},
		"insertObject": {params: []string{"object"}, do: func(c call) (any, error) {
			return nil, s.write(c, table, c.objects("object"), func(k *kind, o Object) { s.insert(c.caller, k, o) })
		}},
		"updateObject": {params: []string{"object"}, do: func(c call) (any, error) {
			return nil, s.write(c, table, c.objects("object"), func(k *kind, o Object) {
				if !s.update(c.caller, k, o) {
					// Quirk: no row, or one of another product type: nothing happens
					// and nothing is said (contract 2). History shows the attempt.
					s.history = append(s.history, Write{At: s.now(), Caller: c.name, Method: c.method, Request: c.request, Class: k.class})
				}
			})
		}},
		"updateObjects": {params: []string{"objects"}, do: func(c call) (any, error) {
			return nil, s.write(c, table, c.objects("objects"), func(k *kind, o Object) {
				if !s.update(c.caller, k, o) {
					s.insert(c.caller, k, o) // unlike updateObject (contract 2)
				}
			})
		}},
		"deleteObjects": {params: []string{"objects"}, do: func(c call) (any, error) {
			return nil, s.remove(c, table, c.objects("objects"))
		}},
	}
}

// getObjects reads rows. Rows of others are left out without a word (contract 1).
func (s *Server) getObjects(c call, table string) ([]Object, error) {
	filter, _ := c.args["filter"].(map[string]any)
	attributes := c.list("attributes") // [] and "" are all
	for _, a := range attributes {
		if !s.tableHas(table, a) {
			return nil, valueError("Invalid attribute '%s'", a)
		}
	}
	rows, err := s.find(table, filter)
	if err != nil {
		return nil, err
	}
	out := []Object{}
	for _, o := range rows {
		k := s.kindOf(o)
		if k.owner != "" && !c.owns(o.Text(k.owner)) {
			if table != "host" {
				continue
			}
			// Other hosts are seen without their secrets (contract 1).
			o = o.clone()
			for _, secret := range []string{"opsiHostKey", "oneTimePassword"} {
				if _, ok := o[secret]; ok {
					o[secret] = nil
				}
			}
		}
		out = append(out, k.choose(o, attributes))
	}
	return out, nil
}

// write checks all objects before it stores the first.
func (s *Server) write(c call, table string, objects []any, store func(*kind, Object)) error {
	type pair struct {
		k *kind
		o Object
	}
	var all []pair
	for _, v := range objects {
		k, o, err := s.accept(v, table)
		if err != nil {
			return err
		}
		if k.owner != "" && !c.owns(o.Text(k.owner)) || k.owner == "" && !c.admin && !clientMakes(table) {
			return denied("Access denied to %s of %s", k.class, o.Text(k.owner))
		}
		all = append(all, pair{k, o})
	}
	for _, p := range all {
		store(p.k, p.o)
	}
	return nil
}

// clientMakes are the tables of nobody's rows that a client may write
// (contract 1): the access list says which methods.
func clientMakes(table string) bool {
	return slices.Contains([]string{"config", "auditSoftware"}, table)
}

// remove deletes rows by their primary keys. Nothing to delete is no error;
// nothing that may be deleted is one (contract 2).
func (s *Server) remove(c call, table string, objects []any) error {
	permitted, asked := 0, 0
	for _, v := range objects {
		m, ok := v.(map[string]any)
		if !ok {
			return valueError("Not an object: %v", v)
		}
		var k *kind
		for _, class := range slices.Sorted(maps.Keys(s.kinds)) {
			if one := s.kinds[class]; one.table == table && (k == nil || class == m["type"]) {
				k = one
			}
		}
		ident := Object{}
		for _, a := range k.ident {
			i := slices.IndexFunc(k.fields, func(f field) bool { return f.name == a })
			value, err := k.fields[i].value(m[a])
			if err != nil {
				return err
			}
			if value == nil {
				return valueError("%s needs %s", k.class, a)
			}
			ident[a] = value
		}
		asked++
		if k.owner != "" && !c.owns(ident.Text(k.owner)) {
			continue
		}
		permitted++
		for _, o := range s.sorted(table) {
			if k.key(o) == k.key(ident) {
				s.put(c.caller, k, o, nil)
			}
		}
	}
	if asked > 0 && permitted == 0 {
		return denied("Access denied to all of these")
	}
	return nil
}

// oldMethods are of before the objects; opsi-script still calls them (contract 2).
func (s *Server) oldMethods() map[string]method {
	return map[string]method{
		"getDepotId": {params: []string{"clientId"}, free: true, do: func(c call) (any, error) {
			return s.depotOf(c.text("clientId")), nil
		}},
		"getProduct_hash": {params: []string{"productId", "depotId"}, free: true, do: func(c call) (any, error) {
			return s.productHash(c.text("productId"), c.text("depotId"))
		}},
		"setProductActionRequest": {params: []string{"productId", "clientId", "actionRequest"}, free: true, do: func(c call) (any, error) {
			return nil, s.setRequest(c.caller, c.text("productId"), c.text("clientId"), c.text("actionRequest"))
		}},
		"setProductActionRequestWithDependencies": {params: []string{"productId", "clientId", "actionRequest"}, free: true, do: func(c call) (any, error) {
			if err := s.setRequest(c.caller, c.text("productId"), c.text("clientId"), c.text("actionRequest")); err != nil {
				return nil, err
			}
			row := s.onClient(c.text("clientId"), c.text("productId"))
			return nil, s.storeWithDependencies(c.caller, []Object{row})
		}},
	}
}

// setRequest is setProductActionRequest (contract 3): progress becomes empty and
// the result none, unless the request is taken back.
func (s *Server) setRequest(c caller, product, client, action string) error {
	client = strings.ToLower(client)
	if !c.owns(client) {
		return denied("Access denied to ProductOnClient of %s", client)
	}
	productType := "LocalbootProduct"
	if p := s.productOn(s.depotOf(client), product); p != nil {
		productType = p.Text("type")
	}
	v := map[string]any{"type": "ProductOnClient", "productId": product, "clientId": client, "productType": productType, "actionRequest": action, "actionProgress": ""}
	if action != "none" {
		v["actionResult"] = "none"
	}
	k, o, err := s.accept(v, "productOnClient")
	if err != nil {
		return err
	}
	if !s.update(c, k, o) {
		s.insert(c, k, o)
	}
	return nil
}

// productHash is a product in the form of before: nulls are empty texts.
func (s *Server) productHash(product, depot string) (any, error) {
	p := s.productOn(depot, product)
	if p == nil {
		return nil, &rpcError{"BackendMissingDataError", "no product " + product + " on " + depot}
	}
	out := map[string]any{}
	for name, v := range p {
		switch {
		case name == "type":
		case name == "id":
			out["productId"] = v
		case v == nil:
			out[name] = ""
		default:
			out[name] = v
		}
	}
	out["productType"] = "localboot"
	if p.Text("type") == "NetbootProduct" {
		out["productType"] = "netboot"
	}
	return out, nil
}
