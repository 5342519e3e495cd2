// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/order"
	"github.com/quietsetup/quietsetup/internal/source/opsi/opsitest"
)

// machine is this client at a double of the server.
type machine struct {
	*Source
	client *Client
	server *opsitest.Server
	key    string
	id     string
	folder string // where it keeps what the server set; "" = nowhere
	warned *[]string
}

func start(t testing.TB) *machine {
	t.Helper()
	s := opsitest.Start(t, opsitest.Options{})
	m := &machine{server: s, id: me, key: s.AddClient(me)}
	m.restart(t)
	return m
}

// restart is a new process of the client: it remembers nothing.
func (m *machine) restart(t testing.TB) {
	t.Helper()
	key, err := ParseKey(m.key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewClient(Options{Server: m.server.URL(), Credentials: Credentials{m.id, key}, Roots: m.server.Roots(), Random: func() float64 { return 0 }})
	if err != nil {
		t.Fatal(err)
	}
	m.server.ForgetSessions() // a server has thirty for an address at most
	var mu sync.Mutex
	warned := &[]string{}
	s := New(Parts{Server: c, Folder: m.folder, Gather: 5 * time.Millisecond, Warn: func(product, line string) {
		mu.Lock()
		defer mu.Unlock()
		*warned = append(*warned, product+": "+line)
	}})
	c.most = 1 << 20
	m.Source, m.client, m.warned = s, c, warned
	t.Cleanup(func() {
		if err := errors.Join(s.Close(), c.Close()); err != nil {
			t.Error(err)
		}
	})
}

// later lets the time pass for which the server is left alone.
func (m *machine) later() {
	m.client.gate.mu.Lock()
	defer m.client.gate.mu.Unlock()
	m.client.gate.until = time.Time{}
}

func (m *machine) wanted(t testing.TB, product string) events.Request {
	t.Helper()
	for _, r := range poll(t, m.Source).Requests {
		if r.Row.ProductID == product {
			return r
		}
	}
	t.Fatalf("nothing is known of %s", product)
	return events.Request{}
}

// shows compares a stored row, field by field.
func (m *machine) shows(t testing.TB, product, want string) {
	t.Helper()
	r := m.server.Row(m.id, product)
	got := fmt.Sprintf("%s %s %s %s %s-%s %q", r.Text("actionResult"), r.Text("actionRequest"), r.Text("lastAction"), r.Text("installationStatus"),
		r.Text("productVersion"), r.Text("packageVersion"), r.Text("actionProgress"))
	if got != want {
		t.Errorf("%s is\n%s, want\n%s", product, got, want)
	}
}

func every() map[string]string {
	scripts := map[string]string{}
	for _, a := range events.Actions() {
		scripts[string(a)] = string(a) + ".opsiscript"
	}
	return scripts
}

// TestLifeCycleAtTheServer goes through every action, over restarts of both: two
// deferrals, the installer, and each outcome.
func TestLifeCycleAtTheServer(t *testing.T) {
	want := map[events.Action][3]string{ // success; failure that touched nothing; failure with nobody knowing
		"setup":     {`successful none setup installed 2.0-1 ""`, `failed none setup installed 1.0-1 "no"`, `failed none setup unknown 1.0-1 "no"`},
		"update":    {`successful none update installed 2.0-1 ""`, `failed none update installed 1.0-1 "no"`, `failed none update unknown 1.0-1 "no"`},
		"uninstall": {`successful none uninstall not_installed 2.0-1 ""`, `failed none uninstall installed 1.0-1 "no"`, `failed none uninstall unknown 1.0-1 "no"`},
		"always":    {`successful always always installed 2.0-1 ""`, `failed always always installed 1.0-1 "no"`, `failed always always unknown 1.0-1 "no"`},
		"once":      {`successful none once not_installed 2.0-1 ""`, `failed none once installed 1.0-1 "no"`, `failed none once unknown 1.0-1 "no"`},
		"custom":    {`successful none custom installed 1.0-1 ""`, `failed none custom installed 1.0-1 "no"`, `failed none custom installed 1.0-1 "no"`},
	}
	m := start(t)
	m.server.AddProduct(opsitest.Product{ID: "p", Version: "2.0", Scripts: every()})
	for _, a := range events.Actions() {
		for i, e := range []Ending{EndingOK, EndingUntouched, EndingUnclear} {
			m.server.Remove("productOnClient", opsitest.Object{"productId": "p"})
			m.server.Put(opsitest.Object{"type": "ProductOnClient", "productId": "p", "productType": localboot, "clientId": me, "installationStatus": "installed",
				"productVersion": "1.0", "packageVersion": "1", "lastAction": "none", "actionProgress": "left by others"})
			m.server.Request(me, "p", string(a))
			send := func(r events.Report, req events.Request) {
				t.Helper()
				if err := m.Report(t.Context(), r, req, nothing); err != nil {
					t.Fatal(err)
				}
			}
			for _, progress := range []string{"Deferred (user, 1 of 5)", "Deferred (user, 2 of 5)", "installing"} {
				m.restart(t)
				req := m.wanted(t, "p")
				r := req.Row
				r.ActionProgress, r.ActionResult = progress, events.ResultNone
				send(r, req)
				m.shows(t, "p", fmt.Sprintf("none %s none installed 1.0-1 %q", a, progress))
				m.server.Stop()
				if err := m.server.Resume(); err != nil {
					t.Fatal(err)
				}
			}
			m.restart(t)
			req := m.wanted(t, "p")
			_, r := Example(a, e)
			r.ProductID = "p"
			if r.ActionResult == events.ResultFailed {
				r.ActionProgress = "no"
			}
			send(r, req)
			m.shows(t, "p", want[a][i])
			m.server.ForgetHistory()
			send(r, req)
			if h := m.server.History(); len(h) != 0 {
				t.Errorf("%s, %s: a repeat wrote %+v", a, e, h)
			}
		}
	}
}

// TestFaults: whatever goes wrong in whichever phase, the end is the same: the
// report is stored once, nothing else was written, and the run was seen.
func TestFaults(t *testing.T) {
	faults := map[string]opsitest.Fault{
		"cut before":     {Kind: opsitest.Cut},
		"cut after":      {Kind: opsitest.Cut, Stored: true},
		"half":           {Kind: opsitest.Half},
		"malformed":      {Kind: opsitest.Malformed, Stored: true},
		"deep":           {Kind: opsitest.Deep, Size: 100000},
		"large":          {Kind: opsitest.Bomb, Size: 1<<20 + 100},
		"401":            {Kind: opsitest.Status, Status: 401, Text: "Authentication error"},
		"403":            {Kind: opsitest.Status, Status: 403, Text: "Client '127.0.0.1' is blocked"},
		"503":            {Kind: opsitest.Status, Status: 503, Text: "maintenance", RetryAfter: 10 * time.Minute},
		"500":            {Kind: opsitest.Status, Status: 500, Text: "oh"},
		"database":       {Kind: opsitest.RPCError, Class: "OperationalError", Text: "deadlock"},
		"a page instead": {Kind: opsitest.Body, Body: []byte("<html>captive portal</html>")},
	}
	m := start(t)
	for name, fault := range faults {
		for _, method := range []string{"productOnClient_getObjectsWithSequence", "productOnDepot_getObjects", "productOnClient_getObjects", "productOnClient_updateObjects"} {
			id := strings.ReplaceAll(strings.ToLower(name+"-"+method[len("productOn"):]), " ", "-")
			m.server.AddProduct(opsitest.Product{ID: id})
			m.server.Request(me, id, "setup")
			m.server.ForgetHistory()
			fault.Method, fault.Times = method, 2 // also what is repeated at once
			if method == "productOnClient_updateObjects" {
				fault.Times = 1
			}
			m.server.Break(fault)
			tries := 0
			again := func(f func() error) {
				for err := f(); err != nil; err = f() {
					if tries++; tries > 10 {
						t.Fatalf("%s: %v", id, err)
					}
					if strings.ContainsAny(err.Error(), "\n\x1b") || len(err.Error()) > 500 {
						t.Errorf("%s: %q", id, err)
					}
					if err := m.client.gate.check(); err == nil && fault.Kind != opsitest.RPCError {
						t.Errorf("%s: the server is not left alone", id)
					}
					m.later()
				}
			}
			var req events.Request
			again(func() error {
				return m.Poll(t.Context(), func(w Wanted) error {
					for _, r := range w.Requests {
						if r.Row.ProductID == id {
							req = r
						}
					}
					return nil
				})
			})
			done := 0
			again(func() error {
				return m.Report(t.Context(), ok(req), req, func() error { done++; return nil })
			})
			m.server.Mend()
			m.later()
			m.shows(t, id, `successful none setup installed 1.0-1 ""`)
			if h := m.server.History(); done != 1 || len(h) != 1 || !h[0].Changed() || tries == 0 {
				t.Errorf("%s: done %d times, %d writes after %d failures", id, done, len(h), tries)
			}
		}
	}
}

// TestOutage: a server that is away answers nobody, and everything is as it was
// when it is back.
func TestOutage(t *testing.T) {
	m := start(t)
	m.server.AddProduct(opsitest.Product{ID: "p"})
	m.server.Request(me, "p", "setup")
	req := m.wanted(t, "p")
	m.server.Stop()
	for range 5 {
		if err := m.Poll(t.Context(), func(Wanted) error { return nil }); !errors.Is(err, ErrUnreachable) {
			t.Errorf("%v", err)
		}
		m.later()
		if err := m.Report(t.Context(), ok(req), req, nothing); !errors.Is(err, ErrUnreachable) {
			t.Errorf("%v", err)
		}
		m.later()
	}
	if err := m.server.Resume(); err != nil {
		t.Fatal(err)
	}
	m.server.ForgetSessions()
	if err := m.Report(t.Context(), ok(req), req, nothing); err != nil {
		t.Error(err)
	}
	m.shows(t, "p", `successful none setup installed 1.0-1 ""`)
}

// TestCertificates: nothing is sent to whom nobody vouches for.
func TestCertificates(t *testing.T) {
	m := start(t)
	for _, c := range []opsitest.Certificate{opsitest.Expired, opsitest.Foreign, opsitest.OtherName} {
		m.server.Present(c)
		m.server.ForgetRequests()
		m.restart(t)
		if err := m.client.Do(t.Context(), &Call{Method: "backend_info", Reads: true}); !errors.Is(err, ErrCertificate) || len(m.server.Requests()) != 0 {
			t.Errorf("certificate %d: %v", c, err)
		}
	}
	m.server.Present(opsitest.Good)
	b, err := FirstContact(t.Context(), m.server.URL(), "")
	if err != nil || len(b.CAs()) != 1 {
		t.Errorf("%+v, %v", b.CAs(), err)
	}
	for _, r := range m.server.Requests() {
		if r.Basic {
			t.Error("the key was sent to get the CA")
		}
	}
}

// TestWrongKey does not lead to the address being blocked.
func TestWrongKey(t *testing.T) {
	m := start(t)
	m.key = strings.Repeat("0", 32)
	m.restart(t)
	for range 50 {
		if err := m.Poll(t.Context(), func(Wanted) error { return nil }); !errors.Is(err, ErrLogin) {
			t.Fatalf("%v", err)
		}
	}
	if n := len(m.server.Requests()); n != 1 {
		t.Errorf("%d logins", n)
	}
}

// TestOthersRows: an administrator's newer request, a script's own words and a
// row that was deleted.
func TestOthersRows(t *testing.T) {
	m := start(t)
	for _, id := range []string{"changed", "bumped", "deleted", "dropped"} {
		m.server.AddProduct(opsitest.Product{ID: id})
		m.server.Request(me, id, "setup")
	}
	m.server.AddProduct(opsitest.Product{ID: "net", Netboot: true})
	m.server.Put(opsitest.Object{"type": "ProductOnClient", "productId": "net", "productType": "NetbootProduct", "clientId": me, "actionRequest": "setup"})
	reqs := map[string]events.Request{}
	for _, r := range poll(t, m.Source).Requests {
		reqs[r.Row.ProductID] = r
	}
	if len(reqs) != 4 {
		t.Fatalf("%v", reqs)
	}
	m.server.Request(me, "changed", "uninstall")
	m.server.AddProduct(opsitest.Product{ID: "bumped", Version: "2.0"})
	m.server.Remove("productOnClient", opsitest.Object{"productId": "deleted"})
	m.server.DropProduct("dropped")
	for id, req := range reqs {
		if err := m.Report(t.Context(), ok(req), req, nothing); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	m.shows(t, "changed", `successful uninstall setup installed 1.0-1 ""`)
	m.shows(t, "bumped", `successful setup setup installed 1.0-1 ""`)
	m.shows(t, "deleted", `successful none setup installed 1.0-1 ""`)
	m.shows(t, "dropped", `successful none setup installed 1.0-1 ""`)
	m.server.Put(opsitest.Object{"type": "ProductOnClient", "productId": "dropped", "productType": localboot, "clientId": me, "actionRequest": "setup"})
	if w := poll(t, m.Source); !slices.Equal(w.Gone, []string{"dropped"}) || !slices.Equal(w.Order.Sequence, []string{"bumped", "changed"}) {
		t.Errorf("gone %v, order %v, %q", w.Gone, w.Order, *m.warned)
	}
}

// TestServersOrder: of random sets without circles the server's own sequence
// contradicts some, and what is made of it contradicts none.
func TestServersOrder(t *testing.T) {
	m := start(t)
	r := rand.New(rand.NewPCG(4, 3))
	wrong := 0
	for set := range 60 {
		m.server.Remove("productOnClient", opsitest.Object{})
		n := 3 + r.IntN(8)
		id := func(i int) string { return fmt.Sprintf("s%d-p%d", set, i) }
		var pairs []order.Pair
		for i := range n {
			p := opsitest.Product{ID: id(i), Priority: r.IntN(5) * 10}
			for j := range i { // on products with a smaller number alone
				if r.IntN(3) > 0 {
					continue
				}
				side, pair := "before", order.Pair{First: id(j), Later: id(i)}
				p.Requires = append(p.Requires, opsitest.Dependency{Product: id(j), RequiredAction: "setup", Side: side})
				pairs = append(pairs, pair)
			}
			m.server.AddProduct(p)
			m.server.Request(me, id(i), "setup")
		}
		w := poll(t, m.Source)
		if len(w.Order.Sequence) != n {
			t.Fatalf("%d of %d products", len(w.Order.Sequence), n)
		}
		if b := order.Broken(w.Order.Sequence, pairs); len(b) > 0 {
			t.Fatalf("%v contradicts %v", w.Order.Sequence, b)
		}
		wrong += len(*m.warned)
		*m.warned = nil
	}
	if wrong == 0 {
		t.Error("the server was right each time: its fault was not met")
	}
}

// TestRequestsOfARound: 200 products, four HTTP requests, one login.
func TestRequestsOfARound(t *testing.T) {
	m := start(t)
	for i := range 200 {
		id := fmt.Sprintf("p%03d", i)
		m.server.AddProduct(opsitest.Product{ID: id})
		m.server.Request(me, id, "setup")
	}
	m.server.ForgetRequests()
	w := poll(t, m.Source)
	var wg sync.WaitGroup
	m.parts.Gather = 500 * time.Millisecond // a loaded machine starts 200 goroutines slowly
	for _, req := range w.Requests {
		wg.Go(func() {
			if err := m.Report(t.Context(), ok(req), req, nothing); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	logins := 0
	for _, r := range m.server.Requests() {
		if r.Login {
			logins++
		}
	}
	if n := len(m.server.Requests()); n > 4 || logins != 1 || len(w.Requests) != 200 {
		t.Errorf("%d requests with %d logins for %d products", n, logins, len(w.Requests))
	}
}

// TestMemory: a thousand rounds leave nothing behind.
func TestMemory(t *testing.T) {
	m := start(t)
	m.server.AddProduct(opsitest.Product{ID: "p"})
	m.server.Request(me, "p", "setup")
	heap := func() uint64 {
		m.server.ForgetRequests()
		m.server.ForgetHistory()
		runtime.GC()
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	var first uint64
	for round := range 1000 {
		poll(t, m.Source)
		if round == 100 {
			first = heap()
		}
	}
	if last := heap(); last > first+512<<10 {
		t.Errorf("%d bytes more after 900 rounds", last-first)
	}
}
