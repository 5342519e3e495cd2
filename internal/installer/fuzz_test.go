// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"bytes"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// FuzzToken: a token that is accepted is one plain file name, with each ending.
func FuzzToken(f *testing.F) {
	for _, s := range []string{"id.firefox.1.1", "../x", "con", "aux.x", ".x", "a/b", `a\b`, "", strings.Repeat("x", 201), "a\x00", "com9", "a:b", "ä"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if checkToken(token) != nil {
			return
		}
		for _, end := range []string{endOutcome, endSpare, endLog, endBroken, endTemp} {
			name := token + end
			if !filepath.IsLocal(name) || filepath.Base(name) != name || len(name) > 255 || strings.ContainsAny(name, "/\\:\x00\n ") || name[0] == '.' || name[0] == '-' {
				t.Fatalf("%q names the file %q", token, name)
			}
		}
	})
}

// FuzzOrder: the order a supervisor reads is refused or is what was sent, and an
// argument is no other argument.
func FuzzOrder(f *testing.F) {
	good, err := order{StateDir: "/s", Spec: Spec{Token: "id.p.1.1", Product: "p", Action: "setup", Argv: []string{"./x", "a b", "$(id)"}, Dir: "/d"}}.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, "")
	f.Add(good[:len(good)-3], "; rm -rf /")
	f.Add([]byte(`{"state_dir":"/","spec":{"token":"../x","argv":["/bin/sh","-c","id"],"dir":"/","env":["LD_PRELOAD=/x"]}}`), "\n")
	f.Add(append(bytes.Clone(good), "{}"...), "\x1b")
	f.Fuzz(func(t *testing.T, text []byte, arg string) {
		if o, err := readOrder(bytes.NewReader(text)); err == nil {
			if o.Spec.check() != nil || len(o.Spec.Argv) == 0 || !filepath.IsAbs(o.Spec.Dir) {
				t.Fatalf("%+v", o)
			}
			if slices.ContainsFunc(o.Spec.Env, func(s string) bool { return strings.HasPrefix(s, "LD_") || strings.HasPrefix(s, "PATH=") }) {
				t.Fatalf("the environment %q", o.Spec.Env)
			}
		}
		o := order{StateDir: "/s", Spec: Spec{Token: "id.p.1.1", Product: "p", Action: "setup", Argv: []string{"./x", arg}, Dir: "/d"}}
		sent, err := o.encode()
		if err != nil || o.Spec.check() != nil {
			return // Start refuses it
		}
		got, err := readOrder(bytes.NewReader(sent))
		switch {
		case err != nil:
			t.Fatalf("%q: %v", arg, err)
		case err == nil && !reflect.DeepEqual(got, o):
			t.Fatalf("%q arrives as %q", arg, got.Spec.Argv[1])
		}
	})
}

// FuzzDpkg: what dpkg-query prints is understood or refused, and no name of a
// package is a pattern or an option.
func FuzzDpkg(f *testing.F) {
	f.Add("installed\tok\t1:2.3-4\n", "firefox:amd64")
	f.Add("installed\treinstreq\t1\nnot-installed\tok\t\n", "a*")
	f.Add("x\n", "--version")
	f.Add("installed\tok\t-\n", "a[b]")
	f.Fuzz(func(t *testing.T, out, name string) {
		got, err := dpkgState(out)
		if err != nil && (got.installed || strings.ContainsAny(err.Error(), "\n\x1b")) {
			t.Fatalf("%+v beside %v", got, err)
		}
		if got.installed && got.broken == "" && !strings.Contains(out, "\tok\t"+got.version) {
			t.Fatalf("%q is %+v", out, got)
		}
		for _, e := range got.equal {
			if e == "" && got.version != "" && !strings.HasSuffix(got.version, ":") || !strings.Contains(got.version, e) {
				t.Fatalf("%q stands for %q", e, got.version)
			}
		}
		if dpkgName(name) && (name[0] == '-' || strings.ContainsAny(name, "*?[]\\ \n/$;")) {
			t.Fatalf("name %q", name)
		}
	})
}
