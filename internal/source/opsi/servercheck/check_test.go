// SPDX-License-Identifier: Apache-2.0

package servercheck

import (
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/opsiclientd/agentcheck"
	"github.com/quietsetup/quietsetup/internal/source/opsi"
	"github.com/quietsetup/quietsetup/internal/source/opsi/opsitest"
)

const me = "pc1.site.test"

// site is a server with one client, and the client's files.
func site(t *testing.T, o opsitest.Options) (*opsitest.Server, Target) {
	t.Helper()
	s := opsitest.Start(t, o)
	dir := t.TempDir()
	target := Target{Agent: agentcheck.Machine{System: runtime.GOOS, Conf: filepath.Join(dir, "no-opsiclientd.conf"), StateDir: dir}, URL: s.URL() + "/rpc", HostID: me, KeyFile: filepath.Join(dir, "key"), CAFile: filepath.Join(dir, "ca.pem"),
		System: "windows", Program: "quietsetup test", Patience: 5 * time.Second}
	put(t, target.KeyFile, s.AddClient(me))
	put(t, target.CAFile, string(s.CA()))
	s.AddProduct(opsitest.Product{ID: "firefox"})
	s.AddProduct(opsitest.Product{ID: "java"})
	s.Request(me, "firefox", "setup")
	s.Request(me, "java", "none")
	s.ForgetHistory()
	s.ForgetRequests()
	return s, target
}

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// codes are what was found beside what is in order and what was not come to.
func codes(fs []Finding) []string {
	var out []string
	for _, f := range fs {
		if f.State == Warning || f.State == Failed {
			out = append(out, f.Code)
		}
	}
	return out
}

func find(t *testing.T, fs []Finding, code string) Finding {
	t.Helper()
	for _, f := range fs {
		if f.Code == code {
			return f
		}
	}
	t.Fatalf("no %s in %v", code, fs)
	return Finding{}
}

// known: what is found has a code with a state, below the name of its check.
func known(t *testing.T, fs []Finding) {
	t.Helper()
	seen := map[string]bool{}
	for _, f := range fs {
		seen[f.Check] = true
		if state, ok := Codes()[f.Code]; !ok || state != f.State || !strings.HasPrefix(f.Code, f.Check+"_") {
			t.Errorf("%+v is no finding of the list", f)
		}
	}
	for _, c := range Checks() {
		if !seen[c] {
			t.Errorf("nothing is said of %s", c)
		}
	}
}

// TestGoodWay: all is well, three requests and a logout, one login at the server
// and one at the depot, and nothing changed.
func TestGoodWay(t *testing.T) {
	s, target := site(t, opsitest.Options{})
	fs := Look(t.Context(), target)
	known(t, fs)
	if Worst(fs) != OK || len(codes(fs)) > 0 {
		t.Fatalf("%v", fs)
	}
	for _, f := range fs {
		if f.State != OK {
			t.Errorf("%+v", f)
		}
	}
	d := find(t, fs, "tls_ok").Data
	if d["Issuer"] != "CN=opsi CA" || len(d["SHA256"].(string)) != 64 || d["Until"].(time.Time).Before(time.Now()) || d["IssuerDays"].(int) < 900 {
		t.Errorf("tls: %v", d)
	}
	if d := find(t, fs, "rights_ok").Data; d["Rows"] != 2 || d["Wanted"] != 1 {
		t.Errorf("rights: %v", d)
	}
	if d := find(t, fs, "server_ok").Data; d["Version"] != "4.3.24.1" {
		t.Errorf("server: %v", d)
	}
	if d := find(t, fs, "depot_ok").Data; d["Depot"] != opsitest.ConfigServerID || d["URL"] != s.URL()+"/depot/" {
		t.Errorf("depot: %v", d)
	}
	logins := 0
	for _, r := range s.Requests() {
		if r.Login {
			logins++
		}
	}
	if n := len(s.Requests()); n != 4 || logins != 2 {
		t.Errorf("%d requests, %d logins: %+v", n, logins, s.Requests())
	}
	if len(s.History()) > 0 || s.Log("instlog", me, 0) != "" || s.Log(noSuchLog, me, 0) != "" {
		t.Errorf("it changed the server: %+v", s.History())
	}
}

// always strikes every request that fits.
func always(f opsitest.Fault) opsitest.Fault { f.Times = -1; return f }

// TestFaults: each fault has a finding of its own, nothing behind it is looked
// at, and nobody knocks twice.
func TestFaults(t *testing.T) {
	const hello = "backend_info"
	for _, c := range []struct {
		name  string
		do    func(t *testing.T, s *opsitest.Server, target *Target)
		code  string
		calls int // HTTP requests that the server saw
		data  map[string]any
	}{
		{"no address", func(_ *testing.T, _ *opsitest.Server, x *Target) { x.URL = " " }, "address_none", 0, nil},
		{"http in the address", func(_ *testing.T, _ *opsitest.Server, x *Target) { x.URL = strings.Replace(x.URL, "https", "http", 1) }, "address_plain", 0, nil},
		{"key in the address", func(_ *testing.T, _ *opsitest.Server, x *Target) { x.URL = "https://pc1:0123@server.site.test" }, "address_bad", 0, nil},
		{"a page in the address", func(_ *testing.T, _ *opsitest.Server, x *Target) { x.URL += "/configed" }, "address_bad", 0, nil},
		{"no key file named", func(_ *testing.T, _ *opsitest.Server, x *Target) { x.KeyFile = "" }, "key_none", 0, nil},
		{"no key file there", func(_ *testing.T, _ *opsitest.Server, x *Target) { x.KeyFile += ".no" }, "key_missing", 0, nil},
		{"a key that is none", func(t *testing.T, _ *opsitest.Server, x *Target) { put(t, x.KeyFile, "secret") }, "key_bad", 0, nil},
		{"a key file of somebody else", func(_ *testing.T, _ *opsitest.Server, x *Target) {
			x.Secret = func(string, fs.FileInfo) error { return fs.ErrInvalid }
		}, "key_loose", 0, nil},
		{"no CA file there", func(_ *testing.T, _ *opsitest.Server, x *Target) { x.CAFile += ".no" }, "ca_missing", 0, nil},
		{"a CA file with something else", func(t *testing.T, _ *opsitest.Server, x *Target) { put(t, x.CAFile, "-----BEGIN") }, "ca_bad", 0, nil},
		{"a CA file that others could change", func(_ *testing.T, _ *opsitest.Server, x *Target) {
			x.Owner = func(string, fs.FileInfo) error { return fs.ErrInvalid }
		}, "ca_bad", 0, nil},
		{"no such name", func(_ *testing.T, _ *opsitest.Server, x *Target) { x.URL = "https://opsi..site.test:4447" }, "reach_name", 0, nil},
		{"nobody listens", func(_ *testing.T, s *opsitest.Server, _ *Target) { s.Stop() }, "reach_refused", 0, nil},
		{"http instead of https", func(t *testing.T, _ *opsitest.Server, x *Target) { x.URL = plain(t) }, "tls_plain", 0, nil},
		{"something else listens", func(t *testing.T, _ *opsitest.Server, x *Target) { x.URL = listener(t, "SSH-2.0-OpenSSH_9.6\r\n") }, "tls_broken", 0, nil},
		{"it hangs up", func(t *testing.T, _ *opsitest.Server, x *Target) { x.URL = listener(t, "") }, "tls_broken", 0, nil},
		{"wrong CA", func(_ *testing.T, s *opsitest.Server, _ *Target) { s.Present(opsitest.Foreign) }, "tls_other_ca", 0, map[string]any{"Issuer": "CN=opsi CA"}},
		{"the system's CAs", func(_ *testing.T, _ *opsitest.Server, x *Target) { x.CAFile = "" }, "tls_other_ca", 0, nil},
		{"expired certificate", func(_ *testing.T, s *opsitest.Server, _ *Target) { s.Present(opsitest.Expired) }, "tls_expired", 0, nil},
		{"a clock that is behind", func(_ *testing.T, _ *opsitest.Server, x *Target) {
			x.Now = func() time.Time { return time.Now().AddDate(0, 0, -45) }
		}, "tls_early", 0, nil},
		{"a clock far ahead", func(_ *testing.T, _ *opsitest.Server, x *Target) {
			x.Now = func() time.Time { return time.Now().AddDate(4, 0, 0) }
		}, "tls_expired", 0, nil},
		{"wrong host name", func(_ *testing.T, s *opsitest.Server, _ *Target) { s.Present(opsitest.OtherName) }, "tls_other_name", 0, nil},
		{"wrong key: 401", func(t *testing.T, _ *opsitest.Server, x *Target) { put(t, x.KeyFile, strings.Repeat("0a", 16)) }, "login_refused", 1, nil},
		{"unknown client: 401", func(_ *testing.T, _ *opsitest.Server, x *Target) { x.HostID = "pc9.site.test" }, "login_refused", 1, map[string]any{"HostID": "pc9.site.test"}},
		{"the guard: 403", func(t *testing.T, s *opsitest.Server, x *Target) {
			wrong := *x
			wrong.KeyFile += ".wrong"
			put(t, wrong.KeyFile, strings.Repeat("0a", 16))
			for range 10 { // ten people who try once each
				Look(t.Context(), wrong)
			}
			s.ForgetRequests()
		}, "login_blocked", 1, nil},
		{"too many sessions: 403", func(_ *testing.T, s *opsitest.Server, _ *Target) {
			s.Break(always(opsitest.Fault{Kind: opsitest.Status, Status: 403, Text: "Too many sessions from '10.0.0.1'"}))
		}, "login_sessions", 1, nil},
		{"a network that may not: 403", func(_ *testing.T, s *opsitest.Server, _ *Target) {
			s.Break(always(opsitest.Fault{Kind: opsitest.Status, Status: 403, Text: "Host '10.0.0.1' is not allowed to connect"}))
		}, "login_forbidden", 1, nil},
		{"maintenance: 503", func(_ *testing.T, s *opsitest.Server, _ *Target) { s.Maintain(10 * time.Minute) }, "login_busy", 1, map[string]any{"Seconds": 600}},
		{"503 without a time", func(_ *testing.T, s *opsitest.Server, _ *Target) {
			s.Break(always(opsitest.Fault{Kind: opsitest.Status, Status: 503}))
		}, "login_busy", 1, nil},
		{"500", func(_ *testing.T, s *opsitest.Server, _ *Target) {
			s.Break(always(opsitest.Fault{Kind: opsitest.Status, Status: 500, Text: "database"}))
		}, "login_server", 1, nil},
		{"400", func(_ *testing.T, s *opsitest.Server, _ *Target) {
			s.Break(always(opsitest.Fault{Kind: opsitest.Status, Status: 400}))
		}, "login_rejected", 1, nil},
		{"malformed answer", func(_ *testing.T, s *opsitest.Server, _ *Target) {
			s.Break(always(opsitest.Fault{Kind: opsitest.Malformed, Method: hello}))
		}, "login_answer", 1, nil},
		{"a page instead of an answer", func(_ *testing.T, s *opsitest.Server, _ *Target) {
			s.Break(always(opsitest.Fault{Kind: opsitest.Body, Body: []byte("<html>welcome</html>")}))
		}, "login_answer", 1, nil},
		{"oversized answer", func(_ *testing.T, s *opsitest.Server, to *Target) {
			to.Patience = time.Minute
			s.Break(always(opsitest.Fault{Kind: opsitest.Oversized, Size: 33 << 20}))
		}, "login_answer", 1, nil},
		{"an answer packed small", func(_ *testing.T, s *opsitest.Server, to *Target) {
			to.Patience = time.Minute // packing it takes a busy machine seconds
			s.Break(always(opsitest.Fault{Kind: opsitest.Bomb, Size: 40 << 20}))
		}, "login_answer", 1, nil},
		{"a deep answer", func(_ *testing.T, s *opsitest.Server, _ *Target) {
			s.Break(always(opsitest.Fault{Kind: opsitest.Deep, Size: 100000}))
		}, "login_answer", 1, nil},
		{"cut before an answer", func(_ *testing.T, s *opsitest.Server, _ *Target) { s.Break(always(opsitest.Fault{Kind: opsitest.Cut})) }, "login_cut", 1, nil},
		{"cut in the answer", func(_ *testing.T, s *opsitest.Server, _ *Target) {
			s.Break(always(opsitest.Fault{Kind: opsitest.Half}))
		}, "login_cut", 1, nil},
		{"no answer", func(_ *testing.T, s *opsitest.Server, x *Target) {
			x.Patience = 200 * time.Millisecond
			s.Break(always(opsitest.Fault{Kind: opsitest.Pass, Delay: 2 * time.Second}))
		}, "login_cut", 1, nil},
		{"away after the login", func(_ *testing.T, s *opsitest.Server, _ *Target) {
			s.Break(opsitest.Fault{Kind: opsitest.Cut, Method: "log_write", Times: -1})
		}, "login_lost", 2, nil},
		{"busy after the login", func(_ *testing.T, s *opsitest.Server, _ *Target) {
			s.Break(opsitest.Fault{Kind: opsitest.Status, Status: 503, RetryAfter: time.Minute, Method: "log_write", Times: -1})
		}, "login_lost", 2, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, target := site(t, opsitest.Options{})
			c.do(t, s, &target)
			fs := Look(t.Context(), target)
			known(t, fs)
			if got := codes(fs); !slices.Equal(got, []string{c.code}) {
				t.Fatalf("%v, want %s: %v", got, c.code, fs)
			}
			f := find(t, fs, c.code)
			for k, want := range c.data {
				if f.Data[k] != want {
					t.Errorf("%s: %v, want %v", k, f.Data[k], want)
				}
			}
			if n := len(s.Requests()); n != c.calls {
				t.Errorf("%d requests, want %d: %+v", n, c.calls, s.Requests())
			}
			if len(s.History()) > 0 {
				t.Errorf("it changed the server: %+v", s.History())
			}
			behind := false
			for _, g := range fs {
				if behind && g.State != Skipped && c.code != "login_lost" && !slices.Contains(append([]string{Address, Key, CA}, agentcheck.Checks()...), g.Check) {
					t.Errorf("%+v is looked at behind %s", g, c.code)
				}
				behind = behind || g.Code == c.code
			}
		})
	}
}

// plain is a web server without TLS.
func plain(t *testing.T) string {
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "http://", "https://", 1)
}

// listener says something to everybody and hangs up.
func listener(t *testing.T, says string) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte(says))
			_ = c.Close()
		}
	}()
	return "https://" + ln.Addr().String()
}

// TestStands: what is wrong at the server though the login works. All else is
// still looked at.
func TestStands(t *testing.T) {
	denied := func(method string) opsitest.Fault {
		return opsitest.Fault{Kind: opsitest.RPCError, Method: method, Class: "BackendPermissionDeniedError", Text: "No permission for method '" + method + "'", Times: -1}
	}
	for _, c := range []struct {
		name string
		do   func(s *opsitest.Server, target *Target)
		code string
		data map[string]any
	}{
		{"a clock that is off", func(_ *opsitest.Server, x *Target) {
			x.Now = func() time.Time { return time.Now().Add(-5 * time.Minute) }
		}, "clock_off", map[string]any{"Behind": true}},
		{"a clock that is ahead", func(_ *opsitest.Server, x *Target) {
			x.Now = func() time.Time { return time.Now().Add(5 * time.Minute) }
		}, "clock_off", map[string]any{"Behind": false}},
		{"a clock that is wrong", func(_ *opsitest.Server, x *Target) { x.Now = func() time.Time { return time.Now().AddDate(0, 0, 3) } }, "clock_wrong", nil},
		{"rows may not be read", func(s *opsitest.Server, _ *Target) { s.Break(denied("productOnClient_getObjects")) }, "rights_read", nil},
		{"rows may not be written", func(s *opsitest.Server, _ *Target) { s.Break(denied("productOnClient_updateObjects")) }, "rights_write", nil},
		{"no log may be written", func(s *opsitest.Server, _ *Target) { s.Break(denied("log_write")) }, "rights_log", nil},
		{"no word of licences", func(s *opsitest.Server, _ *Target) { s.Break(denied("backend_getLicensingInfo")) }, "modules_unknown", nil},
		{"no depot", func(s *opsitest.Server, _ *Target) { s.Break(denied("configState_getClientToDepotserver")) }, "depot_none", nil},
		{"a depot that nobody knows", func(s *opsitest.Server, _ *Target) {
			s.Put(opsitest.State("clientconfig.depot.id", me, "depot9.site.test"))
			s.ForgetHistory()
		}, "depot_no_url", map[string]any{"Depot": "depot9.site.test"}},
		{"a depot without TLS", func(s *opsitest.Server, _ *Target) { depotAt(s, "webdav://127.0.0.1:80/depot") }, "depot_address", nil},
		{"a depot that is off", func(s *opsitest.Server, _ *Target) { depotAt(s, "webdavs://127.0.0.1:1/depot") }, "depot_unreachable", nil},
		{"a depot that refuses the client", func(s *opsitest.Server, _ *Target) {
			s.Break(always(opsitest.Fault{Kind: opsitest.Status, Status: 401, Path: "/depot"}))
		}, "depot_refused", map[string]any{"Status": 401}},
		{"a depot that blocks", func(s *opsitest.Server, _ *Target) {
			s.Break(always(opsitest.Fault{Kind: opsitest.Status, Status: 403, Path: "/depot"}))
		}, "depot_forbidden", nil},
		{"a depot in maintenance", func(s *opsitest.Server, _ *Target) {
			s.Break(always(opsitest.Fault{Kind: opsitest.Status, Status: 503, Path: "/depot"}))
		}, "depot_busy", nil},
		{"a depot that is no depot", func(s *opsitest.Server, _ *Target) { depotAt(s, s.URL()+"/nothing") }, "depot_status", map[string]any{"Status": 404}},
		{"opsi's own switch is on", func(s *opsitest.Server, _ *Target) {
			s.Put(opsitest.Config(activeID, "false"), opsitest.State(activeID, me, "True"))
			s.ForgetHistory()
		}, "configs_active", map[string]any{"Value": "True"}},
		{"it is on for all", func(s *opsitest.Server, _ *Target) {
			s.Put(opsitest.Object{"type": "BoolConfig", "id": activeID, "defaultValues": []any{true}})
			s.ForgetHistory()
		}, "configs_active", nil},
		{"it has a strange value", func(s *opsitest.Server, _ *Target) {
			s.Put(opsitest.Config(activeID, "perhaps"))
			s.ForgetHistory()
		}, "configs_unclear", nil},
		{"products are held", func(s *opsitest.Server, _ *Target) {
			s.Put(opsitest.Config("quietsetup.hold"), opsitest.State("quietsetup.hold", me, "java", "firefox"))
			s.ForgetHistory()
		}, "configs_held", map[string]any{"Products": "firefox, java"}},
		{"a value that does not count", func(s *opsitest.Server, _ *Target) {
			s.Put(opsitest.Config("quietsetup.max_defer", "many"))
			s.ForgetHistory()
		}, "configs_bad", nil},
		{"a mode that there is not", func(s *opsitest.Server, _ *Target) {
			s.Put(opsitest.Config("quietsetup.mode", "watch"))
			s.ForgetHistory()
		}, "configs_bad", map[string]any{"Text": `config id quietsetup.mode: "watch" is neither normal nor observe, so it is only observed`}},
		{"a list with a slip", func(s *opsitest.Server, _ *Target) {
			s.Put(opsitest.Config("quietsetup.deadlines", "firefox"))
			s.ForgetHistory()
		}, "configs_bad", map[string]any{"Text": `config id quietsetup.deadlines: "firefox" is not of the form product=date; ignored`}},
		{"an id with a slip", func(s *opsitest.Server, _ *Target) {
			s.Put(opsitest.Config("quietsetup.max_defers", "3"))
			s.ForgetHistory()
		}, "configs_bad", nil},
		{"values cannot be read", func(s *opsitest.Server, _ *Target) {
			s.Break(always(opsitest.Fault{Kind: opsitest.RPCError, Method: "configState_getValues", Class: "ValueError", Text: "no"}))
		}, "configs_unknown", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, target := site(t, opsitest.Options{})
			c.do(s, &target)
			fs := Look(t.Context(), target)
			known(t, fs)
			if got := codes(fs); !slices.Equal(got, []string{c.code}) {
				t.Fatalf("%v, want %s: %v", got, c.code, fs)
			}
			f := find(t, fs, c.code)
			for k, want := range c.data {
				if f.Data[k] != want {
					t.Errorf("%s: %v, want %v", k, f.Data[k], want)
				}
			}
			for _, g := range fs {
				if g.State == Skipped {
					t.Errorf("%s is not looked at", g.Check)
				}
			}
			if len(s.History()) > 0 {
				t.Errorf("it changed the server: %+v", s.History())
			}
		})
	}
}

// TestConfigIDs of ours that count are told, and those that say nothing are not.
func TestConfigIDs(t *testing.T) {
	s, target := site(t, opsitest.Options{})
	s.Put(opsitest.Config(activeID, "false"), opsitest.Config("quietsetup.max_defer", "3"), opsitest.Config("quietsetup.alone_action"), opsitest.Config("quietsetupx", "1"))
	fs := Look(t.Context(), target)
	if f := find(t, fs, "configs_ours"); f.Data["IDs"] != "quietsetup.max_defer" || len(codes(fs)) > 0 {
		t.Errorf("%v", fs)
	}
}

// depotAt gives the site's depot another address.
func depotAt(s *opsitest.Server, address string) {
	s.Put(opsitest.Object{"type": "OpsiConfigserver", "id": opsitest.ConfigServerID, "opsiHostKey": strings.Repeat("ab", 16), "depotWebdavUrl": address, "isMasterDepot": true})
	s.ForgetHistory()
}

// TestModules: outside of Windows opsi-script needs a module, and nothing of ours does.
func TestModules(t *testing.T) {
	s, target := site(t, opsitest.Options{})
	target.System = "linux"
	if fs := Look(t.Context(), target); len(codes(fs)) > 0 {
		t.Errorf("%v", fs)
	}
	s.Break(opsitest.Fault{Kind: opsitest.Body, Method: "log_write", Times: -1, Body: []byte(`[{"id":1,"result":[]},{"id":2,"result":null},{"id":3,"error":{"message":"Unknown log type","class":"ValueError"}},
		{"id":4,"result":{"available_modules":["background_install"]}},{"id":5,"result":[]},{"id":6,"result":[]},{"id":7,"result":{}}]`)})
	fs := Look(t.Context(), target)
	if got := codes(fs); !slices.Equal(got, []string{"modules_agent", "depot_none"}) {
		t.Errorf("%v", fs)
	}
	if d := find(t, fs, "modules_agent").Data; d["Module"] != "linux_agent" || d["Background"] != true {
		t.Errorf("%v", d)
	}
}

// TestServerIs: the server of an old site, of a depot, and one that does not say.
func TestServerIs(t *testing.T) {
	for _, c := range []struct{ version, role, code string }{
		{"4.3.24.1", "configserver", "server_ok"}, {"4.3", "", "server_ok"}, {"5.0.1", "configserver", "server_ok"},
		{"4.2.0.312", "configserver", "server_old"}, {"3.9", "configserver", "server_old"}, {"4.3.24.1", "depotserver", "server_depot"}, {"", "configserver", "server_unknown"},
	} {
		v := &visit{}
		v.server(opsi.Seen{Version: c.version, Role: c.role}, "")
		if v.found[0].Code != c.code {
			t.Errorf("%+v: %v", c, v.found)
		}
	}
}

// TestServerTime: the server's date ends in UTC.
func TestServerTime(t *testing.T) {
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	for _, h := range []http.Header{
		{"Date": {"Mon, 02 Mar 2026 08:00:00 UTC"}}, {"Date": {"Mon, 02 Mar 2026 08:00:00 GMT"}},
		{"X-Date-Unix-Timestamp": {"1772438400"}, "Date": {"nonsense"}},
	} {
		if got, ok := serverTime(h); !ok || !got.Equal(at) {
			t.Errorf("%v: %v %v", h, got, ok)
		}
	}
	if _, ok := serverTime(http.Header{"Date": {"yesterday"}}); ok {
		t.Error("nonsense is a time")
	}
}

// TestEndsSoon: a certificate and a CA that somebody should have renewed.
func TestEndsSoon(t *testing.T) {
	day := 24 * time.Hour
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		leaf, ca int // days left
		want     []string
	}{{60, 700, nil}, {14, 21, nil}, {13, 700, []string{"tls_soon"}}, {60, 20, []string{"tls_ca_soon"}}, {0, 0, []string{"tls_soon", "tls_ca_soon"}}} {
		if got := ending(now, now.Add(time.Duration(c.leaf)*day), now.Add(time.Duration(c.ca)*day)); !slices.Equal(got, c.want) {
			t.Errorf("%d and %d days: %v", c.leaf, c.ca, got)
		}
	}
	_, target := site(t, opsitest.Options{})
	target.Now = func() time.Time { return time.Now().Add(80 * day) }
	if got := codes(Look(t.Context(), target)); !slices.Equal(got, []string{"tls_soon", "clock_wrong"}) {
		t.Errorf("%v", got)
	}
}
