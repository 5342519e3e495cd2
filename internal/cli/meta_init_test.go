// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/metadata/draft/depottest"
	"github.com/quietsetup/quietsetup/internal/metadata/lint"
)

func initDepot(t *testing.T, wantCode int, args ...string) map[string]initPackage {
	t.Helper()
	var out, errs bytes.Buffer
	o := Outside{In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: func(string) string { return "" }}
	if code := Run(t.Context(), o, append([]string{"--json", "meta", "init", "--all"}, args...)); code != wantCode {
		t.Fatalf("exit code %d, want %d: %s", code, wantCode, errs.String())
	}
	var doc initDoc
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil || doc.Schema != "meta_init/v1" {
		t.Fatalf("schema %q, %v", doc.Schema, err)
	}
	got := map[string]initPackage{}
	for _, p := range doc.Packages {
		got[p.Product] = p
	}
	return got
}

// TestInitDepot does a depot of thirty packages at once, and has lint look at
// each file that was written.
func TestInitDepot(t *testing.T) {
	depot, all := depottest.Make(t)
	first := initDepot(t, exitInvalid, depot)
	if len(first) != len(all) {
		t.Errorf("%d packages are told of, want %d", len(first), len(all))
	}
	written := 0
	for _, p := range all {
		got := first[p.ID]
		if got.Result != p.Want.Result || got.Sure != p.Want.Sure {
			t.Errorf("%s: %s %q, want %s %q: %s", p.ID, got.Result, got.Sure, p.Want.Result, p.Want.Sure, got.Error)
		}
		if got.Result == initFailed && got.Error == "" || got.Result != initFailed && got.Error != "" {
			t.Errorf("%s: result %s, error %q", p.ID, got.Result, got.Error)
		}
		if got.Result != initWritten {
			continue
		}
		written++
		if want := filepath.Join(depot, p.ID, "CLIENT_DATA", "opsi-meta-data.toml"); got.File != want {
			t.Errorf("%s: file %s, want %s", p.ID, got.File, want)
		}
		found, err := lint.Path(filepath.Join(depot, p.ID))
		if err != nil {
			t.Error(err)
		}
		for _, f := range found {
			if f.Severity == lint.Error {
				t.Errorf("lint: %s", f)
			}
		}
	}
	if written < 25 {
		t.Errorf("%d files were written", written)
	}

	// A second time everything stays as it is, byte for byte.
	before := contents(t, depot)
	for id, p := range initDepot(t, exitInvalid, depot) {
		if want := first[id].Result; want == initWritten && p.Result != initKept {
			t.Errorf("%s: %s the second time", id, p.Result)
		}
	}
	if after := contents(t, depot); !slices.Equal(before, after) {
		t.Error("the second time changed something")
	}
}

// contents lists the small files of a depot with what is in them.
func contents(t *testing.T, depot string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(depot, func(name string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil || info.Size() > 1<<20 {
			return err
		}
		text, err := os.ReadFile(name)
		out = append(out, name+"\x00"+string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestInitOverlay writes for a whole depot without touching any package.
func TestInitOverlay(t *testing.T) {
	depot, all := depottest.Make(t)
	before := contents(t, depot)
	site := t.TempDir()
	got := initDepot(t, exitInvalid, depot, "--overlay", site)
	if after := contents(t, depot); !slices.Equal(before, after) {
		t.Error("a package was changed")
	}
	for _, p := range all {
		_, err := os.Stat(filepath.Join(site, p.ID+".toml"))
		if there := err == nil; there != (got[p.ID].Result == initWritten) || there != (p.Want.Result == initWritten) {
			t.Errorf("%s: file there %v, result %s, want %s", p.ID, there, got[p.ID].Result, p.Want.Result)
		}
	}
}
