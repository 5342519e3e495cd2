// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// FuzzLint: nothing panics, every finding is printable and of a known code, and
// what has no error is what a machine can use.
func FuzzLint(f *testing.F) {
	good := archive(f, "testdata/good.txtar")
	dir := f.TempDir()
	unpack(f, dir, good)
	meta, control := filepath.Join(dir, "p/CLIENT_DATA/opsi-meta-data.toml"), filepath.Join(dir, "p/OPSI/control.toml")
	names, err := filepath.Glob("testdata/mistakes/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range append(names, "testdata/good.txtar") {
		texts := map[string]string{}
		for _, a := range []*txtar.Archive{good, archive(f, name)} {
			for _, file := range a.Files {
				texts[file.Name] = string(file.Data)
			}
		}
		f.Add(texts["p/CLIENT_DATA/opsi-meta-data.toml"], texts["p/OPSI/control.toml"])
	}
	f.Fuzz(func(t *testing.T, metaText, controlText string) {
		for path, text := range map[string]string{meta: metaText, control: controlText} {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		found, err := Path(filepath.Join(dir, "p"))
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range found {
			if strings.ContainsAny(x.String(), "\n\r\x1b") || !slices.ContainsFunc(Codes(), func(c Code) bool { return c.Name == x.Code }) {
				t.Errorf("%+v", x)
			}
		}
		if Count(found, Error) > 0 || slices.ContainsFunc(found, func(x Finding) bool { return x.Code == "not-localboot" }) {
			return
		}
		usable := false
		for _, m := range machines() {
			r := reader(m)
			r.Depot = dir
			_, problem, err := r.Load("p")
			if err != nil {
				t.Fatal(err)
			}
			usable = usable || problem == nil
		}
		if !usable {
			t.Errorf("no error, and no machine can use\n%s\n%s", metaText, controlText)
		}
	})
}
