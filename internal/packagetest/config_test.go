// SPDX-License-Identifier: Apache-2.0

package packagetest

import (
	"reflect"
	"testing"

	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/policy"
)

// TestShippedConfig: what is installed decides nothing that the programs would
// not decide by themselves, but for the overlay folder that comes with it.
func TestShippedConfig(t *testing.T) {
	got, err := config.Load("../../packaging/quietsetup.toml")
	if err != nil {
		t.Fatal(err)
	}
	want := config.Default()
	if got.Source != want.Source || got.Log != want.Log || got.UI != want.UI || got.Overlay != "/etc/quietsetup/metadata" {
		t.Errorf("got %+v\nwant %+v with the overlay", got, want)
	}
	none := policy.NewLayer(policy.Metadata)
	p, _ := got.Policy("any", none)
	q, _ := want.Policy("any", none)
	if w := got.Warnings(); !reflect.DeepEqual(p, q) || len(w) > 0 {
		t.Errorf("policy %+v, want %+v, warnings %v", p, q, w)
	}
}
