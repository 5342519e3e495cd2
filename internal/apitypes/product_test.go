// SPDX-License-Identifier: Apache-2.0

package apitypes

import "testing"

// TestProductRedacted: an error may name any path; that something fails may be known.
func TestProductRedacted(t *testing.T) {
	p := ProductDoc{Product: Product{ID: "a", Failing: []Failing{{Work: "send_report", Error: "cannot write /home/a", Tries: 3}}}}
	got := p.Redacted()
	if got.ID != "a" || len(got.Failing) != 1 || got.Failing[0].Error != "" || got.Failing[0].Tries != 3 {
		t.Errorf("%+v", got)
	}
	if p.Failing[0].Error == "" {
		t.Error("the original lost its error")
	}
}
