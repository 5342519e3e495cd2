// SPDX-License-Identifier: Apache-2.0

package localapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/localsock"
)

// overreach sends every order from callers who may only look, and says which
// were carried out.
func overreach(t *testing.T, plant func(http.Handler) http.Handler) (carried []string) {
	t.Helper()
	w, h := counter()
	h = plant(h)
	for _, peer := range []localsock.Peer{{UID: 1000, Owner: "uid:1000", PID: 7}, {UID: 65534, Owner: "uid:65534"}, {UID: 1000, Owner: "UID:0"}, {}} {
		for _, route := range []string{"/v1/hold", "/v1/release", "/v1/products/firefox/request", "/v1/products/firefox/cancel",
			"/v1/products/firefox/defer", "/v1/products/firefox/resume", "/v1/products/firefox/reset"} {
			r, err := http.NewRequest("POST", route, strings.NewReader(`{"action":"setup","reason":"x","actor":"uid:0"}`))
			if err != nil {
				t.Fatal(err)
			}
			rec := &deadlines{recorder{head: http.Header{}}}
			h.ServeHTTP(rec, r.WithContext(localsock.WithPeer(t.Context(), peer)))
			if heard := w.took(); rec.code != http.StatusForbidden || len(heard) > 0 {
				carried = append(carried, fmt.Sprintf("%s by %q: %d, %q", route, peer.Owner, rec.code, heard))
			}
		}
	}
	return carried
}

func TestNobodyOrdersWithoutRights(t *testing.T) {
	if c := overreach(t, func(h http.Handler) http.Handler { return h }); len(c) > 0 {
		t.Errorf("%q", c)
	}
}

// TestPlantedUidIgnored: whoever connects counts as root.
func TestPlantedUidIgnored(t *testing.T) {
	seen := overreach(t, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(w, r.WithContext(localsock.WithPeer(r.Context(), localsock.Peer{Owner: "uid:0", Admin: true})))
		})
	})
	if seen == nil {
		t.Fatal("no order sees it")
	}
	t.Logf("found by %d orders, the first: %v", len(seen), seen[0])
}
