// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/quietsetup/quietsetup/internal/needs"
)

var update = flag.Bool("update", false, "write what is compared with anew")

// unpack writes the good package with the files of a mistake in the place of its own.
func unpack(t testing.TB, dir string, archives ...*txtar.Archive) {
	t.Helper()
	for _, a := range archives {
		for _, f := range a.Files {
			path := filepath.Join(dir, filepath.FromSlash(f.Name))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			mode := os.FileMode(0o644)
			if strings.HasSuffix(path, ".sh") {
				mode = 0o755
			}
			err := os.WriteFile(path, f.Data, mode)
			if string(f.Data) == "REMOVE\n" {
				err = os.Remove(path)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func archive(t testing.TB, path string) *txtar.Archive {
	t.Helper()
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// report prints findings with the folder they were found in taken away.
func report(dir string, fs []Finding) string {
	var b strings.Builder
	for _, f := range fs {
		f.File = filepath.ToSlash(strings.TrimPrefix(f.File, dir+string(filepath.Separator)))
		b.WriteString(string(f.Severity) + " " + f.String() + "\n")
	}
	return b.String()
}

// TestMistakes has one package for each mistake that is documented. Each finding
// of each is compared, so a rule that finds too much shows as well.
func TestMistakes(t *testing.T) {
	if runtime.GOOS == "windows" {
		needs.Missing(t, "needs a system where files have a mode")
	}
	good := archive(t, "testdata/good.txtar")
	names, err := filepath.Glob("testdata/mistakes/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, name := range append(names, "testdata/good.txtar") {
		code := strings.TrimSuffix(filepath.Base(name), ".txtar")
		t.Run(code, func(t *testing.T) {
			a := archive(t, name)
			dir := t.TempDir()
			unpack(t, dir, good, a)
			path := filepath.Join(dir, "p")
			if m := regexp.MustCompile(`(?m)^path: (.+)$`).FindSubmatch(a.Comment); m != nil {
				path = filepath.Join(dir, strings.TrimPrefix(string(m[1]), "depot"))
			}
			found, err := Path(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range found {
				shown[f.Code] = true
				if f.Severity != severity(f.Code) || f.Line < 1 || f.Message == "" {
					t.Errorf("%+v", f)
				}
				if !slices.ContainsFunc(Codes(), func(c Code) bool { return c.Name == f.Code }) {
					t.Errorf("code %q is not in the table", f.Code)
				}
			}
			got := report(dir, found)
			golden := strings.TrimSuffix(name, ".txtar") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%swant\n%s", got, want)
			}
			again, err := Path(path)
			if err != nil || report(dir, again) != got {
				t.Errorf("another look finds others: %v\n%s", err, report(dir, again))
			}
			if base := regexp.MustCompile(`-(tab|at-all|control)$`).ReplaceAllString(code, ""); code != "good" &&
				!strings.Contains(got, " "+code+" ") && !strings.Contains(got, " "+base+" ") {
				t.Errorf("%s is not found", code)
			}
		})
	}
	for _, c := range Codes() {
		if !shown[c.Name] && c.Name != "file" && c.Name != "too-large" {
			t.Errorf("no test has the mistake %s", c.Name)
		}
	}
}

func TestNothingOutsideIsRead(t *testing.T) {
	if runtime.GOOS == "windows" {
		needs.Missing(t, "needs links that anybody may make")
	}
	good := archive(t, "testdata/good.txtar")
	link := func(old, new string) func(string) error {
		return func(dir string) error {
			path := filepath.Join(dir, new)
			if err := os.RemoveAll(path); err != nil {
				return err
			}
			return os.Symlink(old, path)
		}
	}
	outside := t.TempDir()
	unpack(t, outside, good)
	for name, c := range map[string]struct {
		spoil func(dir string) error
		path  string
		want  string
	}{
		"metadata": {link(filepath.Join(outside, "p/CLIENT_DATA/opsi-meta-data.toml"), "p/CLIENT_DATA/opsi-meta-data.toml"), "p",
			"error p/CLIENT_DATA/opsi-meta-data.toml:1: file is not a plain file below plain folders\n"},
		"control": {link(filepath.Join(outside, "p/OPSI/control.toml"), "p/OPSI/control.toml"), "p",
			"error p/OPSI/control.toml:1: file is not a plain file below plain folders\n"},
		"data": {link(filepath.Join(outside, "p/CLIENT_DATA"), "p/CLIENT_DATA"), "p",
			"error p/CLIENT_DATA:1: file is not there, or not a plain folder\n"},
		"command": {link(filepath.Join(outside, "p/CLIENT_DATA/setup.sh"), "p/CLIENT_DATA/setup.sh"), "p",
			"error p/CLIENT_DATA/opsi-meta-data.toml:20: command-missing installers[0].quietsetup.command[0]: “./setup.sh” is not in CLIENT_DATA\n"},
		"package": {link(filepath.Join(outside, "p"), "other"), ".",
			"error other:1: file is a link, and links are not followed\n"},
		"file alone": {link(filepath.Join(outside, "p/OPSI/control.toml"), "control.toml"), "control.toml",
			"error control.toml:1: file is not a plain file below plain folders\n"},
		"large": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "p/OPSI/control.toml"), bytes.Repeat([]byte("#"), 2<<20), 0o600)
		}, "p", "error p/OPSI/control.toml:1: file is larger than 1048576 bytes\n"},
		"no control": {func(dir string) error { return os.Remove(filepath.Join(dir, "p/OPSI/control.toml")) }, "p",
			"error p/OPSI/control.toml:1: file is missing\n"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			unpack(t, dir, good)
			if err := c.spoil(dir); err != nil {
				t.Fatal(err)
			}
			found, err := Path(filepath.Join(dir, c.path))
			if err != nil {
				t.Fatal(err)
			}
			if got := report(dir, found); !strings.Contains(got, c.want) {
				t.Errorf("got\n%swant %s", got, c.want)
			}
		})
	}
}

// TestLineEndsOfWindowsAreFine also in the old form of the control file.
func TestLineEndsOfWindowsAreFine(t *testing.T) {
	good := archive(t, "testdata/good.txtar")
	for i := range good.Files {
		good.Files[i].Data = bytes.ReplaceAll(good.Files[i].Data, []byte("\n"), []byte("\r\n"))
	}
	dir := t.TempDir()
	unpack(t, dir, good)
	old := "[Package]\r\nversion: 3\r\n[Product]\r\nid: p\r\nversion: 1.2\r\n[ProductDependency]\r\naction: setup\r\nrequiredProduct: q\r\nrequiredStatus: installed\r\nrequirementType: before\r\n[ProductProperty]\r\nname: a\r\n[ProductProperty]\r\nname: b\r\n[Changelog]\r\nx\r\n"
	if err := os.WriteFile(filepath.Join(dir, "p/OPSI/control"), []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	if found, err := Path(filepath.Join(dir, "p")); err != nil || len(found) != 0 {
		t.Errorf("%v\n%s", err, report(dir, found))
	}
}

// TestTheExampleDepotIsGood judges examples/depot, which people copy from.
func TestTheExampleDepotIsGood(t *testing.T) {
	found, err := Path("../../../examples/depot")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if f.Severity != Hint {
			t.Error(f)
		}
	}
}

func TestWhatIsNoPackage(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(dir, "x.txt")} {
		if _, err := Path(path); !errors.Is(err, ErrNoPackage) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := Path(filepath.Join(dir, "gone")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// TestFilesAlone judges what can be judged without the package around it.
func TestFilesAlone(t *testing.T) {
	good := archive(t, "testdata/good.txtar")
	dir := t.TempDir()
	unpack(t, dir, good)
	for _, name := range []string{"p/OPSI/control.toml", "p/CLIENT_DATA/opsi-meta-data.toml"} {
		found, err := Path(filepath.Join(dir, name))
		if err != nil || len(found) != 0 {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
	site := filepath.Join(dir, "firefox.toml")
	if err := os.WriteFile(site, []byte("[[installers]]\ninstall_dir = '/usr'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := Path(site)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(found, func(f Finding) bool { return f.Code == "unsafe-directory" })
	if i < 0 || found[i].File != site || found[i].Line != 2 || found[i].Product != "firefox" {
		t.Errorf("%+v", found)
	}
	old := filepath.Join(dir, "control")
	if err := os.WriteFile(old, []byte("[Product]\nid: p\nversion: 1-2\npriority: 1000\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err = Path(old)
	if err != nil || !strings.Contains(report(dir, found), "error control:3: bad-version Product.version: must match") ||
		!strings.Contains(report(dir, found), "warning control:4: priority-clipped Product.priority: is 1000, and counts as 100") {
		t.Errorf("%v\n%s", err, report(dir, found))
	}
}
