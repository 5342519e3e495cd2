// SPDX-License-Identifier: Apache-2.0

package local

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/metadata/productid"
)

// FuzzRow: a row's file that holds anything is refused with its name, or is a
// valid row of that very product, which survives being written.
func FuzzRow(f *testing.F) {
	f.Add("p", []byte(`{"v":1,"productId":"p","productType":"LocalbootProduct","installationStatus":"not_installed","actionRequest":"setup"}`))
	f.Add("p", []byte(`{"v":1,"productId":"../../etc/passwd","installationStatus":"installed","actionRequest":"none"}`))
	f.Add("../p", []byte(`{"v":1,"productId":"../p","installationStatus":"installed","actionRequest":"none"}`))
	f.Add("p", []byte(`{"v":2}`))
	f.Add("p", []byte(`{"v":1,"productId":"p","installationStatus":"installed","actionRequest":"none","offer":{"priority":1e400,"requires":["p","../x"]}}`))
	f.Add("p", []byte(strings.Repeat(`{"offer":`, 7000)))
	state := f.TempDir()
	rows, err := openRows(state)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = rows.root.Close() }) // Windows removes no folder that is open
	f.Fuzz(func(t *testing.T, id string, text []byte) {
		if productid.Check(id) != nil {
			return // the callers refuse it
		}
		path := filepath.Join(state, folderName, id+suffix)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(path)
		r, err := rows.read(id)
		if err != nil {
			if !strings.Contains(err.Error(), id+suffix) || strings.ContainsAny(err.Error(), "\n\x1b") || !reflect.DeepEqual(r, Row{}) {
				t.Fatalf("%+v, %v", r, err)
			}
			return
		}
		if r.ProductID != id || r.valid() != nil {
			t.Fatalf("%+v", r)
		}
		if r.Modified.Year() < 0 || r.Modified.Year() > 9999 {
			return
		}
		if err := rows.write(r); err != nil {
			t.Fatal(err)
		}
		back, err := rows.read(id)
		if err != nil || !back.Modified.Equal(r.Modified) {
			t.Fatalf("%+v became %+v, %v", r, back, err)
		}
	})
}
