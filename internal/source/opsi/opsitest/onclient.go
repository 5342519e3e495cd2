// SPDX-License-Identifier: Apache-2.0

package opsitest

import (
	"slices"
)

// onClientMethods are the methods of productOnClient that know about order
// (contract 2).
func (s *Server) onClientMethods() map[string]method {
	return map[string]method{
		"productOnClient_getObjectsWithSequence": {params: []string{"*attributes", "**filter"}, do: s.getWithSequence},
		"productOnClient_generateSequence": {params: []string{"productOnClients"}, do: func(c call) (any, error) {
			rows, err := s.acceptOwn(c, "productOnClients")
			if err != nil {
				return nil, err
			}
			groups, err := s.groups(rows)
			if err != nil {
				return nil, err
			}
			out := []Object{}
			for _, g := range groups {
				for _, row := range g.rows() {
					if slices.ContainsFunc(rows, func(o Object) bool { return samePlace(o, row) }) {
						out = append(out, row)
					}
				}
			}
			return out, nil
		}},
		"productOnClient_addDependencies": {params: []string{"productOnClients"}, do: func(c call) (any, error) {
			rows, err := s.acceptOwn(c, "productOnClients")
			if err != nil {
				return nil, err
			}
			return s.addDependencies(rows)
		}},
		"productOnClient_updateObjectsWithDependencies": {params: []string{"productOnClients"}, do: func(c call) (any, error) {
			rows, err := s.acceptOwn(c, "productOnClients")
			if err != nil {
				return nil, err
			}
			if err := s.storeWithDependencies(c.caller, rows); err != nil {
				return nil, err
			}
			return s.addDependencies(rows)
		}},
	}
}

// acceptOwn takes rows of the caller's own.
func (s *Server) acceptOwn(c call, name string) ([]Object, error) {
	var out []Object
	for _, v := range c.objects(name) {
		_, o, err := s.accept(v, "productOnClient")
		if err != nil {
			return nil, err
		}
		if !c.owns(o.Text("clientId")) {
			return nil, denied("Access denied to ProductOnClient of %s", o.Text("clientId"))
		}
		out = append(out, o)
	}
	return out, nil
}

// samePlace reports whether two rows are of one product on one client.
func samePlace(a, b Object) bool {
	return a.Text("productId") == b.Text("productId") && a.Text("clientId") == b.Text("clientId")
}

// getWithSequence gives rows in the order in which they are to be done. It adds
// no product and changes no request; rows with nothing to do have the sequence
// -1; products that are not on the client's depot vanish (contract 2).
func (s *Server) getWithSequence(c call) (any, error) {
	attributes := c.list("attributes")
	if len(attributes) > 0 && !slices.Contains(attributes, "actionSequence") {
		// Quirk: attributes without the sequence make it a plain read, without an
		// order (contract 2).
		return s.getObjects(c, "productOnClient")
	}
	whole := c
	whole.args = map[string]any{"filter": c.args["filter"]}
	rows, err := s.getObjects(whole, "productOnClient")
	if err != nil {
		return nil, err
	}
	if _, err := s.getObjects(c, "productOnClient"); err != nil { // a bad attribute
		return nil, err
	}
	k := s.kinds["ProductOnClient"]
	out := []Object{}
	for _, client := range clientsOf(rows) {
		groups, err := s.groups(ofClient(rows, client))
		if err != nil {
			return nil, err
		}
		for i, g := range groups {
			for _, row := range g.rows() {
				at := slices.IndexFunc(rows, func(o Object) bool { return samePlace(o, row) })
				if at < 0 {
					continue
				}
				shown := k.choose(rows[at], attributes)
				shown["actionSequence"] = -1
				if rows[at].Text("actionRequest") != "none" {
					shown["actionSequence"] = row["actionSequence"]
				}
				shown["actionGroup"] = i + 1
				out = append(out, shown)
			}
		}
	}
	return out, nil
}

func clientsOf(rows []Object) []string {
	var out []string
	for _, o := range rows {
		if id := o.Text("clientId"); !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

func ofClient(rows []Object, client string) []Object {
	var out []Object
	for _, o := range rows {
		if o.Text("clientId") == client {
			out = append(out, o)
		}
	}
	return out
}

// addDependencies gives the rows with all that they need, in order.
func (s *Server) addDependencies(rows []Object) ([]Object, error) {
	out := []Object{}
	for _, client := range clientsOf(rows) {
		groups, err := s.groups(ofClient(rows, client))
		if err != nil {
			return nil, err
		}
		for _, g := range groups {
			out = append(out, g.rows()...)
		}
	}
	return out, nil
}

// storeWithDependencies is updateObjectsWithDependencies.
func (s *Server) storeWithDependencies(c caller, rows []Object) error {
	all, err := s.addDependencies(rows)
	if err != nil {
		return err
	}
	k := s.kinds["ProductOnClient"]
	for _, o := range all {
		if !s.update(c, k, o) {
			s.insert(c, k, o)
		}
	}
	return nil
}

// onClient is the row of a product on a client; nil = there is none.
func (s *Server) onClient(client, product string) Object {
	k := s.kinds["ProductOnClient"]
	for _, t := range productTypes() {
		if o := s.rows[k.table][k.key(Object{"productId": product, "productType": t, "clientId": client})]; o != nil {
			return o
		}
	}
	return nil
}

// productOn is the product as a depot has it; nil = it does not.
func (s *Server) productOn(depot, product string) Object {
	for _, on := range s.rows["productOnDepot"] {
		if on.Text("depotId") != depot || on.Text("productId") != product {
			continue
		}
		k := s.kinds["LocalbootProduct"]
		return s.rows[k.table][k.key(Object{"id": product, "productVersion": on["productVersion"], "packageVersion": on["packageVersion"]})]
	}
	return nil
}
