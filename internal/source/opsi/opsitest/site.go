// SPDX-License-Identifier: Apache-2.0

package opsitest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// furnish makes what every site has: the config server, which is the depot too,
// and the configs that a client asks for.
func (s *Server) furnish() {
	webdav := "webdavs" + strings.TrimPrefix(s.URL(), "https") + depotRoot
	s.Put(
		Object{"type": "OpsiConfigserver", "id": ConfigServerID, "opsiHostKey": token(), "depotWebdavUrl": webdav,
			"depotRemoteUrl": "smb://" + ConfigServerID + "/opsi_depot", "isMasterDepot": true},
		Config("clientconfig.configserver.url", s.URL()+"/rpc"),
		Config(depotConfig, ConfigServerID),
		Config("clientconfig.depot.protocol", "webdav"),
		Config("clientconfig.depot.user", "pcpatch"),
		Object{"type": "BoolConfig", "id": "clientconfig.depot.dynamic", "defaultValues": []any{false}, "possibleValues": []any{true, false}},
	)
}

// Config is a config with its default values.
func Config(id string, defaults ...string) Object {
	return Object{"type": "UnicodeConfig", "id": id, "defaultValues": list(defaults), "editable": true}
}

// State is a config's values for a client or depot.
func State(config, object string, values ...string) Object {
	return Object{"type": "ConfigState", "configId": config, "objectId": object, "values": list(values)}
}

// PropertyState is a product property's values for a client or depot.
func PropertyState(product, property, object string, values ...string) Object {
	return Object{"type": "ProductPropertyState", "productId": product, "propertyId": property, "objectId": object, "values": list(values)}
}

func list(values []string) []any {
	out := []any{}
	for _, v := range values {
		out = append(out, v)
	}
	return out
}

// Put stores objects as createObjects does. It panics if one is bad: the test is
// wrong, not what it tests.
func (s *Server) Put(objects ...Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range objects {
		s.store(o)
	}
}

func (s *Server) store(o Object) {
	k := s.kinds[o.Text("type")]
	if k == nil {
		panic(fmt.Sprintf("opsitest: no class %q", o.Text("type")))
	}
	_, row, err := s.accept(map[string]any(o), k.table)
	if err != nil {
		panic(fmt.Sprintf("opsitest: %v", err))
	}
	s.insert(caller{}, k, row)
}

// Remove deletes the rows of a table that fit a filter, and says how many.
func (s *Server) Remove(table string, filter Object) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows, err := s.find(table, filter)
	if err != nil {
		panic(fmt.Sprintf("opsitest: %v", err))
	}
	for _, o := range rows {
		s.put(caller{}, s.kindOf(o), o, nil)
	}
	return len(rows)
}

// AddClient adds a client and gives its host key.
func (s *Server) AddClient(id string) (key string) {
	key = token()
	s.Put(Object{"type": "OpsiClient", "id": id, "opsiHostKey": key})
	return key
}

// Product is a product with its package on the depot.
type Product struct {
	ID         string
	Version    string            // "" = 1.0
	Package    string            // "" = 1
	Priority   int               //
	Netboot    bool              //
	Scripts    map[string]string // by action; nil = setup.opsiscript and uninstall.opsiscript
	Requires   []Dependency      //
	Properties map[string]string // default values
	Files      map[string]string // by path below the product's folder
}

// Dependency is what an action of a product needs.
type Dependency struct {
	Action         string // of the product; "" = setup
	Product        string // that is needed
	Version        string // of it; "" = any
	Package        string // of it; "" = any
	RequiredAction string // one of these two; neither = the status installed
	Status         string //
	Side           string // before, after or "" = at any place
}

// AddProduct installs a package on the depot. Another version of the same
// product leaves it.
func (s *Server) AddProduct(p Product) {
	s.mu.Lock()
	defer s.mu.Unlock()
	version, pack := cmp.Or(p.Version, "1.0"), cmp.Or(p.Package, "1")
	class := "LocalbootProduct"
	if p.Netboot {
		class = "NetbootProduct"
	}
	scripts := p.Scripts
	if scripts == nil {
		scripts = map[string]string{"setup": "setup.opsiscript", "uninstall": "uninstall.opsiscript"}
	}
	product := Object{"type": class, "id": p.ID, "productVersion": version, "packageVersion": pack, "name": p.ID, "priority": p.Priority}
	for action, script := range scripts {
		product[action+"Script"] = script
	}
	s.store(product)
	s.leave(p.ID)
	s.store(Object{"type": "ProductOnDepot", "productId": p.ID, "productType": class, "productVersion": version, "packageVersion": pack, "depotId": ConfigServerID})
	for _, d := range p.Requires {
		dep := Object{"type": "ProductDependency", "productId": p.ID, "productVersion": version, "packageVersion": pack,
			"productAction": cmp.Or(d.Action, "setup"), "requiredProductId": d.Product}
		if d.RequiredAction == "" && d.Status == "" {
			d.Status = "installed"
		}
		for name, v := range map[string]string{"requiredProductVersion": d.Version, "requiredPackageVersion": d.Package,
			"requiredAction": d.RequiredAction, "requiredInstallationStatus": d.Status, "requirementType": d.Side} {
			if v != "" {
				dep[name] = v
			}
		}
		s.store(dep)
	}
	for property, value := range p.Properties {
		s.store(Object{"type": "UnicodeProductProperty", "productId": p.ID, "productVersion": version, "packageVersion": pack, "propertyId": property,
			"defaultValues": []any{value}, "editable": true})
		// Installing a package copies the defaults (contract 5).
		s.store(PropertyState(p.ID, property, ConfigServerID, value))
	}
	for _, script := range scripts {
		s.writeFile(p.ID+"/"+script, []byte("[Actions]\n"))
	}
	for name, text := range p.Files {
		s.writeFile(p.ID+"/"+name, []byte(text))
	}
	s.listFiles(p.ID)
}

// DropProduct takes a product from the depot, with its files. Rows of clients stay.
func (s *Server) DropProduct(id string) {
	s.mu.Lock()
	s.leave(id)
	s.mu.Unlock()
	s.RemoveFile(id)
}

// leave takes a product from the depot's list. The caller holds mu.
func (s *Server) leave(id string) {
	for _, on := range s.sorted("productOnDepot") {
		if on.Text("productId") == id && on.Text("depotId") == ConfigServerID {
			s.put(caller{}, s.kindOf(on), on, nil)
		}
	}
}

// Request asks for an action, as an admin does by setProductActionRequest: the
// progress becomes empty and the result none.
func (s *Server) Request(client, product, action string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.setRequest(caller{admin: true}, product, client, action); err != nil {
		panic(fmt.Sprintf("opsitest: %v", err))
	}
}

// Row is what is stored of a product on a client; nil = nothing is.
func (s *Server) Row(client, product string) Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.onClient(client, product).clone()
}

// Rows are the stored rows of a table that fit a filter, by primary key:
// Rows("productOnClient", Object{"clientId": "pc1.site.test"}).
func (s *Server) Rows(table string, filter Object) []Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows, err := s.find(table, filter)
	if err != nil {
		panic(fmt.Sprintf("opsitest: %v", err))
	}
	for i := range rows {
		rows[i] = rows[i].clone()
	}
	return rows
}

// History is every write since the start or the last ForgetHistory, also what
// the test itself stored, which has no caller.
func (s *Server) History() []Write {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.history)
}

// ForgetHistory begins the history anew.
func (s *Server) ForgetHistory() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.history = nil
}

// Calls counts the calls of each RPC method since the last ForgetRequests.
func (s *Server) Calls() map[string]int {
	out := map[string]int{}
	for _, r := range s.Requests() {
		for _, c := range r.Calls {
			out[c]++
		}
	}
	return out
}
