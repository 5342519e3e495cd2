// SPDX-License-Identifier: Apache-2.0

package opsitest

import (
	"cmp"
	"slices"
)

// step is one action of one product in a server's plan.
type step struct {
	product  string
	action   string
	priority int  // negated for an uninstall
	required bool // to be done; else it is fulfilled, or was never asked for
	row      Object
	carries  bool // row was given with the question
	requests []requester
	sequence int
}

// requester is a product that needs a step, and on which side of itself.
type requester struct {
	product string
	side    string // before, after or "" = at any place
}

// plan is the making of the groups for one client (contract 4a). It has the
// faults of a real server, which breaks declared dependencies in a part of all
// cases; whoever takes its order must look.
type plan struct {
	s      *Server
	client string
	given  []Object
	steps  []*step
	// What the depot has, by product: looked up once, asked very often.
	products map[string]Object
	needs    map[string][]Object // dependencies of the depot's version, in the order of their keys
}

// group is what hangs together.
type group struct {
	priority int
	steps    []*step
}

// groups orders the rows of one client.
func (s *Server) groups(rows []Object) ([]group, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	client := rows[0].Text("clientId")
	return s.groupsOn(s.depotOf(client), client, rows)
}

func (s *Server) groupsOn(depot, client string, rows []Object) ([]group, error) {
	p := &plan{s: s, client: client, given: rows, products: map[string]Object{}, needs: map[string][]Object{}}
	for _, on := range s.rows["productOnDepot"] {
		if id := on.Text("productId"); on.Text("depotId") == depot {
			p.products[id] = s.productOn(depot, id)
		}
	}
	for _, d := range s.sorted("productDependency") {
		id := d.Text("productId")
		if has := p.products[id]; has != nil && d.Text("productVersion") == has.Text("productVersion") && d.Text("packageVersion") == has.Text("packageVersion") {
			p.needs[id] = append(p.needs[id], d)
		}
	}
	for _, row := range rows {
		product := p.products[row.Text("productId")]
		if product == nil {
			continue // dropped without a word
		}
		action := cmp.Or(row.Text("actionRequest"), "none")
		one := p.add(product, action)
		one.required, one.row, one.carries = action != "none", row, true
	}
	for _, root := range slices.Clone(p.steps) {
		var visited []string
		if err := p.follow(root, &visited); err != nil {
			return nil, err
		}
	}
	p.keepOne()
	out := p.connect()
	for i := range out {
		out[i].arrange()
	}
	slices.SortStableFunc(out, func(a, b group) int { return cmp.Compare(b.priority, a.priority) })
	n := 0
	for _, g := range out {
		for _, one := range g.steps {
			one.sequence = -1
			if one.required {
				one.sequence = n
				n++
			}
		}
	}
	return out, nil
}

func (p *plan) find(product, action string) *step {
	for _, one := range p.steps {
		if one.product == product && one.action == action {
			return one
		}
	}
	return nil
}

func (p *plan) add(product Object, action string) *step {
	one := &step{product: product.Text("id"), action: action, priority: product.Int("priority")}
	if action == "uninstall" {
		one.priority = -one.priority
	}
	p.steps = append(p.steps, one)
	return one
}

// follow adds what a step needs, depth first.
//
// Quirk: visited is one list for everything that is reached from a root and
// nothing is ever taken from it. So the second way to a product of a diamond is
// not looked at, and a circle is broken in silence (contract 4a.2).
func (p *plan) follow(one *step, visited *[]string) error {
	*visited = append(*visited, one.product)
	for _, d := range p.needs[one.product] {
		needed := d.Text("requiredProductId")
		if d.Text("productAction") != one.action || slices.Contains(*visited, needed) {
			continue
		}
		there := p.products[needed]
		if there == nil || !matches(d, there) {
			continue
		}
		action := d.Text("requiredAction")
		if action == "" {
			switch d.Text("requiredInstallationStatus") {
			case "installed":
				action = "setup"
			case "not_installed":
				action = "uninstall"
			default:
				return valueError("Invalid requiredInstallationStatus: '%s'", d.Text("requiredInstallationStatus"))
			}
		}
		if there.Text(action+"Script") == "" {
			continue
		}
		required := d.Text("requiredAction") != "" || !p.fulfilled(d)
		next := p.find(needed, action)
		if next == nil {
			next = p.add(there, action)
		}
		next.required = next.required || required
		if r := (requester{one.product, d.Text("requirementType")}); !slices.Contains(next.requests, r) {
			next.requests = append(next.requests, r) // each root comes by
		}
		// Quirk: what a fulfilled product needs is scheduled all the same.
		if err := p.follow(next, visited); err != nil {
			return err
		}
	}
	return nil
}

// matches reports whether a version is the one a dependency wants; one that is
// not set fits any.
func matches(d, have Object) bool {
	fits := func(want, got string) bool { return want == "" || got == "" || want == got }
	return fits(d.Text("requiredProductVersion"), have.Text("productVersion")) && fits(d.Text("requiredPackageVersion"), have.Text("packageVersion"))
}

// fulfilled reports whether the client's row has the status that is wanted.
func (p *plan) fulfilled(d Object) bool {
	needed := d.Text("requiredProductId")
	row := Object{}
	if i := slices.IndexFunc(p.given, func(o Object) bool { return o.Text("productId") == needed }); i >= 0 {
		row = p.given[i]
	} else if stored := p.s.onClient(p.client, needed); stored != nil {
		row = stored
	}
	return cmp.Or(row.Text("installationStatus"), "not_installed") == d.Text("requiredInstallationStatus") && matches(d, row)
}

// rank is the order in which one action of a product is kept.
func rank(action string) int {
	return slices.Index([]string{"setup", "update", "always", "once", "custom", "uninstall", "none"}, action)
}

// keepOne leaves one step of each product.
//
// Quirk: a step is kept by its action even if it is not required, so a wanted
// uninstall vanishes when somebody needs the product installed and it is
// (contract 4a.3).
func (p *plan) keepOne() {
	var kept []*step
	for _, one := range p.steps {
		best := one
		row := Object(nil)
		for _, other := range p.steps {
			if other.product != one.product {
				continue
			}
			if rank(other.action) < rank(best.action) {
				best = other
			}
			if other.carries {
				row = other.row
			}
		}
		if slices.Contains(kept, best) {
			continue
		}
		switch best.carries = row != nil; {
		case best.carries:
			best.row = row
		case best.required:
			best.row = p.stored(best.product)
		default:
			continue // fulfilled, and nobody asked for it
		}
		kept = append(kept, best)
	}
	p.steps = kept
}

// stored is the client's row of a product that nobody asked about.
func (p *plan) stored(product string) Object {
	if row := p.s.onClient(p.client, product); row != nil {
		return row
	}
	return Object{"type": "ProductOnClient", "productId": product, "productType": "LocalbootProduct", "clientId": p.client,
		"installationStatus": "not_installed", "actionRequest": "none"}
}

// connect makes groups: what before and after hold together, among steps that
// are required.
//
// Quirk: a group that was merged moves to the end (contract 4a.6).
func (p *plan) connect() []group {
	var parts [][]*step
	for _, one := range p.steps {
		parts = append(parts, []*step{one})
	}
	partOf := func(product string) int {
		return slices.IndexFunc(parts, func(part []*step) bool {
			return slices.ContainsFunc(part, func(one *step) bool { return one.product == product && one.required })
		})
	}
	for _, one := range p.steps {
		for _, r := range one.requests {
			if !one.required || r.side == "" {
				continue
			}
			a, b := partOf(r.product), partOf(one.product)
			if a < 0 || a == b {
				continue
			}
			merged := slices.Concat(parts[a], parts[b])
			parts = slices.Delete(parts, max(a, b), max(a, b)+1)
			parts = slices.Delete(parts, min(a, b), min(a, b)+1)
			parts = append(parts, merged)
		}
	}
	var out []group
	for _, part := range parts {
		out = append(out, group{priority: priorityOf(part), steps: part})
	}
	return out
}

// priorityOf is a group's: the highest if above 0, else the lowest if below.
func priorityOf(steps []*step) int {
	high, low := 0, 0
	for _, one := range steps {
		if one.required {
			high, low = max(high, one.priority), min(low, one.priority)
		}
	}
	if high > 0 {
		return high
	}
	return low
}

// arrange orders a group: by priority, then each needed step is moved once.
//
// Quirk: there is one pass only, so that a later move may undo an earlier one
// (contract 4a.5).
func (g *group) arrange() {
	slices.SortStableFunc(g.steps, func(a, b *step) int {
		return cmp.Or(cmp.Compare(b.priority, a.priority), cmp.Compare(a.product, b.product), cmp.Compare(rank(a.action), rank(b.action)))
	})
	down := slices.Clone(g.steps)
	up := slices.Clone(g.steps)
	slices.SortStableFunc(up, func(a, b *step) int {
		return cmp.Or(cmp.Compare(a.priority, b.priority), cmp.Compare(a.product, b.product))
	})
	for _, one := range down {
		for _, r := range one.requests {
			if !one.required || r.side != "before" {
				continue
			}
			if at, of := g.index(one.product), g.index(r.product); at > of {
				g.move(at, of)
			}
		}
	}
	for _, one := range up {
		for _, r := range one.requests {
			if !one.required || r.side != "after" {
				continue
			}
			if at, of := g.index(one.product), g.index(r.product); at < of {
				g.move(at, of)
			}
		}
	}
}

func (g *group) index(product string) int {
	return slices.IndexFunc(g.steps, func(one *step) bool { return one.product == product })
}

// move takes a step out and puts it in at an index of before.
//
// Quirk: the index of a requester that is not in the group is -1, which counts
// from the end: the step goes before the last one (contract 4a.5).
func (g *group) move(from, to int) {
	one := g.steps[from]
	g.steps = slices.Delete(g.steps, from, from+1)
	if to < 0 {
		to = max(0, len(g.steps)-1)
	}
	g.steps = slices.Insert(g.steps, min(to, len(g.steps)), one)
}

// rows are the rows of a group in order.
func (g group) rows() []Object {
	var out []Object
	for _, one := range g.steps {
		row := one.row.clone()
		row["actionRequest"] = "none"
		if one.required {
			row["actionRequest"] = one.action
		}
		row["actionSequence"] = one.sequence
		out = append(out, row)
	}
	return out
}

// orderMethods are the methods that show the order itself.
func (s *Server) orderMethods() map[string]method {
	return map[string]method{
		"productOnClient_getActionGroups": {params: []string{"clientId"}, do: func(c call) (any, error) {
			client := c.text("clientId")
			if !c.owns(client) {
				return []any{}, nil
			}
			rows, err := s.find("productOnClient", map[string]any{"clientId": client})
			if err != nil {
				return nil, err
			}
			groups, err := s.groups(rows)
			out := []any{}
			for _, g := range groups {
				priorities := map[string]int{}
				for _, one := range g.steps {
					priorities[one.product] = one.priority
				}
				out = append(out, map[string]any{"priority": g.priority, "product_on_clients": g.rows(), "priorities": priorities,
					"dependencies": map[string]any{}, "sort_log": []any{}})
			}
			return out, err
		}},
		"getProductOrdering": {params: []string{"depotId", "*sortAlgorithm"}, free: true, do: func(c call) (any, error) {
			return s.ordering(c.text("depotId"), c.text("sortAlgorithm"))
		}},
	}
}

// ordering orders all products of a depot, each with its first script.
//
// Quirk: the name algorithm1 is taken and means the same groups; any other is
// refused (contract 4c).
func (s *Server) ordering(depot, algorithm string) (any, error) {
	if algorithm != "" && algorithm != "algorithm1" {
		return nil, valueError("Invalid sort algorithm '%s'", algorithm)
	}
	var rows []Object
	before := []string{}
	for _, on := range s.sorted("productOnDepot") {
		if on.Text("depotId") != depot || on.Text("productType") != "LocalbootProduct" {
			continue
		}
		p := s.productOn(depot, on.Text("productId"))
		if p == nil {
			continue
		}
		row := Object{"productId": p["id"], "actionRequest": "none"}
		for _, a := range []string{"setup", "update", "always", "once", "custom", "uninstall"} {
			if p.Text(a+"Script") != "" {
				row["actionRequest"] = a
				break
			}
		}
		rows = append(rows, row)
		before = append(before, p.Text("id"))
	}
	groups, err := s.groupsOn(depot, "", rows)
	sorted := []string{}
	for _, g := range groups {
		for _, one := range g.steps {
			sorted = append(sorted, one.product)
		}
	}
	return map[string]any{"not_sorted": before, "sorted": sorted}, err
}
