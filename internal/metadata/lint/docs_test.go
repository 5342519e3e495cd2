// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/metadata/canon"
)

// TestThePageHoldsTheTable: docs/metadata.md ends with the table of codes, and
// names every key and constant. The flag -update writes the table.
func TestThePageHoldsTheTable(t *testing.T) {
	const page, head = "../../../docs/metadata.md", "| code | severity | what it means | what to do |\n|---|---|---|---|\n"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, table, found := strings.Cut(string(text), head)
	if !found {
		t.Fatal("the page has no table of codes")
	}
	var want strings.Builder
	seen := map[string]bool{}
	for _, c := range Codes() {
		if seen[c.Name] || c.Means == "" || c.Do == "" || strings.Contains(c.Means+c.Do, "|") {
			t.Errorf("code %q is there twice, or says too little", c.Name)
		}
		seen[c.Name] = true
		fmt.Fprintf(&want, "| `%s` | %s | %s | %s |\n", c.Name, c.Severity, c.Means, c.Do)
	}
	if *update {
		if err := os.WriteFile(page, []byte(before+head+want.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		table = want.String()
	}
	if table != want.String() {
		t.Error("the table of codes in docs/metadata.md is not that of Codes(); write it with go test -update")
	}
	for _, name := range metadata.ConstantNames() {
		if !strings.Contains(before, "%"+name+"%") {
			t.Errorf("the page does not name %%%s%%", name)
		}
	}
	for _, part := range []string{"", "specification", "product", "installers", "installers.requirement", "quietsetup", "quietsetup.exit_codes", "quietsetup.detect"} {
		for _, key := range metadata.Known(part) {
			if !strings.Contains(before, key) {
				t.Errorf("the page does not name the key %s of %q", key, part)
			}
		}
	}
}

// TestTheExamplesOfThePage have no finding as files alone, and are in canonical form.
func TestTheExamplesOfThePage(t *testing.T) {
	text, err := os.ReadFile("../../../docs/metadata.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```toml\n(.*?)```").FindAllSubmatch(text, -1)
	if len(examples) < 2 {
		t.Fatalf("%d examples", len(examples))
	}
	for i, e := range examples {
		path := filepath.Join(t.TempDir(), "opsi-meta-data.toml")
		if err := os.WriteFile(path, e[1], 0o600); err != nil {
			t.Fatal(err)
		}
		if found, err := Path(path); err != nil || len(found) > 0 {
			t.Errorf("example %d: %v, %v", i, found, err)
		}
		if form, err := canon.Format("f", e[1]); err != nil || string(form) != string(e[1]) {
			t.Errorf("example %d is not in canonical form: %v\n%s", i, err, form)
		}
	}
}
