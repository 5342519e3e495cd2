// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/metadata/productid"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

// kind is what sort of product a control file describes.
type kind int

const (
	localboot kind = iota // also where it does not say
	elsewhere             // installed by something else than a client
)

// control is what the other rules want to know of the control file.
type control struct {
	kind      kind
	uninstall bool // it names a script for uninstalling
}

// controls judges the control files of a package, of which one counts.
func (p *pack) controls() (control, error) {
	newer, err := p.read(metadata.ControlFile)
	if err != nil {
		return control{}, err
	}
	old, err := p.read(metadata.OldControlFile)
	if err != nil {
		return control{}, err
	}
	switch {
	case newer != nil:
		c, doc := p.controlFile(metadata.ControlFile, newer)
		if old != nil && doc != nil {
			if other, err := parseControl(metadata.OldControlFile, old); err == nil {
				p.disagreement(doc.Root(), other.Root())
			} else {
				p.add(Finding{File: metadata.OldControlFile, Code: "control-disagreement", Message: "cannot be read: " + err.Error()})
			}
		}
		return c, nil
	case old != nil:
		c, _ := p.controlFile(metadata.OldControlFile, old)
		return c, nil
	}
	return control{}, nil // the reader says that there is none
}

// control judges a control file alone, which the reader has not seen.
func (p *pack) control(name string, text []byte) {
	c, _ := p.controlFile(name, text)
	if c.kind == localboot {
		for _, m := range metadata.ExamineControl(name, text, old(name)).Mistakes {
			if m.Code != tomlfile.CodeSyntax && m.Code != tomlfile.CodeEncoding {
				p.mistake(m)
			}
		}
	}
}

func old(name string) bool { return !strings.HasSuffix(name, ".toml") }

func parseControl(name string, text []byte) (*tomlfile.Document, error) {
	if old(name) {
		return metadata.ParseOldControl(name, text)
	}
	return tomlfile.Parse(name, text)
}

func (p *pack) controlFile(name string, text []byte) (control, *tomlfile.Document) {
	p.mark(name, text)
	doc, err := parseControl(name, text)
	if err != nil {
		p.unreadable(name, err, text)
		return control{}, nil
	}
	root := doc.Root()
	product := root.Table("Product")
	sort := strings.ToLower(product.Text("type", "localboot"))
	if strings.HasPrefix(sort, "netboot") {
		p.doubt(product, "not-localboot", "type", "is %q, so there is nothing for quietsetup to do", sort)
		return control{kind: elsewhere}, doc
	}
	p.sections(root)
	p.product(product)
	p.depends(root.Table("Package"))
	p.dependencies(root, old(name))
	p.links = links(p.id, doc, metadata.ExamineControl(name, text, old(name)).Package.Dependencies)
	p.properties(root)
	for _, m := range doc.Mistakes() {
		p.mistake(m)
	}
	return control{uninstall: product.Text("uninstallScript", "") != ""}, doc
}

// sections looks for what is not known in the tables that are.
func (p *pack) sections(root *tomlfile.Table) {
	for _, m := range root.Unknown("Package", "Product", "Windows", "ProductDependency", "ProductProperty", "Changelog", "changelog") {
		p.mistake(m)
	}
	for _, name := range []string{"Package", "Product", "Windows"} {
		if _, ok := root.Raw(name).(map[string]any); ok {
			p.unknown(root.Table(name), name)
		}
	}
	for _, name := range []string{"ProductDependency", "ProductProperty"} {
		for _, t := range root.Tables(name) {
			p.unknown(t, name)
		}
	}
}

func (p *pack) unknown(t *tomlfile.Table, table string) {
	for _, m := range t.Unknown(metadata.Known(table)...) {
		p.mistake(m)
	}
}

func (p *pack) product(t *tomlfile.Table) {
	if n := t.Int("priority", 0); n < -100 || n > 100 {
		p.doubt(t, "priority-clipped", "priority", "is %d, and counts as %d", n, max(-100, min(100, n)))
	}
	for _, key := range t.Keys() {
		if !strings.HasSuffix(key, "Script") {
			continue
		}
		script := t.Text(key, "")
		if name, local := slashed(script); script != "" && local && !p.has(name) {
			p.doubt(t, "script-missing", key, "%q is not in %s", script, metadata.ClientData)
		}
	}
}

// depends looks at what the package itself needs on the server.
func (p *pack) depends(t *tomlfile.Table) {
	for _, d := range t.Tables("depends") {
		if err := productid.Check(d.Text("package", "")); err != nil {
			p.doubt(d, tomlfile.CodeBadValue, "package", "%v", err)
		}
		if c := d.Text("condition", "="); !slices.Contains([]string{"", "<", "<=", "=", "==", ">=", ">"}, c) {
			p.doubt(d, tomlfile.CodeBadValue, "condition", "must be one of < <= = >= >, is %q", c)
		}
	}
}

func (p *pack) dependencies(root *tomlfile.Table, old bool) {
	seen := map[string]bool{}
	for _, t := range root.Tables("ProductDependency") {
		id, action := t.Text("requiredProduct", ""), t.Text("action", "")
		wanted, status := t.Text("requiredAction", ""), t.Text("requiredStatus", "")
		own := root.Table("Product").Text("id", p.id)
		switch {
		case id != "" && id == own:
			p.doubt(t, "self-dependency", "requiredProduct", "is the product itself")
		case p.ids != nil && !p.ids[id] && productid.Check(id) == nil:
			p.doubt(t, "unknown-product", "requiredProduct", "%q is not in this depot", id)
		}
		if (wanted == "" || strings.EqualFold(wanted, string(events.ActionNone))) && (status == "" || old && strings.EqualFold(status, "none")) {
			p.doubt(t, "empty-dependency", "", "says neither requiredAction nor requiredStatus")
		}
		if kind := t.Text("requirementType", ""); old && (kind == "" || strings.EqualFold(kind, "none")) {
			p.doubt(t, "unordered-dependency", "", "says neither before nor after, so %q may come in any order", id)
		}
		key := strings.ToLower(action + " " + id + " " + t.Text("requirementType", "before"))
		if seen[key] {
			p.doubt(t, "duplicate-dependency", "", "%s of this product depends on %q already", action, id)
		}
		seen[key] = true
		for _, v := range []struct {
			key  string
			most int
		}{{"requiredProductVersion", 32}, {"requiredPackageVersion", 16}} {
			if s := t.Text(v.key, ""); s != "" && !version(s, v.most) {
				p.doubt(t, metadata.CodeVersion, v.key, "must be 1 to %d letters, digits and dots, is %.60q", v.most, s)
			}
		}
	}
}

func version(s string, most int) bool {
	return len(s) <= most && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '.' && !(r >= '0' && r <= '9') && !(r >= 'a' && r <= 'z') && !(r >= 'A' && r <= 'Z')
	})
}

// properties reads the product's properties just enough to tell whether opsi
// takes them.
func (p *pack) properties(root *tomlfile.Table) {
	seen := map[string]bool{}
	for _, t := range root.Tables("ProductProperty") {
		name := t.Text("name", "")
		switch id := strings.ToLower(name); {
		case id == "":
			p.doubt(t, "bad-property", "name", "is missing")
		case strings.ContainsAny(id, " \t\n"):
			p.doubt(t, "bad-property", "name", "must be one word, is %.60q", name)
		case seen[id]:
			p.doubt(t, "bad-property", "name", "%.60q is there already", name)
		default:
			seen[id] = true
		}
		values, defaults := list(t.Raw("values")), list(t.Raw("default"))
		many := t.Bool("multivalue", false)
		switch sort := strings.ToLower(t.Text("type", "unicode")); sort {
		case "boolproductproperty", "bool":
			p.boolProperty(t, values, defaults, many)
		case "unicodeproductproperty", "unicode", "":
			editable := t.Bool("editable", len(values) == 0)
			for _, d := range defaults {
				if !editable && d != "" && !slices.Contains(values, d) {
					p.doubt(t, "property-default", "default", "%.60q is none of the values, and the property is not editable", d)
				}
			}
			if len(defaults) > 1 && !many {
				p.doubt(t, "property-default", "default", "there are %d, and multivalue is not true", len(defaults))
			}
		default:
			p.doubt(t, "bad-property", "type", "must be unicode or bool, is %.60q", sort)
		}
	}
}

func (p *pack) boolProperty(t *tomlfile.Table, values, defaults []string, many bool) {
	isBool := func(s string) bool { return s == "" || slices.Contains([]string{"true", "false"}, strings.ToLower(s)) }
	if slices.ContainsFunc(values, func(s string) bool { return !isBool(s) }) {
		p.doubt(t, "bad-property", "values", "a bool property has no values of its own")
	}
	if len(defaults) > 1 || slices.ContainsFunc(defaults, func(s string) bool { return !isBool(s) }) {
		p.doubt(t, "property-default", "default", "must be true or false")
	}
	if many {
		p.doubt(t, "bad-property", "multivalue", "a bool property has one value")
	}
}

// list is a value or a list of values as texts.
func list(raw any) []string {
	switch v := raw.(type) {
	case nil:
		return nil
	case []any:
		out := make([]string, 0, len(v))
		for _, x := range v {
			out = append(out, fmt.Sprint(x))
		}
		return out
	}
	return []string{fmt.Sprint(raw)}
}

// disagreement compares the two forms where both say something; findings stand
// in the old one, which does not count.
func (p *pack) disagreement(newer, older *tomlfile.Table) {
	for _, section := range []string{"Package", "Product"} {
		n, o := newer.Table(section), older.Table(section)
		for _, key := range metadata.Known(section) {
			if !n.Has(key) || !o.Has(key) || slices.Contains([]string{"type", "description", "advice", "depends"}, key) {
				continue
			}
			if a, b := n.Raw(key), o.Raw(key); !reflect.DeepEqual(a, b) {
				p.doubt(o, "control-disagreement", key, "is %.60q, but %s says %.60q, which counts", fmt.Sprint(b), metadata.ControlFile, fmt.Sprint(a))
			}
		}
	}
	for _, section := range []string{"ProductDependency", "ProductProperty"} {
		if n, o := size(newer.Raw(section)), size(older.Raw(section)); n != o {
			p.doubt(older, "control-disagreement", section, "there are %d, but %s has %d, which count", o, metadata.ControlFile, n)
		}
	}
}

func size(raw any) int {
	switch v := raw.(type) {
	case []any:
		return len(v)
	case []map[string]any:
		return len(v)
	}
	return 0
}

// mark looks for what stands before a text.
func (p *pack) mark(name string, text []byte) {
	if bytes.HasPrefix(text, []byte("\ufeff")) {
		p.add(Finding{File: name, Column: 1, Code: "byte-order-mark", Message: "begins with a byte order mark"})
	}
}
