// SPDX-License-Identifier: Apache-2.0

package configcheck

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/meant"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/metadata/productid"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
	"github.com/quietsetup/quietsetup/internal/policy"
)

// File looks at the config file at path, "" for the default one, and at what it
// leads to. read gives the reader of the packages that a config names. The
// findings are ordered by place. An error means that there was no right to look.
func File(path string, read func(config.Config) metadata.Reader) ([]Finding, error) {
	c, err := config.Examine(path)
	if errors.Is(err, fs.ErrPermission) {
		return nil, err
	}
	l := look{c: c, file: path}
	if path == "" {
		l.file = config.DefaultPath()
	}
	if err != nil {
		l.mistakes(err)
		if c.Path == "" { // nothing of it was read, so nothing follows from it
			return l.sorted(), nil
		}
	}
	if err := c.Others(); err != nil {
		l.add(codeFileRights, l.file, "", detail(err))
	}
	l.reader = read(c)
	l.server()
	l.depot()
	l.site()
	for _, id := range c.Products() {
		l.product(id)
	}
	l.overlay()
	return l.sorted(), nil
}

// look is one look at a config.
type look struct {
	found
	c      config.Config
	file   string // as messages name it
	reader metadata.Reader

	ids     []string        // of the depot's packages
	known   bool            // ids is all there is
	clashes map[string]bool // of the site's policy, by code
}

// mistakes takes the error of reading the file apart.
func (l *look) mistakes(err error) {
	all := tomlfile.Mistakes(err)
	for _, m := range all {
		l.add(codeInvalid, m.Place(), m.Key, map[string]string{"Detail": m.Text})
	}
	if len(all) == 0 {
		l.add(codeUnreadable, l.file, "", detail(err))
	}
}

// setting is where a key stands that is no policy.
func (l *look) setting(key string) string {
	for _, s := range l.c.Settings() {
		if s.Key == key && s.Place != "" {
			return s.Place
		}
	}
	return l.file
}

// depot looks whether packages can be read, and who could change them.
func (l *look) depot() {
	const key = "source.depot"
	dir := l.c.Source.Depot
	if dir == "" {
		return // packages are fetched when they are wanted
	}
	ids, err := Packages(dir)
	if err != nil {
		l.add(codeDepot, l.setting(key), key, detail(err))
		return
	}
	l.ids, l.known = ids, true
	l.rights(codeDepotRights, dir, l.setting(key), key)
}

// Packages lists the products that a depot has folders for, in order. An empty
// depot is an error: it is taken for the folder below a share that is not mounted.
func Packages(depot string) ([]string, error) {
	entries, err := os.ReadDir(depot)
	if err != nil {
		return nil, fmt.Errorf("cannot read the depot: %w", err)
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("%s is empty, as where a share is not mounted", depot)
	}
	var ids []string
	for _, e := range entries {
		if e.IsDir() && productid.Check(e.Name()) == nil {
			ids = append(ids, e.Name())
		}
	}
	return ids, nil
}

// rights looks who could change a folder or file.
func (l *look) rights(code, path, at, key string) {
	info, err := os.Stat(path)
	if err != nil {
		return // whoever wants to read it says so
	}
	if err := config.Changeable(path, info); err != nil {
		l.add(code, at, key, detail(err))
	}
}

// site looks at [policy] by itself: what any package meets.
func (l *look) site() {
	l.opinions("policy", policy.Config, true, append(policy.Explain(l.c.Site()), policy.ExplainMachine(l.c.Site())...))
	l.clashes = map[string]bool{}
	p, _ := policy.Resolve(l.c.Site())
	for _, c := range policy.ClashesOf(p) {
		l.clashes[c.Code] = true
		l.clash(c, "policy", policy.Explain(l.c.Site()))
	}
}

// product looks at [policy.product.<id>] together with what it stands above.
func (l *look) product(id string) {
	table := tomlfile.Join("policy.product", id)
	if l.known && !slices.Contains(l.ids, id) {
		l.add(codeProduct, l.c.ProductPlace(id), table, map[string]string{"Product": id, "Near": meant.Word(id, l.ids...)})
	}
	layers := l.c.Layers(id, l.packaged(id).Policy)
	decisions := policy.Explain(layers...)
	l.opinions(table, policy.Product, false, decisions)
	p, _ := policy.Resolve(layers...)
	for _, c := range policy.ClashesOf(p) {
		if !l.clashes[c.Code] || ofItsOwn(c, p.Origin) {
			l.clash(c, table, decisions)
		}
	}
}

// packaged is a package as far as it could be read.
func (l *look) packaged(id string) metadata.Package {
	if !l.known {
		return metadata.Package{}
	}
	p, _, err := l.reader.Load(id)
	if err != nil {
		return metadata.Package{}
	}
	return p
}

// ofItsOwn: a value of the clash was not said for all products.
func ofItsOwn(c policy.Clash, origin map[string]string) bool {
	for _, k := range c.Keys {
		if o := policy.Origin(origin[k]); o != policy.BuiltIn && o != policy.Config {
			return true
		}
	}
	return false
}
