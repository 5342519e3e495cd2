// SPDX-License-Identifier: Apache-2.0

package opsitest

import (
	"strings"
	"testing"
	"time"
)

// row is a productOnClient as a client sends it.
func row(client, product string, more ...any) map[string]any {
	out := map[string]any{"type": "ProductOnClient", "clientId": client, "productId": product, "productType": "LocalbootProduct"}
	for i := 0; i < len(more); i += 2 {
		out[more[i].(string)] = more[i+1]
	}
	return out
}

// TestUpdateSemantics is how the four writing methods differ, attribute by
// attribute (contract 2).
func TestUpdateSemantics(t *testing.T) {
	const before, now = "2026-01-01 00:00:00", "2026-03-04 05:06:07"
	h := &hands{time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
	stored := Object(row(pc1, "firefox", "installationStatus", "installed", "actionRequest", "setup", "lastAction", "setup", "actionProgress", "installing",
		"actionResult", "successful", "productVersion", "1.0", "packageVersion", "1", "modificationTime", before))
	for _, c := range []struct {
		name, method string
		exists       bool
		sent         map[string]any
		want         map[string]any // attributes of the row; nil = there is no row
	}{
		{"null leaves alone", "updateObject", true, row(pc1, "firefox", "actionRequest", "none"),
			map[string]any{"actionRequest": "none", "installationStatus": "installed", "actionProgress": "installing", "productVersion": "1.0", "modificationTime": now}},
		{"nothing new keeps the time", "updateObject", true, row(pc1, "firefox", "actionRequest", "setup"), map[string]any{"modificationTime": before}},
		{"a given time is kept", "updateObject", true, row(pc1, "firefox", "actionRequest", "none", "modificationTime", "2020-02-02 02:02:02"),
			map[string]any{"modificationTime": "2020-02-02 02:02:02"}},
		{"empty progress overwrites", "updateObject", true, row(pc1, "firefox", "actionProgress", ""), map[string]any{"actionProgress": ""}},
		{"empty result is unchanged", "updateObject", true, row(pc1, "firefox", "actionResult", ""), map[string]any{"actionResult": "successful"}},
		{"undefined request is unchanged", "updateObject", true, row(pc1, "firefox", "actionRequest", "undefined"), map[string]any{"actionRequest": "setup"}},
		{"progress is cut at 250", "updateObject", true, row(pc1, "firefox", "actionProgress", strings.Repeat("ä", 300)), map[string]any{"actionProgress": strings.Repeat("ä", 250)}},
		{"the sequence is never stored", "updateObject", true, row(pc1, "firefox", "actionSequence", 3), map[string]any{"actionSequence": -1, "modificationTime": before}},
		{"unknown keys are ignored", "updateObject", true, row(pc1, "firefox", "actionGroup", 3, "nonsense", true), map[string]any{"modificationTime": before, "nonsense": nil}},
		{"localboot is a type too", "updateObject", true, row(pc1, "firefox", "productType", "localboot", "actionRequest", "none"), map[string]any{"actionRequest": "none"}},
		{"no row: nothing, said to nobody", "updateObject", false, row(pc1, "firefox", "actionRequest", "none"), nil},
		{"wrong type of product: nothing", "updateObject", true, row(pc1, "firefox", "productType", "NetbootProduct", "actionRequest", "none"),
			map[string]any{"actionRequest": "setup", "modificationTime": before}},
		{"updateObjects updates", "updateObjects", true, row(pc1, "firefox", "actionRequest", "none"), map[string]any{"actionRequest": "none", "actionProgress": "installing"}},
		{"updateObjects inserts, with defaults", "updateObjects", false, row(pc1, "firefox", "actionProgress", "Deferred"),
			map[string]any{"installationStatus": "not_installed", "actionRequest": "none", "actionProgress": "Deferred", "actionResult": nil, "lastAction": nil, "modificationTime": now}},
		{"createObjects overwrites with nulls", "createObjects", true, row(pc1, "firefox", "actionProgress", "x"),
			map[string]any{"installationStatus": "not_installed", "actionRequest": "none", "actionProgress": "x", "actionResult": nil, "productVersion": nil, "modificationTime": now}},
		{"insertObject too", "insertObject", true, row(pc1, "firefox"), map[string]any{"installationStatus": "not_installed", "actionProgress": nil, "productVersion": nil}},
		{"deleteObjects", "deleteObjects", true, row(pc1, "firefox"), nil},
		{"deleteObjects by the key alone", "deleteObjects", true, map[string]any{"productId": "firefox", "productType": "LocalbootProduct", "clientId": pc1}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, pc := start(t, Options{Now: h.now})
			if c.exists {
				s.Put(stored)
			}
			s.ForgetHistory()
			var sent any = c.sent
			if strings.HasSuffix(c.method, "Objects") {
				sent = []any{c.sent}
			}
			if got := pc.must("productOnClient_"+c.method, sent); got != nil {
				t.Errorf("answered %v, not null", got)
			}
			got := s.Row(pc1, "firefox")
			if c.want == nil && got != nil {
				t.Fatalf("there is %v", got)
			}
			for name, want := range c.want {
				if got[name] != want {
					t.Errorf("%s: %v, want %v", name, got[name], want)
				}
			}
			if hist := s.History(); len(hist) != 1 || hist[0].Caller != pc1 || hist[0].Method != "productOnClient_"+c.method || hist[0].Request != 1 {
				t.Errorf("history %+v", hist)
			}
		})
	}
}

// TestHistoryTellsChanges: a write that says what was there already is one, but
// no change.
func TestHistoryTellsChanges(t *testing.T) {
	s, pc := start(t, Options{})
	for _, r := range []map[string]any{row(pc1, "a", "actionRequest", "setup"), row(pc1, "a", "actionRequest", "setup", "modificationTime", "2020-02-02 02:02:02"), row(pc1, "a", "actionRequest", "none")} {
		pc.must("productOnClient_updateObjects", []any{r})
	}
	pc.must("productOnClient_updateObject", row(pc1, "b"))
	var got []bool
	for _, w := range s.History() {
		if w.Class == "ProductOnClient" {
			got = append(got, w.Changed())
		}
	}
	if text(t, got) != "[true,false,true,false]" {
		t.Errorf("%v", got)
	}
}

// TestBadObjects are refused, and nothing of their call is stored.
func TestBadObjects(t *testing.T) {
	s, pc := start(t, Options{})
	s.AddClient(pc2)
	const value, permission = "ValueError", "BackendPermissionDeniedError"
	for _, c := range []struct {
		name  string
		sent  any
		class string
	}{
		{"request login", row(pc1, "a", "actionRequest", "login"), value},
		{"status", row(pc1, "a", "installationStatus", "broken"), value},
		{"result", row(pc1, "a", "actionResult", "deferred"), value},
		{"product id", row(pc1, "Fire Fox"), value},
		{"client id", row("pc1", "a"), value},
		{"product version", row(pc1, "a", "productVersion", "1-2"), value},
		{"long package version", row(pc1, "a", "packageVersion", strings.Repeat("1", 17)), value},
		{"time", row(pc1, "a", "modificationTime", "yesterday"), value},
		{"number for a text", row(pc1, "a", "actionProgress", 3), value},
		{"no product", map[string]any{"type": "ProductOnClient", "clientId": pc1, "productType": "LocalbootProduct"}, value},
		{"no type", map[string]any{"clientId": pc1, "productId": "a", "productType": "LocalbootProduct"}, value},
		{"another class", map[string]any{"type": "ConfigState", "configId": "a", "objectId": pc1}, value},
		{"no object", 3, value},
		{"another client", row(pc2, "a"), permission},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, class, message := pc.rpc("productOnClient_updateObjects", []any{row(pc1, "good"), c.sent}); class != c.class {
				t.Errorf("%s: %s", class, message)
			}
		})
	}
	if rows := s.Rows("productOnClient", nil); len(rows) > 0 {
		t.Errorf("stored %v", rows)
	}
}

// TestFilters are the rules of getObjects.
func TestFilters(t *testing.T) {
	s, pc := start(t, Options{})
	s.AddClient(pc2)
	for _, p := range []string{"firefox", "java", "javafx"} {
		s.Put(Object(row(pc1, p, "actionRequest", "setup", "productVersion", "1.0")), Object(row(pc2, p)))
	}
	s.Put(Object(row(pc1, "vlc", "actionRequest", "none")))
	for _, c := range []struct {
		name string
		args []any
		want string // product ids
	}{
		{"all, own alone, by key", []any{}, "firefox java javafx vlc"},
		{"attributes alone", []any{[]any{}}, "firefox java javafx vlc"},
		{"empty text for attributes", []any{"", map[string]any{"productId": "java"}}, "java"},
		{"scalar", []any{[]any{}, map[string]any{"productId": "java"}}, "java"},
		{"list is or", []any{[]any{}, map[string]any{"productId": []any{"java", "vlc"}}}, "java vlc"},
		{"star", []any{[]any{}, map[string]any{"productId": "java*"}}, "java javafx"},
		{"stars", []any{[]any{}, map[string]any{"productId": "*a*f*"}}, "javafx"},
		{"two attributes are and", []any{[]any{}, map[string]any{"productId": "*", "actionRequest": "none"}}, "vlc"},
		{"less", []any{[]any{}, map[string]any{"productId": "<java"}}, "firefox"},
		{"more", []any{[]any{}, map[string]any{"productId": "> javafx"}}, "vlc"},
		{"null is ignored", []any{[]any{}, map[string]any{"productId": "java", "actionRequest": nil}}, "java"},
		{"empty list is no restriction", []any{[]any{}, map[string]any{"productId": []any{}}}, "firefox java javafx vlc"},
		{"others' rows are not there", []any{[]any{}, map[string]any{"clientId": pc2}}, ""},
		{"type", []any{[]any{}, map[string]any{"type": "ProductOnClient", "productId": "java"}}, "java"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := column(t, pc.must("productOnClient_getObjects", c.args...), "productId"); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
	for name, args := range map[string][]any{
		"unknown attribute in the filter": {[]any{}, map[string]any{"nonsense": "x"}},
		"unknown attribute to show":       {[]any{"nonsense"}},
	} {
		if _, class, message := pc.rpc("productOnClient_getObjects", args...); class != "ValueError" || !strings.HasPrefix(message, "Invalid ") {
			t.Errorf("%s: %s: %s", name, class, message)
		}
	}
	one := pc.must("productOnClient_getObjects", []any{"actionRequest"}, map[string]any{"productId": "java"}).([]any)[0].(map[string]any)
	for name, want := range map[string]any{"actionRequest": "setup", "productId": "java", "clientId": pc1, "productType": "LocalbootProduct", "productVersion": nil, "type": "ProductOnClient"} {
		if got, ok := one[name]; !ok || got != want {
			t.Errorf("chosen attributes: %s is %v, want %v", name, got, want)
		}
	}
	if _, ok := one["installationStatus"]; !ok {
		t.Error("an attribute that was not chosen is missing, not null")
	}
	if got := column(t, pc.must("host_getObjects", []any{}, map[string]any{"type": "OpsiDepotserver"}), "type"); got != "OpsiConfigserver" {
		t.Errorf("depots are %q", got)
	}
	byName := pc.post(`{"id":1,"method":"productOnClient_getObjects","params":{"attributes":[],"productId":"java"}}`)
	if !strings.Contains(string(byName.body), `"productId":"java"`) || strings.Contains(string(byName.body), "vlc") {
		t.Errorf("filter by keywords: %s", byName.body)
	}
}

// TestPermissions is what a client may (contract 1).
func TestPermissions(t *testing.T) {
	s, pc := start(t, Options{})
	s.AddClient(pc2)
	s.AddProduct(Product{ID: "firefox"})
	s.Put(State("some.config", pc2, "x"), Object(row(pc2, "firefox")))
	const permission = "BackendPermissionDeniedError"
	config := map[string]any{"type": "UnicodeConfig", "id": "quietsetup.mode"}
	for _, c := range []struct {
		method string
		params []any
		class  string
	}{
		{"backend_info", nil, ""},
		{"host_getObjects", nil, ""},
		{"host_updateObject", []any{map[string]any{"type": "OpsiClient", "id": pc1, "notes": "x"}}, ""},
		{"host_updateObject", []any{map[string]any{"type": "OpsiClient", "id": pc2, "notes": "x"}}, permission},
		{"host_createObjects", []any{[]any{map[string]any{"type": "OpsiClient", "id": pc1}}}, permission},
		{"host_deleteObjects", []any{[]any{}}, permission},
		{"config_createObjects", []any{[]any{config}}, ""},
		{"config_updateObjects", []any{[]any{config}}, permission},
		{"config_deleteObjects", []any{[]any{config}}, permission},
		{"configState_updateObjects", []any{[]any{map[string]any{"type": "ConfigState", "configId": "quietsetup.mode", "objectId": pc1, "values": []any{"observe"}}}}, ""},
		{"configState_updateObjects", []any{[]any{map[string]any{"type": "ConfigState", "configId": "quietsetup.mode", "objectId": pc2, "values": []any{"observe"}}}}, permission},
		{"product_getObjects", nil, ""},
		{"product_createObjects", []any{[]any{}}, permission},
		{"productOnDepot_getObjects", nil, ""},
		{"productDependency_getObjects", nil, ""},
		{"group_getObjects", nil, ""},
		{"objectToGroup_getObjects", nil, ""},
		{"auditSoftware_createObjects", []any{[]any{map[string]any{"type": "AuditSoftware", "name": "x", "version": "1", "subVersion": "", "language": "", "architecture": ""}}}, ""},
		{"auditSoftware_deleteObjects", []any{[]any{}}, permission},
		{"productOnClient_deleteObjects", []any{[]any{}}, ""},
		{"productOnClient_deleteObjects", []any{[]any{row(pc2, "firefox")}}, permission},
		{"productOnClient_deleteObjects", []any{[]any{map[string]any{"productId": "firefox"}}}, "ValueError"},
		{"setProductActionRequest", []any{"firefox", pc1, "setup"}, ""},
		{"setProductActionRequest", []any{"firefox", pc2, "setup"}, permission},
		{"no_such", nil, "ValueError"},
		{"setProductActionRequest", []any{"firefox"}, "TypeError"},
		{"backend_info", []any{1}, "TypeError"},
		{"productOnClient_getObjects", []any{[]any{}, "no filter"}, "TypeError"},
	} {
		t.Run(c.method, func(t *testing.T) {
			if _, class, message := pc.rpc(c.method, c.params...); class != c.class {
				t.Errorf("%v: %q %q, want %q", c.params, class, message, c.class)
			}
		})
	}
	if _, _, message := pc.rpc("product_createObjects", []any{}); message != "No permission for method 'product_createObjects'" {
		t.Errorf("%s", message)
	}
	own := pc.must("host_getObjects", []any{}, map[string]any{"id": pc1}).([]any)[0].(map[string]any)
	other := pc.must("host_getObjects", []any{}, map[string]any{"id": pc2}).([]any)[0].(map[string]any)
	if own["opsiHostKey"] != pc.key || other["opsiHostKey"] != nil {
		t.Errorf("keys %v and %v", own["opsiHostKey"], other["opsiHostKey"])
	}
	admin := pc.admin()
	admin.must("config_deleteObjects", []any{config})
	if got := column(t, admin.must("configState_getObjects", []any{}, map[string]any{"objectId": pc2}), "configId"); got != "some.config" {
		t.Errorf("an admin sees %q", got)
	}
}
