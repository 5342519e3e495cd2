// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

// fake is a server in memory that answers like the real one and counts.
type fake struct {
	mu           sync.Mutex
	rows         map[string]Row // by product
	sequence     []string       // in this order, as far as on the depot
	depot        []version
	products     []product
	dependencies []dependency
	requests     int
	written      []Update
	fail         func(request int, calls []*Call) error // before anything is done
	lose         func(request int, calls []*Call) error // after everything was done
	refuse       map[string]error                       // by product, what a write is answered
}

func newFake() *fake { return &fake{rows: map[string]Row{}, refuse: map[string]error{}} }

// offer puts a product on the depot, version ver-1.
func (f *fake) offer(id, ver string, priority int) {
	f.depot = slices.DeleteFunc(f.depot, func(v version) bool { return v.ProductID == id })
	f.depot = append(f.depot, version{id, ver, "1", "depot.example.org"})
	f.products = append(f.products, product{ID: id, ProductVersion: ver, PackageVersion: "1", Priority: priority})
	if !slices.Contains(f.sequence, id) {
		f.sequence = append(f.sequence, id)
	}
}

// want sets the request of a row.
func (f *fake) want(id string, a events.Action) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, ok := f.rows[id]
	if !ok {
		r = Row{ClientID: me, Report: events.Report{ProductID: id, ProductType: localboot, InstallationStatus: "not_installed"}}
	}
	r.ActionRequest = a
	f.rows[id] = r
}

func (f *fake) row(id string) events.Report {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rows[id].state()
}

func (f *fake) HostID() string { return me }

func (f *fake) Wait(context.Context) error { return nil }

func (f *fake) Do(ctx context.Context, calls ...*Call) error {
	if len(calls) == 0 {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests++
	if f.fail != nil {
		if err := f.fail(f.requests, calls); err != nil {
			return err
		}
	}
	for _, c := range calls {
		c.Err = f.one(c)
	}
	if f.lose != nil {
		if err := f.lose(f.requests, calls); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (f *fake) one(c *Call) error {
	var result any
	switch c.Method {
	case "productOnClient_getObjectsWithSequence":
		var rows []Row
		n := 0
		for _, id := range f.sequence {
			if r, ok := f.rows[id]; ok && slices.ContainsFunc(f.depot, func(v version) bool { return v.ProductID == id }) {
				at := -1
				if r.state().ActionRequest != events.ActionNone {
					at, n = n, n+1
				}
				r.ActionSequence = &at
				rows = append(rows, r)
			}
		}
		result = rows
	case "productOnClient_getObjects":
		where := c.Params[1].(filter)
		var rows []Row
		for _, r := range f.rows {
			ids, byID := where["productId"].([]string)
			as, byAction := where["actionRequest"].([]events.Action)
			if byID && !slices.Contains(ids, r.ProductID) || byAction && !slices.Contains(as, r.ActionRequest) {
				continue
			}
			rows = append(rows, r)
		}
		result = rows
	case "configState_getClientToDepotserver":
		result = []clientDepot{{me, "depot.example.org"}}
	case "config_getObjects", "configState_getObjects", "configState_getValues", "productPropertyState_getValues": // nothing is set
	case "productOnDepot_getObjects":
		result = f.depot
	case "product_getObjects":
		result = f.products
	case "productDependency_getObjects":
		result = f.dependencies
	case "productOnClient_updateObjects":
		u := c.Params[0].([]Update)[0]
		if err := f.refuse[u.ProductID]; err != nil {
			return err
		}
		f.written = append(f.written, u)
		r := f.rows[u.ProductID]
		r.ClientID, r.Report = u.ClientID, u.Apply(r.Report)
		f.rows[u.ProductID] = r
	default:
		return fmt.Errorf("the fake does not know %s", c.Method)
	}
	text, err := json.Marshal(result)
	if err != nil {
		return err
	}
	if c.Into == nil {
		return nil
	}
	return json.Unmarshal(text, c.Into)
}

// open is a source over a server.
func open(t testing.TB, server Server, warn func(product, line string)) *Source {
	t.Helper()
	var s *Source
	s = New(Parts{Server: server, Warn: warn, Gather: 5 * time.Millisecond, Style: func() Style {
		_ = s.Settings() // as the service's does
		return StyleReason
	}})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// poll is one look.
func poll(t testing.TB, s *Source) Wanted {
	t.Helper()
	var out Wanted
	if err := s.Poll(t.Context(), func(w Wanted) error { out = w; return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

// ok is the report of a success of a request.
func ok(req events.Request) events.Report {
	r := req.Row
	a := r.ActionRequest
	r.ActionResult, r.LastAction, r.ActionRequest, r.ActionProgress = events.ResultSuccessful, a, events.ActionNone, ""
	if to := about(a); to != "" {
		r.InstallationStatus = to
	}
	r.ProductVersion, r.PackageVersion = req.ProductVersion, req.PackageVersion
	return r
}

func nothing() error { return nil }
