// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/source/opsi/opsitest"
)

// TestTidy: only the word for a wait goes, only where nothing is wanted, and a row
// that wants something by now is left alone.
func TestTidy(t *testing.T) {
	m := start(t)
	var ids []string
	put := func(id, request, result, progress string) {
		m.server.AddProduct(opsitest.Product{ID: id, Version: "2.0", Scripts: every()})
		m.server.Put(opsitest.Object{"type": "ProductOnClient", "productId": id, "productType": localboot, "clientId": me, "installationStatus": "installed",
			"productVersion": "1.0", "packageVersion": "1", "lastAction": "setup", "actionRequest": request, "actionResult": result, "actionProgress": progress})
		ids = append(ids, id)
	}
	put("withdrawn", "none", "none", "Deferred (user, 2 of 5)")
	put("wanted", "setup", "none", "Deferred (user, 2 of 5)")
	put("script", "none", "none", "Deferred")
	put("failed", "none", "failed", "Deferred (a script's own word)")
	put("other", "none", "none", "something else")
	var stale []string
	for _, r := range poll(t, m.Source).Requests {
		if m.Stale(r.Row) {
			stale = append(stale, r.Row.ProductID)
		}
	}
	if got := strings.Join(stale, " "); got != "withdrawn" {
		t.Errorf("stale are %q", got)
	}
	m.server.ForgetHistory()
	for range 2 {
		if err := m.Tidy(t.Context(), ids); err != nil {
			t.Fatal(err)
		}
	}
	m.shows(t, "withdrawn", `none none setup installed 1.0-1 ""`)
	m.shows(t, "wanted", `none setup setup installed 1.0-1 "Deferred (user, 2 of 5)"`)
	m.shows(t, "script", `none none setup installed 1.0-1 "Deferred"`)
	m.shows(t, "failed", `failed none setup installed 1.0-1 "Deferred (a script's own word)"`)
	m.shows(t, "other", `none none setup installed 1.0-1 "something else"`)
	if n := len(m.server.History()); n != 1 {
		t.Errorf("%d writes: %+v", n, m.server.History())
	}
}
