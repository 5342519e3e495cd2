// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// site is a CA and what it signs.
type site struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func certificate(t testing.TB, name string, parent *site, until time.Time) *site {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until, BasicConstraintsValid: true}
	signer := &site{template, key}
	if parent == nil {
		template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign
	} else {
		signer = parent
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer.cert, &key.PublicKey, signer.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &site{cert, key}
}

func (s *site) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.cert.Raw})
}

func (s *site) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(s.cert)
	return p
}

// serve runs a handler behind a certificate of a site.
func serve(t testing.TB, leaf *site, h http.Handler) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{leaf.cert.Raw}, PrivateKey: leaf.key}}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

func nextYear() time.Time { return time.Now().Add(365 * 24 * time.Hour) }

// connect is a client of a handler.
func connect(t testing.TB, h http.HandlerFunc) *Client {
	t.Helper()
	ca := certificate(t, "opsi CA", nil, nextYear())
	c, err := NewClient(Options{Server: serve(t, certificate(t, "server", ca, nextYear()), h), Credentials: Credentials{me, testKey(t)}, Roots: ca.pool(),
		Program: "quietsetup/1", Random: func() float64 { return 0 }})
	if err != nil {
		t.Fatal(err)
	}
	c.most = 2 << 20
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// TestOneRequest looks at what is sent, and at what is kept of the answer.
func TestOneRequest(t *testing.T) {
	var cookies, bodies []string
	var out bool
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/session/logout" {
			out = true
			return
		}
		user, key, ok := r.BasicAuth()
		if r.URL.Path != "/rpc" || r.Method != "POST" || !ok || user != me || key != "0123456789abcdef0123456789abcdef" ||
			r.Header.Get("User-Agent") != "quietsetup/1" || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Accept-Encoding") != "gzip" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		cookies = append(cookies, r.Header.Get("Cookie"))
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			var err error
			if body, err = gzip.NewReader(r.Body); err != nil {
				t.Error(err)
			}
			bodies = append(bodies, "packed")
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Error(err)
		}
		bodies = append(bodies, string(text[:min(len(text), 60)]))
		w.Header().Set("Set-Cookie", fmt.Sprintf("opsiconfd-session=%032d; SameSite=Strict; Secure; path=/; Max-Age=120", len(bodies)))
		w.Header().Set("Server", "opsiconfd 4.3.24.1 (uvicorn)")
		w.Header().Set("X-Opsi-Server-Role", "configserver")
		w.Header().Set("X-Opsi-New-Host-Id", "other.example.org")
		w.Header().Set("X-Date-Unix-Timestamp", fmt.Sprint(time.Now().Add(time.Hour).Unix()))
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		fmt.Fprintf(z, `{"jsonrpc":"2.0","id":1,"result":%q}`, strings.Repeat("x", 1<<20))
		if err := z.Close(); err != nil {
			t.Error(err)
		}
	})
	for range 2 {
		var got string
		if err := c.Do(t.Context(), &Call{Method: "m", Into: &got}); err != nil || len(got) != 1<<20 {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
	}
	if err := c.Do(t.Context(), &Call{Method: "m", Params: []any{strings.Repeat("y", packFrom)}}); err != nil {
		t.Fatal(err)
	}
	if cookies[0] != "" || cookies[1] != fmt.Sprintf("opsiconfd-session=%032d", 1) {
		t.Errorf("cookies %q", cookies)
	}
	if bodies[0] != `{"jsonrpc":"2.0","id":1,"method":"m","params":[]}` || bodies[2] != "packed" || !strings.HasPrefix(bodies[3], `{"jsonrpc":"2.0","id":1,"method":"m","params":["yyy`) {
		t.Errorf("bodies %q", bodies)
	}
	if s := c.Seen(); s.Version != "4.3.24.1" || s.Role != "configserver" || s.HostID != "other.example.org" || s.Ahead < 59*time.Minute || s.Ahead > 61*time.Minute {
		t.Errorf("%+v", s)
	}
	if err := c.Close(); err != nil || !out {
		t.Errorf("not logged out, %v", err)
	}
}

// TestServerWithoutGzip: a server that cannot read a packed body is told so once.
func TestServerWithoutGzip(t *testing.T) {
	var packed, plain int
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Content-Encoding") != "" {
			packed++
			w.WriteHeader(400)
			return
		}
		plain++
		fmt.Fprint(w, `{"id":1,"result":null}`)
	})
	for range 3 {
		if err := c.Do(t.Context(), &Call{Method: "m", Params: []any{strings.Repeat("y", packFrom)}}); err != nil {
			t.Fatal(err)
		}
	}
	if packed != 1 || plain < 3 {
		t.Errorf("%d packed, %d plain", packed, plain)
	}
}

// TestClasses: what goes wrong has its class, and one line that says it.
func TestClasses(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		class  error
		text   string
	}{
		{"401", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(401)
			fmt.Fprint(w, `{"id":null,"result":null,"error":"Authentication error"}`)
		}, ErrLogin, "status 401, Authentication error"},
		{"403", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("x-opsi-error", "Client '10.0.0.1' is blocked")
			w.WriteHeader(403)
		}, ErrBlocked, "status 403, Client '10.0.0.1' is blocked"},
		{"503", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", "3"); w.WriteHeader(503) }, ErrBusy, "status 503"},
		{"500", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500); fmt.Fprint(w, "\x1b[31m<html>") }, ErrServer, "status 500"},
		{"422", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(422) }, ErrRejected, "status 422"},
		{"elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://127.0.0.1:1/", http.StatusTemporaryRedirect)
		}, ErrAnswer, "status 307"},
		{"oversized", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			block := bytes.Repeat([]byte(" "), 1<<20)
			for range 4 {
				if _, err := z.Write(block); err != nil {
					return // the client has seen enough
				}
			}
			_ = z.Close() // as well
		}, ErrAnswer, "larger than"},
		{"not packed at all", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			fmt.Fprint(w, strings.Repeat("no", 100))
		}, ErrAnswer, "gzip"},
		{"cut", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ErrUnreachable, "EOF"},
	} {
		client := connect(t, c.answer)
		err := client.Do(t.Context(), &Call{Method: "m"})
		if !errors.Is(err, c.class) || !strings.Contains(err.Error(), c.text) || strings.ContainsAny(err.Error(), "\n\x1b") || strings.Contains(err.Error(), "0123456789abcdef") {
			t.Errorf("%s: %v", c.name, err)
		}
		if err := client.gate.check(); !errors.Is(err, ErrWaiting) || !errors.Is(err, c.class) {
			t.Errorf("%s: the gate is open: %v", c.name, err)
		}
	}
}

// TestCut: what only reads is repeated once at once, what writes is not.
func TestCut(t *testing.T) {
	var mu sync.Mutex
	asked := 0
	c := connect(t, func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if asked++; asked == 1 {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprint(w, `{"id":1,"result":null}`)
	})
	if err := c.Do(t.Context(), read()); err != nil || asked != 2 {
		t.Errorf("asked %d times, %v", asked, err)
	}
	asked = 0
	if err := c.Do(t.Context(), &Call{Method: "x_updateObjects"}); !errors.Is(err, ErrUnreachable) || asked != 1 {
		t.Errorf("asked %d times, %v", asked, err)
	}
}

// TestTrust: another CA, a certificate that is over, and another name are refused
// before anything is sent.
func TestTrust(t *testing.T) {
	ca, other := certificate(t, "opsi CA", nil, nextYear()), certificate(t, "opsi CA", nil, nextYear())
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the key was sent") })
	good := serve(t, certificate(t, "server", ca, nextYear()), h)
	over := serve(t, certificate(t, "server", ca, time.Now().Add(-time.Hour)), h)
	for name, c := range map[string]struct {
		url   string
		roots *x509.CertPool
		text  string
	}{
		"another CA":       {good, other.pool(), "unknown authority"},
		"over":             {over, ca.pool(), "expired"},
		"the system's CAs": {good, nil, "unknown authority"},
		"another name":     {strings.Replace(good, "127.0.0.1", "localhost", 1), ca.pool(), "localhost"},
	} {
		client, err := NewClient(Options{Server: c.url, Credentials: Credentials{me, testKey(t)}, Roots: c.roots})
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Do(t.Context(), read()); !errors.Is(err, ErrCertificate) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFirstContact: the CA is asked for without a secret, is held against the
// server's own certificate, and is pinned once.
func TestFirstContact(t *testing.T) {
	ca, other := certificate(t, "opsi CA", nil, nextYear()), certificate(t, "another CA", nil, nextYear())
	offer := map[string][]byte{}
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" || r.Header.Get("Cookie") != "" {
			t.Error("a secret was sent")
		}
		text, ok := offer[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if _, err := w.Write(text); err != nil {
			t.Error(err)
		}
	})
	leaf := certificate(t, "server", ca, nextYear())
	url := serve(t, leaf, h)
	for _, c := range []struct {
		name, path string
		text       []byte
		class      error
	}{
		{"a bundle", bundlePath, append(other.pem(), ca.pem()...), nil},
		{"an old server", singlePath, ca.pem(), nil},
		{"another CA", bundlePath, other.pem(), ErrCertificate},
		{"no CA", bundlePath, leaf.pem(), ErrCertificate},
		{"a page", bundlePath, []byte("<html>"), ErrCertificate},
		{"a key in it", bundlePath, append(ca.pem(), []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")...), ErrCertificate},
		{"too large", bundlePath, make([]byte, maxBundle+1), ErrCertificate},
	} {
		clear(offer)
		offer[c.path] = c.text
		b, err := FirstContact(t.Context(), url, "")
		if !errors.Is(err, c.class) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err == nil && (len(b.CAs()) == 0 || len(b.CAs()[0].SHA256) != 64) {
			t.Errorf("%s: %+v", c.name, b.CAs())
		}
	}
	clear(offer)
	if _, err := FirstContact(t.Context(), url, ""); err == nil || !strings.Contains(err.Error(), singlePath) {
		t.Errorf("no offer: %v", err)
	}
	// A stranger who answers for the server lays the right CA beside his own.
	offer[bundlePath] = append(other.pem(), ca.pem()...)
	for _, c := range []struct {
		of    *x509.Certificate
		class error
	}{{ca.cert, nil}, {other.cert, ErrCertificate}, {leaf.cert, ErrCertificate}} {
		b, err := FirstContact(t.Context(), url, CAOf(c.of).SHA256)
		if !errors.Is(err, c.class) || err == nil && len(b.CAs()) != 1 {
			t.Errorf("by the sum of %s: %v, %+v", c.of.Subject, err, b.CAs())
		}
	}
	offer[bundlePath] = ca.pem()
	b, err := FirstContact(t.Context(), url, "")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	if _, err := ReadRoots(path, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if err := b.Pin(path); err != nil {
		t.Fatal(err)
	}
	roots, err := ReadRoots(path, func(string, fs.FileInfo) error { return nil })
	if err != nil || !roots.Equal(ca.pool()) {
		t.Errorf("%v", err)
	}
	if err := b.Pin(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("pinned twice: %v", err)
	}
	if _, err := ReadRoots(path, func(string, fs.FileInfo) error { return errors.New("belongs to uid 7") }); err == nil {
		t.Error("a file of others decides whom to trust")
	}
	if err := os.WriteFile(path, []byte("no"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadRoots(path, nil); !errors.Is(err, ErrCertificate) || !strings.Contains(err.Error(), path) {
		t.Errorf("%v", err)
	}
}

func TestAddress(t *testing.T) {
	for in, want := range map[string]string{
		"https://s.example.org":           "https://s.example.org:4447",
		"https://s.example.org:4447/rpc":  "https://s.example.org:4447",
		"https://s.example.org:443/":      "https://s.example.org:443",
		" https://[fd00::1]/rpc ":         "https://[fd00::1]:4447",
		"http://s.example.org":            "",
		"https://pc:secret@s.example.org": "",
		"https://s.example.org/other":     "",
		"https://s.example.org?x":         "",
		"s.example.org":                   "",
		"https://":                        "",
		"https://a b":                     "",
	} {
		u, err := baseURL(in)
		if (err == nil) != (want != "") || err == nil && u.String() != want || err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, %v", in, u, err)
		}
	}
	for _, o := range []Options{
		{Server: "x", Credentials: Credentials{me, testKey(t)}},
		{Server: "https://x", Credentials: Credentials{"pc1", testKey(t)}},
		{Server: "https://x", Credentials: Credentials{HostID: me}},
	} {
		if _, err := NewClient(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}

func TestCredentials(t *testing.T) {
	const key = "0123456789abcdef0123456789abcdef"
	dir := t.TempDir()
	write := func(name, text string, mode fs.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	conf := "\ufeff; a comment\n[config_service]\nhost_id = wrong\n[Global]\r\nhost_id = PC1.example.org\r\nopsi_host_key = " + key + "\r\nlog_level=5\n[x]\nopsi_host_key = wrong\n"
	for _, c := range []struct {
		name, text, id string
		want           string // host id; "" = an error
	}{
		{"opsiclientd.conf", conf, "", me},
		{"opsiclientd.conf", conf, "pc2.example.org", "pc2.example.org"},
		{"key", key + "\n", me, me},
		{"key", key, "", ""},
		{"key", key, "pc1", ""},
		{"key", key, "pc1..org", ""},
		{"key", strings.ToUpper(key), me, ""},
		{"key", "", me, ""},
		{"opsiclientd.conf", strings.ReplaceAll(conf, key, "secretive"), me, ""},
		{"large", strings.Repeat(" ", 1<<20+1), me, ""},
	} {
		path := write(c.name, c.text, 0o600)
		got, err := ReadCredentials(path, c.id, nil)
		if (err == nil) != (c.want != "") || err == nil && (got.HostID != c.want || got.Key.secret() != key) {
			t.Errorf("%s for %q: %+v, %v", c.name, c.id, got, err)
		}
		if err != nil && (strings.Contains(err.Error(), "secretive") || strings.Contains(err.Error(), key) || !strings.Contains(err.Error(), path)) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	path := write("key", key, 0o600)
	if _, err := ReadCredentials(path, me, func(string, fs.FileInfo) error { return errors.New("belongs to uid 7") }); !errors.Is(err, ErrLooseFile) {
		t.Errorf("%v", err)
	}
	if _, err := ReadCredentials(dir, me, nil); err == nil {
		t.Error("a folder is taken")
	}
	if _, err := ReadCredentials(filepath.Join(dir, "gone"), me, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	c, err := ReadCredentials(path, me, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(c)
	if all := fmt.Sprintf("%v %+v %#v %s %s", c, c, c, c.Key, text); err != nil || strings.Contains(all, key) {
		t.Errorf("the key is shown: %s, %v", all, err)
	}
}
