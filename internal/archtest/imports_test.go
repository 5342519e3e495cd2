// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/needs"
)

// TestTable compares every import of every file with the table.
func TestTable(t *testing.T) {
	table := map[string]room{}
	for _, r := range rooms() {
		if _, twice := table[r.dir]; twice {
			t.Errorf("%s stands in the table twice", r.dir)
		}
		if r.why == "" {
			t.Errorf("%s has no reason in the table", r.dir)
		}
		table[r.dir] = r
	}
	s := load(t)
	for _, dir := range s.dirs() {
		if _, ok := table[dir]; !ok {
			t.Errorf("package %s is not in the import table: add a line to rooms() with what it may import and why not more", dir)
		}
	}
	for _, f := range s.files {
		r, ok := table[f.dir]
		if !ok {
			continue
		}
		for _, im := range f.imports {
			if reason := r.refuses(im, f.test); reason != "" {
				t.Errorf("%s imports %s: %s", f.path, im, reason)
			}
		}
	}
}

// refuses says why a room may not import a package itself, "" if it may.
func (r room) refuses(importPath string, test bool) string {
	if standard(importPath) {
		return ""
	}
	if p, ok := own(importPath); ok {
		if p == r.dir || test || slices.Contains(r.own, p) {
			return ""
		}
		return r.why
	}
	allowed := r.ext
	if test {
		allowed = slices.Concat(allowed, testLibraries(), []string{bbolt, tomlLib, xsys, dbus})
	}
	for _, m := range allowed {
		if within(importPath, m) {
			return ""
		}
	}
	return r.why
}

// TestRefuses makes sure that the table's reading can fail.
func TestRefuses(t *testing.T) {
	r := room{"store", []string{"events"}, []string{bbolt}, "because"}
	for _, c := range []struct {
		path string
		test bool
		ok   bool
	}{
		{"os/exec", false, true},
		{module + "/events", false, true},
		{module + "/fsm", false, false},
		{module + "/fsm", true, true},
		{bbolt, false, true},
		{bbolt + "/errors", false, true},
		{bbolt + "x", false, false},
		{rapid, false, false},
		{rapid, true, true},
		{cobra, true, false},
	} {
		if got := r.refuses(c.path, c.test) == ""; got != c.ok {
			t.Errorf("import of %s (test %v): allowed %v, want %v", c.path, c.test, got, c.ok)
		}
	}
}

// TestBans looks at what is imported by everybody, and at what the binaries link
// on each platform.
func TestBans(t *testing.T) {
	s := load(t)
	for _, b := range bans() {
		if b.reason == "" {
			t.Errorf("the ban of %s for %s has no reason", b.must, b.who)
		}
		if b.who != "*" {
			continue
		}
		for _, f := range s.files {
			if f.test || slices.Contains(b.except, f.dir) {
				continue
			}
			for _, im := range f.imports {
				if within(im, b.path()) {
					t.Errorf("%s imports %s: %s", f.path, im, b.reason)
				}
			}
		}
	}
	for _, goos := range []string{"linux", "windows", "darwin"} {
		t.Run(goos, func(t *testing.T) {
			t.Parallel()
			for who, deps := range links(t, s, goos) {
				for _, b := range bans() {
					if b.who != who {
						continue
					}
					for _, d := range deps {
						if within(d, b.path()) {
							t.Errorf("%s links %s: %s", who, d, b.reason)
						}
					}
				}
			}
		})
	}
}

// path is the full import path of what is banned.
func (b ban) path() string {
	for _, r := range rooms() {
		if r.dir == b.must {
			return module + "/" + b.must
		}
	}
	return b.must
}

// links asks the go command what each binary is made of on a platform.
func links(t *testing.T, s *source, goos string) map[string][]string {
	t.Helper()
	needs.Tool(t, "go")
	out := map[string][]string{}
	for _, dir := range s.dirs() {
		if filepath.Dir(dir) != "cmd" {
			continue
		}
		out[dir] = deps(t, goos, "{{.ImportPath}}", "./"+dir)
	}
	return out
}

// deps asks the go command for everything that packages are made of.
func deps(t *testing.T, goos, format, packages string) []string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-f", format, packages)
	cmd.Dir = root
	cmd.Env = append(cmd.Environ(), "GOOS="+goos, "CGO_ENABLED=0", "GOFLAGS=-mod=readonly -buildvcs=false")
	var said strings.Builder
	cmd.Stderr = &said
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("cannot list what %s is made of on %s: %v\n%s", packages, goos, err, said.String())
	}
	return strings.Fields(string(text))
}

// TestMainsAreShort keeps the work out of the mains, where nothing can test it.
func TestMainsAreShort(t *testing.T) {
	for _, f := range load(t).files {
		if filepath.Dir(f.dir) == "cmd" && !f.test && strings.Count(string(f.text), "\n") > 60 {
			t.Errorf("%s has more than 60 lines: a main calls one function of a room", f.path)
		}
	}
}
