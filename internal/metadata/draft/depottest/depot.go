// SPDX-License-Identifier: Apache-2.0

package depottest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Want is what a draft of one package must come to.
type Want struct {
	Result     string   // written, kept, skipped, failed
	Sure       string   // package, guessed, nothing; "" where nothing is written
	Machines   []string // "windows x64 background", in order; " held" where nobody may be there
	Dirs       []string // of the installers in order, joined by ";"
	Processes  []string
	Command    string // words joined by a blank
	Notes      []string
	LoadsOn    string // "windows x64", "linux x64"
	HoldsThere bool   // names folders or programs on that machine
}

// Package is one package source of the depot.
type Package struct {
	ID   string
	Want Want
	make func(p *maker)
}

// maker writes one package.
type maker struct {
	t   testing.TB
	dir string // of the package
	id  string
}

func (m *maker) file(name string, content []byte, mode os.FileMode) {
	m.t.Helper()
	path := filepath.Join(m.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, content, mode); err != nil {
		m.t.Fatal(err)
	}
}

func (m *maker) text(name, content string) { m.t.Helper(); m.file(name, []byte(content), 0o644) }

// data writes a file of CLIENT_DATA.
func (m *maker) data(name string, content []byte) {
	m.t.Helper()
	m.file("CLIENT_DATA/"+name, content, 0o644)
}

func (m *maker) script(name, content string) { m.t.Helper(); m.data(name, []byte(content)) }

// control writes control.toml with scripts as "key=file".
func (m *maker) control(more string) {
	m.t.Helper()
	m.text("OPSI/control.toml", fmt.Sprintf("# SPDX-License-Identifier: Apache-2.0\n[Package]\nversion = '1'\n[Product]\ntype = 'LocalbootProduct'\nid = '%s'\nname = 'Product %s'\nversion = '1.0'\n%s", m.id, m.id, more))
}

// oldControl writes opsi's older form.
func (m *maker) oldControl(more string) {
	m.t.Helper()
	m.text("OPSI/control", fmt.Sprintf("[Package]\nversion: 1\ndepends:\nincremental: False\n\n[Product]\ntype: localboot\nid: %s\nname: Product %s\ndescription: A product\n for people\nadvice:\nversion: 1.0\npriority: 0\nlicenseRequired: False\nproductClasses:\n%s\n\n[ProductProperty]\ntype: bool\nname: link\ndefault: False\n\n[Changelog]\n%s (1.0-1)\n  * [Actions] is not a section here\n", m.id, m.id, more, m.id))
}

// Make writes the depot into a folder of the test and returns it with its packages.
func Make(t testing.TB) (string, []Package) {
	t.Helper()
	depot := t.TempDir()
	all := Packages()
	for _, p := range all {
		m := &maker{t: t, dir: filepath.Join(depot, p.ID), id: p.ID}
		if err := os.MkdirAll(filepath.Join(m.dir, "CLIENT_DATA"), 0o755); err != nil {
			t.Fatal(err)
		}
		p.make(m)
	}
	return depot, all
}
