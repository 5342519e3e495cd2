// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/metadata/productid"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

// The limits of a control file's texts; versions are opsi's.
const (
	maxDependencies = 200 // each is looked at whenever the product is
	maxName         = 128
	productVersions = `^[a-zA-Z0-9.]{1,32}$`
	packageVersions = `^[a-zA-Z0-9.]{1,16}$`
)

// control reads what the product is. The format is opsi's and has more keys than
// are of use here, so unknown ones are not mentioned.
func (l *loading) control(doc *tomlfile.Document, old bool) {
	defer l.take(doc)
	root := doc.Root()
	product := root.Table("Product")
	if product == nil {
		root.Wrong("Product", "the table [Product] is missing")
		return
	}
	if id := product.Text("id", ""); l.pkg.Product != "" && id != l.pkg.Product {
		product.WrongAs(CodeID, "id", "is %q, but the folder is called %q", id, l.pkg.Product)
	}
	if kind := product.Text("type", "LocalbootProduct"); !strings.EqualFold(kind, "LocalbootProduct") && !strings.EqualFold(kind, "localboot") {
		product.WrongAs(CodeType, "type", "is %q; only a LocalbootProduct can be installed here", kind)
	}
	l.pkg.ProductVersion = version(product, productVersions, "version", "productVersion")
	packaged := root.Table("Package")
	if packaged.Has("version") {
		l.pkg.PackageVersion = version(packaged, packageVersions, "version")
	} else {
		l.pkg.PackageVersion = version(product, packageVersions, "packageVersion")
	}
	if name := product.Text("name", ""); len(name) > maxName || strings.ContainsFunc(name, unicode.IsControl) {
		product.Wrong("name", "must be one line of at most %d bytes", maxName)
	} else if name != "" {
		l.pkg.Name = name
	}
	for _, a := range events.Actions() {
		if s := strings.TrimSpace(product.Text(string(a)+"Script", "")); s != "" && !strings.EqualFold(s, "none") {
			if l.pkg.Scripts == nil {
				l.pkg.Scripts = map[events.Action]string{}
			}
			l.pkg.Scripts[a] = s
		}
	}
	l.pkg.Priority = int(max(-100, min(100, product.Int("priority", 0))))
	dependencies := root.Tables("ProductDependency")
	if len(dependencies) > maxDependencies {
		root.Wrong("ProductDependency", "more than %d dependencies", maxDependencies)
		return
	}
	for _, t := range dependencies {
		before := len(doc.Mistakes())
		if d := dependency(t, old); len(doc.Mistakes()) == before {
			l.pkg.Dependencies = append(l.pkg.Dependencies, d)
		}
	}
}

// version reads the first of the keys that is there.
func version(t *tomlfile.Table, pattern string, names ...string) string {
	for _, k := range names {
		if !t.Has(k) {
			continue
		}
		v := t.Text(k, "")
		if !regexp.MustCompile(pattern).MatchString(v) {
			t.WrongAs(CodeVersion, k, "must match %s, is %q", pattern, v)
			return ""
		}
		return v
	}
	t.WrongAs(CodeVersion, names[0], "is missing")
	return ""
}

// dependency reads one dependency. The two forms of the file differ in one thing:
// what it means when nothing says before or after.
func dependency(t *tomlfile.Table, old bool) Dependency {
	d := Dependency{
		Action:         events.Action(t.Text("action", "")),
		Product:        t.Text("requiredProduct", ""),
		RequiredAction: events.Action(t.Text("requiredAction", "")),
		RequiredStatus: t.Text("requiredStatus", ""),
		ProductVersion: t.Text("requiredProductVersion", ""),
		PackageVersion: t.Text("requiredPackageVersion", ""),
	}
	if !slices.Contains(events.Actions(), d.Action) {
		t.Wrong("action", "is %q, which is no action", d.Action)
	}
	if err := productid.Check(d.Product); err != nil {
		t.Wrong("requiredProduct", "%v", err)
	}
	if d.RequiredAction == events.ActionNone {
		d.RequiredAction = ""
	}
	for _, v := range []*string{&d.RequiredStatus, &d.ProductVersion, &d.PackageVersion} {
		if old && strings.EqualFold(*v, "none") {
			*v = ""
		}
	}
	if d.RequiredAction != "" && !slices.Contains(events.Actions(), d.RequiredAction) {
		t.Wrong("requiredAction", "is %q, which is no action", d.RequiredAction)
	}
	switch d.RequiredStatus {
	case "", events.StatusInstalled, events.StatusNotInstalled:
	default:
		t.Wrong("requiredStatus", "must be installed or not_installed, is %q", d.RequiredStatus)
	}
	kind := t.Text("requirementType", "before")
	if old {
		kind = strings.ToLower(t.Text("requirementType", ""))
	}
	switch kind {
	case "before":
	case "", "none":
		d.Unordered = old
		if kind != "" && !old {
			t.Wrong("requirementType", "must be before or after, is %q", kind)
		}
	case "after":
		d.After = true
	default:
		t.Wrong("requirementType", "must be before or after, is %q", kind)
	}
	return d
}
