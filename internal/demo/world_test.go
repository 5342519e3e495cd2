// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestUnpack: the depot lies there with its places filled, and both versions differ.
func TestUnpack(t *testing.T) {
	w, err := unpack("/bin/true")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(w.dir); err != nil {
			t.Error(err)
		}
	})
	for _, version := range []string{"1.0", "2.0"} {
		if err := w.offer(version); err != nil {
			t.Fatal(err)
		}
		control := read(t, filepath.Join(w.depot(), Product, "OPSI", "control.toml"))
		meta := read(t, filepath.Join(w.depot(), Product, "CLIENT_DATA", "opsi-meta-data.toml"))
		if !strings.Contains(control, `version = "`+version+`"`) || !strings.Contains(meta, "'"+w.product()+"'") {
			t.Errorf("version %s:\n%s\n%s", version, control, meta)
		}
		if i := strings.IndexByte(control+meta+read(t, w.config()), '@'); i >= 0 {
			t.Error("a place was not filled")
		}
	}
	if names, err := filepath.Glob(filepath.Join(w.depot(), Product, "*", "*.new")); err != nil || len(names) > 0 {
		t.Errorf("half written: %q, %v", names, err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
