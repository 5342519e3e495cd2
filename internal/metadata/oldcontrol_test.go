// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

// oldForm is a whole control file of the old form, with its odd corners.
const oldForm = `# comment
; another
[PACKAGE]
version: 3
depends: lib (>= 1.0-2), other, third (4)

[Product]
type: localboot
id: p
name: Some p
description: Two lines:
 the second [not a section]
 ; not a comment
version: 1.2
priority: 10
licenseRequired: False
productClasses: one, two
setupScript: setup.opsiscript
uninstallScript: None
SomethingElse: x

[windows]
softwareIds: {a}, {b}
[ProductDependency]
action: setup
requiredProduct: java
requiredStatus: installed
requirementType: before
[ProductDependency]
action: setup
requiredProduct: fonts
requiredClass:
requiredStatus: none
requiredAction: setup
requirementType:
[ProductDependency]
Action: setup
requiredProduct: cleaner
requiredAction: setup
requirementType: After

[ProductProperty]
type: bool
name: desktop
default: True
[ProductProperty]
type: unicode
name: colour
multivalue: no
editable: yes
values: ["red", "dark, blue"]
default: red

[Changelog]
[no section]
p (1.2-3) stable: this is text
`

// oldDepot is a depot with package "p" in the old form.
func oldDepot(t testing.TB, control, meta string) Reader {
	t.Helper()
	r := depotWith(t, meta)
	if err := os.Remove(filepath.Join(r.Depot, "p/OPSI/control.toml")); err != nil {
		t.Fatal(err)
	}
	write(t, r.Depot, map[string]string{"p/OPSI/control": control})
	return r
}

func TestOldControl(t *testing.T) {
	for _, text := range []string{oldForm, "\ufeff" + oldForm, strings.ReplaceAll(oldForm, "\n", "\r\n")} {
		r := oldDepot(t, text, "[[installers]]\ninstall_dir = '/opt/p'\n")
		p := good(t, r)
		if p.Name != "Some p" || p.ProductVersion != "1.2" || p.PackageVersion != "3" || p.Priority != 10 || !p.Metadata {
			t.Errorf("%+v", p)
		}
		want := []Dependency{
			{Action: "setup", Product: "java", RequiredStatus: "installed"},
			{Action: "setup", Product: "fonts", RequiredAction: "setup", Unordered: true},
			{Action: "setup", Product: "cleaner", RequiredAction: "setup", After: true},
		}
		if !reflect.DeepEqual(p.Dependencies, want) {
			t.Errorf("dependencies %+v", p.Dependencies)
		}
		if got := p.Requires("setup"); !slices.Equal(got, []string{"java"}) {
			t.Errorf("setup requires %q", got)
		}
	}
	doc, err := ParseOldControl("c", []byte(oldForm))
	if err != nil || doc.Err() != nil {
		t.Fatal(err, doc.Err())
	}
	root := doc.Root()
	for name, want := range map[string]any{
		"description": "Two lines:\nthe second [not a section]\n; not a comment", "licenseRequired": false,
		"productClasses": []any{"one", "two"}, "uninstallScript": "", "somethingelse": "x",
	} {
		if got := root.Table("Product").Raw(name); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %#v, want %#v", name, got, want)
		}
	}
	if got := root.Table("Windows").Texts("softwareIds"); !slices.Equal(got, []string{"{a}", "{b}"}) {
		t.Errorf("software ids %q", got)
	}
	depends := []any{map[string]any{"package": "lib", "version": "1.0-2", "condition": ">="}, map[string]any{"package": "other"},
		map[string]any{"package": "third", "version": "4", "condition": "="}}
	if got := root.Table("Package").Raw("depends"); !reflect.DeepEqual(got, depends) {
		t.Errorf("depends %#v", got)
	}
	properties := root.Tables("ProductProperty")
	if len(properties) != 2 || !reflect.DeepEqual(properties[1].Raw("values"), []any{"red", "dark, blue"}) ||
		properties[1].Raw("editable") != true || properties[1].Raw("multivalue") != false || properties[1].Place("values") != "c:51" {
		t.Errorf("properties: %#v at %s", properties[1], properties[1].Place("values"))
	}
}

func TestOldControlProblems(t *testing.T) {
	head := "metadata_unreadable: p/OPSI/control"
	for _, c := range []struct{ old, new, want string }{
		{"[windows]", "[Wndows]", head + `:22: "[Wndows]" is no section of a control file`},
		{"[windows]", "[windows", head + `:22: "[windows" is no section of a control file`},
		{"[windows]", "[Product]", head + ":22: Product: the section [Product] is there already (and 2 more)"},
		{"# comment", " blank", head + ":1: a line that begins with a blank goes on with the key before it, and there is none"},
		{"# comment", "id: p", head + ":1: expected a [Section] before the first key"},
		{"id: p", "id p", head + `:9: Product: expected key: value, found "id p" (and 1 more)`},
		{"name: Some p", "ID: p", head + ":10: Product.id: the key is there already"},
		{"id: p", "id: q", head + `:9: Product.id: is "q", but the folder is called "p"`},
		{"type: localboot", "type: netboot", head + `:8: Product.type: is "netboot"; only a LocalbootProduct can be installed here`},
		{"priority: 10", "priority: high", head + `:15: Product.priority: must be a whole number, is "high"`},
		{"licenseRequired: False", "licenseRequired: perhaps", head + `:16: Product.licenseRequired: must be true or false, is "perhaps"`},
		{"lib (>= 1.0-2)", "lib (about 1)", head + `:5: Package.depends: must be like "other (>= 1.0-2)", is "lib (about 1)"`},
		{`["red", "dark, blue"]`, `["red"`, head + ":51: ProductProperty[1].values: begins like a JSON list and is none"},
		{`["red", "dark, blue"]`, `[1]`, head + ":51: ProductProperty[1].values: element 0 must be a string or true or false"},
		{"requirementType: After", "requirementType: later", head + `:40: ProductDependency[2].requirementType: must be before or after, is "later"`},
		{"requiredProduct: java", "requiredProduct: ../java", head + `:26: ProductDependency[0].requiredProduct: not a product id: "../java" holds a character that is not allowed there`},
		{"version: 1.2", "version: 1-2", head + `:14: Product.version: must match ^[a-zA-Z0-9.]{1,32}$, is "1-2"`},
	} {
		if !strings.Contains(oldForm, c.old) {
			t.Fatalf("no %q", c.old)
		}
		if got := bad(t, oldDepot(t, strings.Replace(oldForm, c.old, c.new, 1), "")); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	for _, text := range []string{"\xff", strings.Repeat("#", tomlfile.MaxBytes+1), "", "x: y", strings.Repeat("[ProductProperty]\n", 20_000)} {
		if got := bad(t, oldDepot(t, text, "")); !strings.HasPrefix(got, head) {
			t.Error(got)
		}
	}
}

// TestTheNewFormIsPreferred also where it is broken: two truths would be worse.
func TestTheNewFormIsPreferred(t *testing.T) {
	r := depotWith(t, "")
	write(t, r.Depot, map[string]string{"p/OPSI/control": strings.Replace(oldForm, "version: 1.2", "version: 9.9", 1)})
	if p := good(t, r); p.ProductVersion != "1.2" {
		t.Errorf("version %s", p.ProductVersion)
	}
	write(t, r.Depot, map[string]string{"p/OPSI/control.toml": "broken"})
	if got := bad(t, r); !strings.HasPrefix(got, "metadata_unreadable: p/OPSI/control.toml:1: ") {
		t.Error(got)
	}
}

func TestAnOverlayForAnOldPackage(t *testing.T) {
	r := oldDepot(t, oldForm, "")
	r.Overlay = t.TempDir()
	before := good(t, r)
	write(t, r.Overlay, map[string]string{"p.toml": "[[installers]]\ninstall_dir = '/opt/p'\n[quietsetup]\ncommand = ['/bin/true']\n"})
	p := good(t, r)
	if before.Metadata || !p.Metadata || !slices.Equal(p.Dirs, []string{"/opt/p"}) || p.Command[0] != "/bin/true" || p.Digest == before.Digest {
		t.Errorf("%+v", p.Package)
	}
}

func FuzzOldControl(f *testing.F) {
	f.Add(oldForm)
	f.Add("[Product]\nid: p\nversion: 1\npriority: 9999999999\n[Package]\nversion: 1\n")
	f.Add("[ProductProperty]\nvalues: [\"a\", true]\n[productproperty]\ndefault: a,b,\n x\n")
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := ParseOldControl("c", []byte(text))
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r\x1b") {
				t.Errorf("%q", err)
			}
			return
		}
		l := &loading{}
		l.pkg = &l.exam.Package
		l.control(doc, true)
		for _, g := range l.exam.groups {
			for _, m := range g.mistakes {
				if m.Code == "" || m.Line > 1+strings.Count(text, "\n") || strings.ContainsAny(m.Error(), "\n\r\x1b") {
					t.Errorf("%+v", m)
				}
			}
		}
		if p := l.pkg.Priority; p < -100 || p > 100 {
			t.Errorf("priority %d", p)
		}
	})
}
