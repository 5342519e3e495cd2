// SPDX-License-Identifier: Apache-2.0

package opsitest

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// hands is a clock that a test moves.
type hands struct{ t time.Time }

func (h *hands) now() time.Time { return h.t }

// TestEnvelopes compares whole answers: 1.0 and 2.0, results and errors, batches.
func TestEnvelopes(t *testing.T) {
	_, pc := start(t, Options{})
	const exit = `"method":"backend_setOptions","params":[{}]`
	const wrong = `"method":"no_such","params":[]`
	for _, c := range []struct{ name, body, want string }{
		{"1.0", `{"id":7,` + exit + `}`, `{"error":null,"id":7,"result":null}`},
		{"1.0 error", `{"id":7,` + wrong + `}`, `{"error":{"class":"ValueError","details":null,"message":"Invalid method 'no_such'"},"id":7,"result":null}`},
		{"2.0", `{"jsonrpc":"2.0","id":"a",` + exit + `}`, `{"id":"a","jsonrpc":"2.0","result":null}`},
		{"2.0 error has the code 0", `{"jsonrpc":"2.0","id":7,` + wrong + `}`,
			`{"error":{"code":0,"data":{"class":"ValueError","details":null},"message":"Invalid method 'no_such'"},"id":7,"jsonrpc":"2.0"}`},
		{"another version is 1.0", `{"jsonrpc":"1.1","id":7,` + exit + `}`, `{"error":null,"id":7,"result":null}`},
		{"no id is 0", `{` + exit + `}`, `{"error":null,"id":0,"result":null}`},
		{"null id is 0", `{"id":null,` + exit + `}`, `{"error":null,"id":0,"result":null}`},
		{"keywords", `{"id":1,"method":"backend_setOptions","params":{"backendOptions":{}}}`, `{"error":null,"id":1,"result":null}`},
		{"a batch of one is bare", `[{"id":7,` + exit + `}]`, `{"error":null,"id":7,"result":null}`},
		{"a batch goes on after an error, in both versions", `[{"id":1,` + wrong + `},{"jsonrpc":"2.0","id":2,` + exit + `}]`,
			`[{"error":{"class":"ValueError","details":null,"message":"Invalid method 'no_such'"},"id":1,"result":null},{"id":2,"jsonrpc":"2.0","result":null}]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := pc.post(c.body)
			if r.err != nil || r.status != http.StatusOK || string(r.body) != c.want {
				t.Errorf("%d %v\n got %s\nwant %s", r.status, r.err, r.body, c.want)
			}
		})
	}
	if r := pc.admin().post(`{"id":7,` + wrong + `}`); !strings.Contains(string(r.body), "Traceback") {
		t.Errorf("an admin gets no details: %s", r.body)
	}
}

// TestWaysIn are the ways to call that are not a POST to /rpc.
func TestWaysIn(t *testing.T) {
	s, pc := start(t, Options{})
	call := `{"id":1,"method":"backend_setOptions","params":[{}]}`
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"twice", http.MethodPost, "/rpc/rpc", call, 200, `"result":null`},
		{"anything behind", http.MethodPost, "/rpcfoo", call, 200, `"result":null`},
		{"in the address", http.MethodGet, "/rpc?" + url.QueryEscape(call), "", 200, `"result":null`},
		{"probe", http.MethodHead, "/rpc", "", 200, ""},
		{"no JSON", http.MethodPost, "/rpc", `{"id":`, 400, `"class":"ValueError"`},
		{"not a call", http.MethodPost, "/rpc", `[3]`, 400, `"id":0`},
		{"elsewhere", http.MethodGet, "/nowhere", "", 404, ""},
		{"log out", http.MethodPost, "/session/logout", "", 200, ""},
		{"log out, the other name", http.MethodPost, "/auth/logout", "", 200, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := pc.do(c.method, c.path, []byte(c.body))
			if r.err != nil || r.status != c.status || !strings.Contains(string(r.body), c.want) {
				t.Errorf("%d %v %s", r.status, r.err, r.body)
			}
		})
	}
	pc.name = ""
	for _, p := range []string{"/ssl/opsi-ca-cert.pem", "/ssl/ca-certs.pem"} {
		if r := pc.do(http.MethodGet, p, nil); r.status != 200 || string(r.body) != string(s.CA()) {
			t.Errorf("%s without a login: %d %s", p, r.status, r.body)
		}
	}
}

// TestHeaders are those that clients look at.
func TestHeaders(t *testing.T) {
	h := &hands{time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
	_, pc := start(t, Options{Now: h.now})
	r := pc.do(http.MethodHead, "/rpc", nil)
	if r.err != nil {
		t.Fatal(r.err)
	}
	for name, want := range map[string]string{
		"Server": "opsiconfd 4.3.24.1 (uvicorn)", "X-Opsi-Server-Role": "configserver", "X-Opsi-User-Id": "client:" + pc1,
		"Date": "Wed, 04 Mar 2026 05:06:07 UTC", "X-Date-Unix-Timestamp": "1772600767",
		"Accept": "application/msgpack,application/json", "Accept-Encoding": "lz4,gzip", "X-Opsi-Auth-Methods": "password",
	} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if c := r.header.Get("Set-Cookie"); !strings.HasPrefix(c, "opsiconfd-session=") || !strings.HasSuffix(c, "; SameSite=Strict; Secure; path=/; Max-Age=120") {
		t.Errorf("cookie %q", c)
	}
}

// TestLogins are the names under which a host may come, and the refusals.
func TestLogins(t *testing.T) {
	s := Start(t, Options{UpdateIP: true})
	key := token()
	s.Put(Object{"type": "OpsiClient", "id": pc1, "opsiHostKey": key, "hardwareAddress": "00:11:22:33:44:55", "systemUUID": "9f3f-AB", "oneTimePassword": "once"})
	const missing, wrong = "Authorization header missing", "Authentication error"
	for _, c := range []struct {
		name, user, key string
		status          int
		text, newID     string
	}{
		{"id", pc1, key, 200, "", ""},
		{"upper case", "PC1.Site.Test", key, 200, "", ""},
		{"MAC", "00:11:22:33:44:55", key, 200, "", pc1},
		{"MAC, said so", "{hardware_address}00:11:22:33:44:55", key, 200, "", pc1},
		{"UUID", "{system_uuid}9f3f-ab", key, 200, "", pc1},
		{"one-time password", pc1, "once", 200, "", ""},
		{"one-time password again", pc1, "once", 401, wrong, ""},
		{"wrong key", pc1, "no", 401, wrong, ""},
		{"nobody of that name", pc2, key, 401, wrong, ""},
		{"no key", pc1, "", 401, wrong, ""},
		{"no header", "", "", 401, missing, ""},
		{"admin", AdminName, AdminPassword, 200, "", ""},
		{"admin with a wrong password", AdminName, "no", 401, wrong, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newPeer(t, s, c.user, c.key).do(http.MethodPost, "/rpc", []byte(`{"id":1,"method":"backend_info","params":[]}`))
			if r.status != c.status || r.header.Get("X-Opsi-New-Host-Id") != c.newID {
				t.Fatalf("%d %v, new id %q", r.status, r.err, r.header.Get("X-Opsi-New-Host-Id"))
			}
			if c.status != 401 {
				return
			}
			if want := `{"error":"` + c.text + `","id":null,"result":null}`; string(r.body) != want {
				t.Errorf("%s, want %s", r.body, want)
			}
			if r.header.Get("X-Opsi-Error") != c.text || r.header.Get("Www-Authenticate") != `Basic realm="opsi", charset="UTF-8"` {
				t.Errorf("headers %v", r.header)
			}
		})
	}
	script := newPeer(t, s, "", "")
	script.header.Set("X-Requested-With", "XMLHttpRequest")
	if r := script.post("{}"); r.status != 401 || r.header.Get("Www-Authenticate") != "" {
		t.Errorf("a script is asked for a password: %d %v", r.status, r.header)
	}
	host := s.Rows("host", Object{"id": pc1})[0]
	if host.Text("ipAddress") != "127.0.0.1" || host.Text("lastSeen") == "" || host["oneTimePassword"] != nil {
		t.Errorf("a login leaves %v", host)
	}
}

// TestSessions: the cookie beats the key while it is good.
func TestSessions(t *testing.T) {
	h := &hands{time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
	s, pc := start(t, Options{Now: h.now})
	const call = `{"id":1,"method":"backend_setOptions","params":[{}]}`
	cookie := func(r reply) string { return strings.SplitN(r.header.Get("Set-Cookie"), ";", 2)[0] }
	first := cookie(pc.post(call))
	pc.header.Set("Cookie", "NULL; "+first) // as opsi-script sends it
	key := pc.key
	pc.key = "wrong"
	h.t = h.t.Add(119 * time.Second)
	if r := pc.post(call); r.status != 200 || cookie(r) != first {
		t.Errorf("a good cookie with a wrong key: %d %s", r.status, cookie(r))
	}
	h.t = h.t.Add(119 * time.Second) // it slides
	if r := pc.post(call); r.status != 200 {
		t.Errorf("the session does not slide: %d", r.status)
	}
	h.t = h.t.Add(121 * time.Second)
	if r := pc.post(call); r.status != 401 {
		t.Errorf("a session that is over: %d", r.status)
	}
	pc.key = key
	pc.header.Set("X-Opsi-Session-Lifetime", "3600")
	r := pc.post(call)
	if r.status != 200 || cookie(r) == first || !strings.HasSuffix(r.header.Get("Set-Cookie"), "Max-Age=3600") {
		t.Errorf("a session of another life: %d %s", r.status, r.header.Get("Set-Cookie"))
	}
	pc.header.Set("Cookie", cookie(r))
	pc.name = ""
	if r := pc.post(`{"id":1,"method":"backend_exit","params":[]}`); r.status != 200 {
		t.Errorf("exit: %d", r.status)
	}
	if r := pc.post(call); r.status != 401 {
		t.Errorf("after the exit: %d", r.status)
	}
	pc.name = pc1
	pc.header.Set("Cookie", cookie(pc.post(call)))
	s.ForgetSessions()
	if r := pc.post(call); r.status != 200 || cookie(r) == pc.header.Get("Cookie") {
		t.Errorf("a forgotten session: %d", r.status)
	}
	logins := 0
	for _, r := range s.Requests() {
		if r.Login {
			logins++
		}
	}
	if n := len(s.Requests()); logins != 5 || n != 9 {
		t.Errorf("%d logins in %d requests", logins, n)
	}
}

// TestTooManySessions: who throws cookies away is shut out.
func TestTooManySessions(t *testing.T) {
	for _, c := range []struct {
		name   string
		agent  string
		exempt bool
		last   int
	}{{"a client", "x", false, 403}, {"loopback", "x", true, 200}, {"curl gets none that lasts", "curl/8", false, 200}} {
		t.Run(c.name, func(t *testing.T) {
			_, pc := start(t, Options{LoopbackExempt: c.exempt})
			pc.header.Set("User-Agent", c.agent)
			for range mostSessions {
				if r := pc.do(http.MethodHead, "/rpc", nil); r.status != 200 {
					t.Fatalf("%d", r.status)
				}
			}
			if r := pc.do(http.MethodHead, "/rpc", nil); r.status != c.last {
				t.Errorf("session %d: %d", mostSessions+1, r.status)
			}
		})
	}
}

// TestGuard: ten failures block an address for two minutes, also for the right
// key, but not for a session that is there.
func TestGuard(t *testing.T) {
	h := &hands{time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
	s, pc := start(t, Options{Now: h.now})
	old := newPeer(t, s, pc.name, pc.key)
	old.header.Set("X-Opsi-Session-Lifetime", "3600")
	old.header.Set("Cookie", old.do(http.MethodHead, "/rpc", nil).header.Get("Set-Cookie"))
	bad := newPeer(t, s, pc1, "wrong")
	for i := range guardFailures {
		if r := bad.post("{}"); r.status != 401 {
			t.Fatalf("failure %d: %d", i+1, r.status) // the tenth too
		}
		h.t = h.t.Add(time.Second)
	}
	r := pc.post("{}")
	if want := `{"error":"Client '127.0.0.1' is blocked","id":null,"result":null}`; r.status != 403 || string(r.body) != want {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := old.do(http.MethodHead, "/rpc", nil); r.status != 200 {
		t.Errorf("a session that is there: %d", r.status)
	}
	h.t = h.t.Add(guardBlock)
	if r := pc.do(http.MethodHead, "/rpc", nil); r.status != 200 {
		t.Errorf("after the block: %d", r.status)
	}
	for range 3 * guardFailures { // slow ones are never ten in two minutes
		if r := bad.post("{}"); r.status != 401 {
			t.Fatalf("slow failures: %d", r.status)
		}
		h.t = h.t.Add(15 * time.Second)
	}
}

// TestFailureCost: a failed login takes its time, a good one does not.
func TestFailureCost(t *testing.T) {
	const cost = 200 * time.Millisecond
	s, pc := start(t, Options{FailureCost: cost})
	for _, c := range []struct {
		key    string
		status int
	}{{"wrong", 401}, {pc.key, 200}} {
		began := time.Now()
		r := newPeer(t, s, pc1, c.key).do(http.MethodHead, "/rpc", nil)
		if took := time.Since(began); r.status != c.status || c.status == 401 && took < cost {
			t.Errorf("%d after %v", r.status, took)
		}
	}
}

// TestMaintenance says when to come again.
func TestMaintenance(t *testing.T) {
	for _, exempt := range []bool{false, true} {
		s, pc := start(t, Options{LoopbackExempt: exempt})
		s.Maintain(600 * time.Second)
		r := pc.do(http.MethodPost, "/rpc", []byte("{}"))
		if exempt {
			if r.status == 503 {
				t.Errorf("loopback is not exempt")
			}
			continue
		}
		if r.status != 503 || r.header.Get("Retry-After") != "600" || !strings.Contains(string(r.body), `"error":"`) {
			t.Errorf("%d %v %s", r.status, r.header, r.body)
		}
		s.Maintain(0)
		if r := pc.do(http.MethodHead, "/rpc", nil); r.status != 200 {
			t.Errorf("after it: %d", r.status)
		}
	}
}

// TestCodings is packing both ways, with its traps.
func TestCodings(t *testing.T) {
	s, pc := start(t, Options{})
	s.Put(Config("long", strings.Repeat("x", packAbove)))
	zip := func(to func(io.Writer) io.WriteCloser, text string) []byte {
		var b bytes.Buffer
		w := to(&b)
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	gz := func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }
	zl := func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }
	small, large := `{"id":1,"method":"backend_setOptions","params":[{}]}`, `{"id":1,"method":"config_getObjects","params":[]}`
	for _, c := range []struct {
		name, send, accept string
		body               []byte
		status             int
		coding             string
	}{
		{"gzip in", "gzip", "", zip(gz, small), 200, ""},
		{"deflate in is zlib", "deflate", "", zip(zl, small), 200, ""},
		{"identity in", "identity", "", []byte(small), 200, ""},
		{"zstd in", "zstd", "", []byte(small), 400, ""},
		{"lz4 in, which is not spoken here", "lz4", "", []byte(small), 400, ""},
		{"broken gzip", "gzip", "", []byte("no gzip"), 400, ""},
		{"a small answer stays", "", "gzip", []byte(small), 200, ""},
		{"gzip out", "", "gzip", []byte(large), 200, "gzip"},
		{"deflate wins", "", "gzip, deflate, identity", []byte(large), 200, "deflate"},
		{"identity out", "", "identity", []byte(large), 200, ""},
		{"nothing said", "", "", []byte(large), 200, ""},
		{"anything is an error", "", "*", []byte(small), 400, ""},
		{"br is an error", "", "br", []byte(small), 400, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			pc.header = http.Header{}
			for name, v := range map[string]string{"Content-Encoding": c.send, "Accept-Encoding": c.accept} {
				if v != "" {
					pc.header.Set(name, v)
				}
			}
			r := pc.do(http.MethodPost, "/rpc", c.body)
			if r.err != nil || r.status != c.status || r.header.Get("Content-Encoding") != c.coding {
				t.Fatalf("%d %v %q", r.status, r.err, r.header.Get("Content-Encoding"))
			}
			var plain io.Reader = bytes.NewReader(r.body)
			var err error
			switch c.coding {
			case "gzip":
				plain, err = gzip.NewReader(plain)
			case "deflate":
				plain, err = zlib.NewReader(plain)
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(plain); err != nil || !bytes.HasPrefix(got, []byte(`{"error":`)) {
				t.Errorf("%v %.80s", err, got)
			}
		})
	}
	pc.header = http.Header{"Content-Type": {"application/msgpack"}}
	if r := pc.post(small); r.status != 400 {
		t.Errorf("msgpack: %d", r.status)
	}
}
