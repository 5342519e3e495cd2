// SPDX-License-Identifier: Apache-2.0

package opsi

import (
	"testing"

	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
	"github.com/quietsetup/quietsetup/internal/source/opsi/opsitest"
)

// TestWhatTheServerKnowsOfAPackage: before and after a look the same, and after it
// without asking again.
func TestWhatTheServerKnowsOfAPackage(t *testing.T) {
	m := start(t)
	m.server.AddProduct(opsitest.Product{ID: "p", Version: "2.0", Package: "3", Priority: -7})
	m.server.Request(me, "p", "setup")
	for _, looked := range []bool{false, true} {
		if looked {
			poll(t, m.Source)
			m.server.ForgetRequests()
		}
		text, err := m.Control(t.Context(), "p")
		if err != nil {
			t.Fatal(err)
		}
		doc, err := tomlfile.Parse("control.toml", text)
		if err != nil {
			t.Fatal(err)
		}
		p := doc.Root().Table("Product")
		if p.Text("id", "") != "p" || p.Text("name", "") != "p" || p.Text("version", "") != "2.0" || p.Int("priority", 0) != -7 || doc.Root().Table("Package").Text("version", "") != "3" {
			t.Errorf("looked %v: %s", looked, text)
		}
		if at, err := m.DepotURL(t.Context()); err != nil || at != "webdavs"+m.server.URL()[len("https"):]+"/depot" {
			t.Errorf("looked %v: %q, %v", looked, at, err)
		}
	}
	if n := len(m.server.Requests()); n != 0 {
		t.Errorf("%d requests for what the look had brought", n)
	}
	if text, err := m.Control(t.Context(), "q"); text != nil || err != nil {
		t.Errorf("a product that is not on the depot: %q, %v", text, err)
	}
}
