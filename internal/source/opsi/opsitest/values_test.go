// SPDX-License-Identifier: Apache-2.0

package opsitest

import (
	"strings"
	"testing"
)

// TestConfigValues: default < depot < client; lists are replaced.
func TestConfigValues(t *testing.T) {
	s, pc := start(t, Options{})
	s.AddClient(pc2)
	s.Put(Config("q.a", "default"), Config("q.b", "default", "second"), Config("q.c", "default"), Config("other", "x"),
		State("q.b", ConfigServerID, "depot"), State("q.c", ConfigServerID, "depot"), State("q.c", pc1, "client"), State("q.c", pc2, "foreign"))
	for _, c := range []struct {
		name string
		args []any
		want string
	}{
		{"all layers", []any{[]any{"q.a", "q.b", "q.c"}, pc1}, `{"pc1.site.test":{"q.a":["default"],"q.b":["depot"],"q.c":["client"]}}`},
		{"a pattern", []any{"q.*", pc1}, `{"pc1.site.test":{"q.a":["default"],"q.b":["depot"],"q.c":["client"]}}`},
		{"own states alone", []any{[]any{"q.*"}, []any{pc1}, false}, `{"pc1.site.test":{"q.c":["client"]}}`},
		{"the text false is true", []any{"q.a", pc1, "false"}, `{"pc1.site.test":{"q.a":["default"]}}`},
		{"the empty text is not", []any{"q.a", pc1, ""}, `{"pc1.site.test":{}}`},
		{"another client's id is replaced", []any{"q.c", pc2}, `{"pc1.site.test":{"q.c":["client"]}}`},
		{"an id that is not there", []any{"q.nothing"}, `{"pc1.site.test":{}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := text(t, pc.must("configState_getValues", c.args...)); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
	if got := text(t, pc.admin().must("configState_getValues", "q.c", []any{pc1, pc2})); got != `{"pc1.site.test":{"q.c":["client"]},"pc2.site.test":{"q.c":["foreign"]}}` {
		t.Errorf("an admin gets %s", got)
	}
	if got := text(t, pc.must("configState_getValues", "clientconfig.depot.dynamic")); !strings.Contains(got, `[false]`) {
		t.Errorf("bools are %s", got)
	}
}

// TestPropertyValues: depot < client, no defaults of the product, and the leak
// between clients that are asked about in one call.
func TestPropertyValues(t *testing.T) {
	s, pc := start(t, Options{})
	s.AddClient(pc2)
	s.AddProduct(Product{ID: "firefox", Properties: map[string]string{"language": "auto", "proxy": "none"}})
	s.Put(Object{"type": "UnicodeProductProperty", "productId": "firefox", "productVersion": "1.0", "packageVersion": "1", "propertyId": "never", "defaultValues": []any{"x"}},
		PropertyState("firefox", "language", pc1, "de", "at"))
	admin := pc.admin()
	const mine, theirs = `{"firefox":{"language":["at","de"],"proxy":["none"]}}`, `{"firefox":{"language":["auto"],"proxy":["none"]}}`
	for _, c := range []struct {
		name string
		p    *peer
		args []any
		want string
	}{
		{"client over depot, values sorted, no default", pc, []any{"firefox", []any{}, pc1}, `{"pc1.site.test":` + mine + `}`},
		{"own states alone", pc, []any{[]any{}, []any{}, pc1, false}, `{"pc1.site.test":{"firefox":{"language":["at","de"]}}}`},
		{"one property", pc, []any{[]any{}, "proxy", pc1}, `{"pc1.site.test":{"firefox":{"proxy":["none"]}}}`},
		{"another product", pc, []any{"java", []any{}, pc1}, `{"pc1.site.test":{}}`},
		{"another client", pc, []any{"firefox", []any{}, pc2}, `{}`},
		{"one client alone", admin, []any{"firefox", []any{}, pc2}, `{"pc2.site.test":` + theirs + `}`},
		{"two in one call leak", admin, []any{"firefox", []any{}, []any{pc1, pc2}}, `{"pc1.site.test":` + mine + `,"pc2.site.test":` + mine + `}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := text(t, c.p.must("productPropertyState_getValues", c.args...)); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// TestDepotOfClient: state, else default, else the config server.
func TestDepotOfClient(t *testing.T) {
	s, pc := start(t, Options{})
	s.Put(Object{"type": "OpsiDepotserver", "id": "depot2.site.test", "depotWebdavUrl": "webdavs://depot2.site.test:4447/depot"})
	ask := func() string {
		id := pc.must("getDepotId", pc1).(string)
		if got := text(t, pc.must("configState_getClientToDepotserver", []any{}, pc1)); got != `[{"alternativeDepotIds":[],"clientId":"pc1.site.test","depotId":"`+id+`"}]` {
			t.Errorf("%s, but %s", id, got)
		}
		return id
	}
	if got := ask(); got != ConfigServerID {
		t.Errorf("by default %s", got)
	}
	s.Put(State(depotConfig, pc1, "depot2.site.test"))
	if got := ask(); got != "depot2.site.test" {
		t.Errorf("by state %s", got)
	}
	s.Remove("configState", Object{"configId": depotConfig})
	s.Remove("config", Object{"id": depotConfig})
	if got := ask(); got != ConfigServerID {
		t.Errorf("without config %s", got)
	}
	host := pc.must("host_getObjects", []any{}, map[string]any{"type": "OpsiDepotserver", "id": ConfigServerID}).([]any)[0].(map[string]any)
	if got := host["depotWebdavUrl"]; got != "webdavs"+strings.TrimPrefix(s.URL(), "https")+"/depot" {
		t.Errorf("depot at %v", got)
	}
}

// TestLogs: append or rotate, cut at the end of a line, only the six types.
func TestLogs(t *testing.T) {
	s, pc := start(t, Options{})
	pc.must("log_write", "instlog", "one\n", pc1)
	pc.must("log_write", "instlog", "two\n", pc1, true)
	if got := s.Log("instlog", pc1, 0); got != "one\ntwo\n" {
		t.Errorf("appended: %q", got)
	}
	pc.must("log_write", "instlog", "three\n", pc1, false)
	if now, old := s.Log("instlog", pc1, 0), s.Log("instlog", pc1, 1); now != "three\n" || old != "one\ntwo\n" {
		t.Errorf("rotated: %q, %q", now, old)
	}
	pc.must("log_write", "instlog", "four\n", pc1)
	if old := s.Log("instlog", pc1, 1); old != "three\n" {
		t.Errorf("one is kept, but it is %q", old)
	}
	if got := pc.must("log_read", "instlog", pc1, 0); got != "four\n" {
		t.Errorf("read %q", got)
	}
	if _, class, _ := pc.rpc("log_write", "syslog", "x", pc1); class != "ValueError" {
		t.Errorf("another type: %s", class)
	}
	if _, class, _ := pc.rpc("log_write", "instlog", "x", pc2); class != "BackendPermissionDeniedError" {
		t.Errorf("another client: %s", class)
	}
	line := strings.Repeat("x", 999) + "\n"
	pc.must("log_write", "instlog", strings.Repeat(line, mostLog/1000)+"over\n", pc1)
	if got := s.Log("instlog", pc1, 0); len(got) != mostLog || !strings.HasSuffix(got, "x\n") {
		t.Errorf("cut at %d", len(got))
	}
	if got := cutLog(strings.Repeat(line, mostLog/1000-1) + "xx\n" + line); len(got) != mostLog-1000+3 {
		t.Errorf("not cut at a line: %d", len(got))
	}
}

// TestServerItself is what the server says of itself.
func TestServerItself(t *testing.T) {
	s, pc := start(t, Options{})
	if got := pc.must("backend_info").(map[string]any)["opsiVersion"]; got != "4.3.24.1" {
		t.Errorf("version %v", got)
	}
	if got := text(t, pc.must("backend_getSystemConfiguration")); got != `{"log":{"keep_rotated":1,"size_limit":5,"types":["bootimage","clientconnect","instlog","opsiconfd","userlogin","winpe"]}}` {
		t.Errorf("%s", got)
	}
	if got := text(t, pc.must("backend_getLicensingInfo").(map[string]any)["available_modules"]); strings.Contains(got, "background_install") {
		t.Errorf("a server of 2024 knows no such module: %s", got)
	}
	list := pc.must("backend_getInterface").([]any)
	last := ""
	for i, m := range list {
		name := m.(map[string]any)["name"].(string)
		if name <= last {
			t.Errorf("%s comes after %s", name, last)
		}
		if last = name; i == 0 && !strings.HasPrefix(name, "audit") {
			t.Errorf("opsi-script would miss %s", name)
		}
		if name == "productOnClient_getObjects" && text(t, m.(map[string]any)["params"]) != `["*attributes","**filter"]` {
			t.Errorf("%v", m)
		}
	}
	if len(list) != len(s.methods) {
		t.Errorf("%d of %d methods", len(list), len(s.methods))
	}
	if pc.must("getOpsiCACert") != string(s.CA()) {
		t.Error("another CA")
	}
}

// TestAudit: a client forgets what it found and tells anew.
func TestAudit(t *testing.T) {
	s, pc := start(t, Options{})
	software := map[string]any{"type": "AuditSoftwareOnClient", "name": "x", "version": "1", "subVersion": "", "language": "", "architecture": "x64", "clientId": pc1, "isOperatingSystem": true}
	module := map[string]any{"type": "AuditHardwareOnHost", "hardwareClass": "MEMORY_MODULE", "hostId": pc1, "capacity": 8, "deviceLocator": "A"}
	second := map[string]any{"type": "AuditHardwareOnHost", "hardwareClass": "MEMORY_MODULE", "hostId": pc1, "capacity": 8, "deviceLocator": "B"}
	for range 2 {
		pc.must("auditSoftwareOnClient_setObsolete", pc1)
		pc.must("auditSoftwareOnClient_createObjects", []any{software})
		pc.must("auditHardwareOnHost_setObsolete", pc1)
		pc.must("auditHardwareOnHost_createObjects", []any{module, second})
	}
	soft, hard := s.Rows("auditSoftwareOnClient", nil), s.Rows("auditHardwareOnHost", nil)
	if len(soft) != 1 || len(hard) != 2 || hard[0].Int("capacity") != 8 {
		t.Fatalf("%v %v", soft, hard)
	}
	if _, there := soft[0]["isOperatingSystem"]; there {
		t.Error("a key that the class does not have was stored")
	}
	if _, class, _ := pc.rpc("auditSoftwareOnClient_setObsolete", pc2); class != "BackendPermissionDeniedError" {
		t.Errorf("another client's: %s", class)
	}
}
