// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/source/opsi/opsitest"
)

// Faults that a review found, each by what happened.

// onRow is a row of this client.
func onRow(product string, more opsitest.Object) opsitest.Object {
	o := opsitest.Object{"type": "ProductOnClient", "productId": product, "productType": localboot, "clientId": me}
	for k, v := range more {
		o[k] = v
	}
	return o
}

// TestGivesWay: the removal of what another product needs is left out by the server.
// It was done all the same, and first, so that the other one waited for ever.
func TestGivesWay(t *testing.T) {
	m := start(t)
	m.server.AddProduct(opsitest.Product{ID: "java", Scripts: every()})
	m.server.AddProduct(opsitest.Product{ID: "firefox", Scripts: every(), Requires: []opsitest.Dependency{{Product: "java", Status: "installed", Side: "before"}}})
	m.server.Put(onRow("java", opsitest.Object{"installationStatus": "installed", "productVersion": "1.0", "packageVersion": "1", "actionRequest": "uninstall"}))
	m.server.Request(me, "firefox", "setup")
	d := newDesktop(t, m)
	d.poll("poll")
	d.work()
	if got := m.server.Row(me, "firefox"); got.Text("installationStatus") != "installed" || got.Text("actionRequest") != "none" {
		t.Errorf("firefox is %v", got)
	}
	if got := m.server.Row(me, "java"); got.Text("installationStatus") != "installed" || got.Text("actionRequest") != "uninstall" {
		t.Errorf("java is %v", got)
	}
	if !strings.Contains(strings.Join(*m.warned, "\n"), "gives way") {
		t.Errorf("told: %q", *m.warned)
	}
}

// TestContradiction: a product needs another one removed that is wanted as well. No
// order gives both, and neither waits for the other.
func TestContradiction(t *testing.T) {
	m := start(t)
	m.server.AddProduct(opsitest.Product{ID: "java", Scripts: every()})
	m.server.AddProduct(opsitest.Product{ID: "firefox", Scripts: every(), Requires: []opsitest.Dependency{{Product: "java", RequiredAction: "uninstall", Side: "before"}}})
	m.server.Request(me, "firefox", "setup")
	m.server.Request(me, "java", "setup")
	w := poll(t, m.Source)
	for _, r := range w.Requests {
		if len(r.Requires) > 0 {
			t.Errorf("%s waits for %v", r.Row.ProductID, r.Requires)
		}
	}
	if len(w.Order.Requires["firefox"]) != 0 || !strings.Contains(strings.Join(*m.warned, "\n"), "each is done for itself") {
		t.Errorf("order %+v, told %q", w.Order, *m.warned)
	}
}

// TestManySmallParts: ten million empty objects became rows of ten gigabytes.
func TestManySmallParts(t *testing.T) {
	for _, part := range []string{"{},", "1,", "[],", `"",`} {
		body := slices.Concat([]byte(`{"jsonrpc":"2.0","id":1,"result":[`), bytes.Repeat([]byte(part), maxParts+1), []byte("{}]}"))
		var rows []Row
		if err := decode(body, []*Call{{Into: &rows}}); !errors.Is(err, ErrAnswer) || len(rows) > 0 {
			t.Errorf("%q: %d rows, %v", part, len(rows), err)
		}
	}
	m := start(t)
	m.server.Break(opsitest.Fault{Kind: opsitest.Body, Body: slices.Concat([]byte("["), bytes.Repeat([]byte("{},"), maxObjects+1), []byte("{}]"))})
	if err := m.Poll(t.Context(), func(Wanted) error { return nil }); !errors.Is(err, ErrAnswer) {
		t.Errorf("%v", err)
	}
}

// TestFirstReportSaysNothing: the first report of a run says what the row said, with
// the result of an earlier run. It was taken for an end, and wrote an old status over
// what another program had done meanwhile.
func TestFirstReportSaysNothing(t *testing.T) {
	m := start(t)
	m.server.AddProduct(opsitest.Product{ID: "p", Version: "2.0"})
	m.server.Put(onRow("p", opsitest.Object{"installationStatus": "installed", "productVersion": "1.0", "packageVersion": "1",
		"lastAction": "setup", "actionResult": "successful", "actionProgress": "cached", "actionRequest": "setup"}))
	d := newDesktop(t, m)
	d.running = true
	d.poll("start")
	m.server.Put(onRow("p", opsitest.Object{"installationStatus": "not_installed", "productVersion": "2.0", "packageVersion": "1",
		"lastAction": "uninstall", "actionResult": "successful", "actionRequest": "none", "actionProgress": ""}))
	d.work()
	if got := m.server.Row(me, "p"); got.Text("installationStatus") != "not_installed" || got.Text("lastAction") != "uninstall" || got.Text("productVersion") != "2.0" {
		t.Errorf("the row is %v", got)
	}
}

// TestNewerRequestAfterLostAnswer: the answer to a failure's report is lost, and
// somebody requests the product anew, which takes progress and result back. The
// report that is sent again took the new request away.
func TestNewerRequestAfterLostAnswer(t *testing.T) {
	for _, again := range []bool{false, true} {
		t.Run(fmt.Sprintf("restart %v", again), func(t *testing.T) {
			m := start(t)
			m.folder = t.TempDir()
			m.restart(t)
			m.server.AddProduct(opsitest.Product{ID: "p", Scripts: every()})
			m.server.Request(me, "p", "setup")
			req := m.wanted(t, "p")
			r := req.Row
			r.ActionRequest, r.LastAction, r.ActionResult, r.ActionProgress = "none", "setup", events.ResultFailed, "no"
			time.Sleep(1100 * time.Millisecond) // the server's times are in seconds
			m.server.Break(opsitest.Fault{Kind: opsitest.Cut, Stored: true, Method: "productOnClient_updateObjects"})
			if err := m.Report(t.Context(), r, req, nothing); err == nil {
				t.Fatal("the answer came")
			}
			m.later()
			c := &Call{Method: "setProductActionRequest", Params: []any{"p", me, "setup"}}
			if err := m.client.Do(t.Context(), c); err != nil || c.Err != nil {
				t.Fatal(err, c.Err)
			}
			if again {
				m.restart(t)
			}
			if err := m.Report(t.Context(), r, req, nothing); err != nil {
				t.Fatal(err)
			}
			if got := m.server.Row(me, "p"); got.Text("actionRequest") != "setup" || got.Text("lastAction") != "setup" {
				t.Errorf("the row is %v", got)
			}
		})
	}
}

// TestRowTakenAway: a row that was deleted while its product waited came back with
// its request.
func TestRowTakenAway(t *testing.T) {
	m := start(t)
	m.server.AddProduct(opsitest.Product{ID: "p"})
	m.server.Request(me, "p", "setup")
	d := newDesktop(t, m)
	d.running = true
	d.poll("start")
	d.work()
	m.server.Remove("productOnClient", opsitest.Object{"productId": "p"})
	d.poll("poll")
	d.later()
	d.work()
	if got := m.server.Row(me, "p"); got != nil {
		t.Errorf("it came back: %v", got)
	}
}

// TestHoldWithoutRows: a dependency that the server cannot read makes it refuse the
// rows. A hold counts all the same.
func TestHoldWithoutRows(t *testing.T) {
	m := start(t)
	poll(t, m.Source)
	m.server.Put(opsitest.Config(idHold, Everything))
	m.server.Break(opsitest.Fault{Kind: opsitest.RPCError, Class: "ValueError", Text: "Invalid dependency", Method: "productOnClient_getObjectsWithSequence"})
	if err := m.Poll(t.Context(), func(Wanted) error { return nil }); err == nil {
		t.Error("the rows were read")
	}
	if got := m.Settings().Held; !slices.Equal(got, []string{Everything}) {
		t.Errorf("held: %q", got)
	}
}

// TestNotKept: what could not be kept is kept after the next look.
func TestNotKept(t *testing.T) {
	m := start(t)
	m.folder = filepath.Join(t.TempDir(), "later")
	m.restart(t)
	m.server.Put(opsitest.Config(idHold, "p"))
	poll(t, m.Source)
	if !strings.Contains(strings.Join(*m.warned, "\n"), "cannot keep") {
		t.Errorf("told: %q", *m.warned)
	}
	if err := os.Mkdir(m.folder, 0o700); err != nil {
		t.Fatal(err)
	}
	poll(t, m.Source)
	m.server.Stop()
	m.restart(t)
	if got := m.Settings().Held; !slices.Equal(got, []string{"p"}) {
		t.Errorf("held: %q", got)
	}
}

// TestDeferredWithoutOffers: what the depot has is of no interest for a wait, so a
// server that does not tell it stops only ends.
func TestDeferredWithoutOffers(t *testing.T) {
	m := start(t)
	for _, id := range []string{"p", "q"} {
		m.server.AddProduct(opsitest.Product{ID: id})
		m.server.Request(me, id, "setup")
	}
	p, q := m.wanted(t, "p"), m.wanted(t, "q")
	m.server.Break(opsitest.Fault{Kind: opsitest.RPCError, Class: "ValueError", Text: "x", Method: "productOnDepot_getObjects", Times: -1})
	m.parts.Gather = 500 * time.Millisecond
	waits := p.Row
	waits.ActionProgress = "Deferred (user, 1 of 5)"
	ended := make(chan error, 1)
	go func() { ended <- m.Report(t.Context(), ok(q), q, nothing) }()
	if err := m.Report(t.Context(), waits, p, nothing); err != nil {
		t.Error(err)
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "what the depot has") {
		t.Errorf("the end: %v", err)
	}
	m.shows(t, "p", `none setup  not_installed - "Deferred (user, 1 of 5)"`)
}

// TestKeyIsNotShown by any way of printing what holds it, nor by an address it was
// written into.
func TestKeyIsNotShown(t *testing.T) {
	const secret = "0123456789abcdef0123456789abcdef"
	key, err := ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewClient(Options{Server: "https://s.example.org", Credentials: Credentials{me, key}})
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(form, c); strings.Contains(text, secret) {
			t.Errorf("%s shows it", form)
		}
	}
	for _, address := range []string{"https://pc1.example.org:" + secret + "@server:44x47", "https://pc1.example.org:" + secret + "%zz@server:4447", "pc1.example.org:" + secret + "@server:4447"} {
		if _, err := baseURL(address); err == nil || strings.Contains(err.Error(), secret[:8]) {
			t.Errorf("%v", err)
		}
	}
}
