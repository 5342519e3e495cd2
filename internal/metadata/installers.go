// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quietsetup/quietsetup/internal/meant"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

// metadata reads the package's own file and the site's overlay, of which at
// least one is there.
func (l *loading) metadata(own, over *tomlfile.Document) {
	var roots []*tomlfile.Table // strongest first
	var docs []*tomlfile.Document
	for _, d := range []*tomlfile.Document{over, own} {
		if d != nil {
			docs, roots = append(docs, d), append(roots, d.Root())
		}
	}
	for _, root := range roots {
		l.general(root)
	}
	home := holder(roots, "installers")
	installers := home.Tables("installers")
	chosen := l.choose(installers)
	l.take(docs...)
	if chosen == nil && len(installers) > 0 {
		l.found(CodeNothing, home.Doubt(CodeNothing, "installers", "none is for this machine, %s; there are %s", l.machine, offered(installers)))
		return
	}
	if chosen != nil {
		l.programs(chosen)
	}
	var quiet []*tomlfile.Table // strongest first
	for _, root := range roots {
		if root == home && chosen != nil {
			quiet = append(quiet, chosen.Table("quietsetup"))
		}
		quiet = append(quiet, root.Table("quietsetup"))
	}
	l.quiet(slices.DeleteFunc(quiet, func(t *tomlfile.Table) bool { return t == nil }))
	l.take(docs...)
	l.found(CodeDirectory, l.badDirs...)
	l.pkg.Metadata = len(l.pkg.Dirs)+len(l.pkg.Processes)+len(l.pkg.Services) > 0
	if !l.pkg.Metadata && len(l.badDirs) == 0 {
		at := roots[0]
		if chosen != nil {
			at = chosen
		}
		l.warn(at.Doubt(CodeBlind, "", "names no directory and no process, so nobody knows what an installation disturbs: handled as if there were no metadata"))
	}
}

// general looks at what stands outside the installers.
func (l *loading) general(root *tomlfile.Table) {
	l.warn(root.Unknown(Known("")...)...)
	spec := root.Table("specification")
	l.warn(spec.Unknown(Known("specification")...)...)
	if v := spec.Text("version", schema); v != schema {
		l.warn(spec.Doubt(CodeSchema, "version", "is %q; read as %q", v, schema))
	}
	product := root.Table("product")
	l.warn(product.Unknown(Known("product")...)...)
	product.Text(Spelling(product, "productIconFilePath", "product_icon_file_path"), "")
}

// Spelling is the one of a key's two spellings that the table uses. Both at once
// are a mistake.
func Spelling(t *tomlfile.Table, usual, other string) string {
	if !t.Has(other) {
		return usual
	}
	if t.Has(usual) {
		t.Wrong(other, "is there already as %s", usual)
	}
	return other
}

func (l *loading) warn(ms ...tomlfile.Mistake) {
	for _, m := range ms {
		l.exam.Doubts = append(l.exam.Doubts, m)
		l.pkg.Warnings = append(l.pkg.Warnings, m.Error())
	}
}

// holder is the first table that has the key, nil if none has.
func holder(tables []*tomlfile.Table, key string) *tomlfile.Table {
	for _, t := range tables {
		if t.Has(key) {
			return t
		}
	}
	return nil
}

// choose finds the one installer for this machine, nil if none fits, and says
// what is odd about the others.
func (l *loading) choose(installers []*tomlfile.Table) *tomlfile.Table {
	best := Choose(installers, l.machine)
	for _, t := range installers {
		os, arch := Requires(t)
		switch {
		case !knownOS(os):
			l.warn(unknownWord(t, "os", os, systems()))
		case !knownArch(arch):
			l.warn(unknownWord(t, "os_arch", arch, architectures()))
		case best != nil && t != best && l.machine.fit(os, arch) == fitOf(best, l.machine):
			l.warn(t.Doubt(CodeEqual, "", "fits this machine as well as the installer at %s, which is used", best.Place("")))
		}
	}
	return best
}

func unknownWord(t *tomlfile.Table, key, word string, known []string) tomlfile.Mistake {
	m := t.Doubt(CodeSystem, requirementKey(t), "%s %q is not known, so the installer fits no machine", key, word)
	m.Hint = meant.Word(word, known...)
	return m
}

// Choose finds the one installer for a machine, nil if none fits. Of two that fit
// equally the first counts.
func Choose(installers []*tomlfile.Table, m Machine) *tomlfile.Table {
	var best *tomlfile.Table
	most := 0
	for _, t := range installers {
		if rank := fitOf(t, m); rank > most {
			best, most = t, rank
		}
	}
	return best
}

func fitOf(t *tomlfile.Table, m Machine) int {
	if !KnownRequirement(t) {
		return 0
	}
	os, arch := Requires(t)
	return m.fit(os, arch)
}

// Requires is what an installer needs, in lower case and in opsi's words. What
// is not said fits every machine.
func Requires(t *tomlfile.Table) (os, arch string) {
	r := Requirement(t)
	return strings.ToLower(r.Text("os", anyOS)), strings.ToLower(r.Text("os_arch", anyArch))
}

// KnownRequirement reports whether an installer's requirement is in words that
// are known.
func KnownRequirement(t *tomlfile.Table) bool {
	os, arch := Requires(t)
	return knownOS(os) && knownArch(arch)
}

// Requirement is the table of an installer's requirement, nil without one. It is
// found under both names that are in use, and as a list of one.
func Requirement(t *tomlfile.Table) *tomlfile.Table { return t.OneTable(requirementKey(t)) }

func requirementKey(t *tomlfile.Table) string { return Spelling(t, "requirement", "requirements") }

func offered(installers []*tomlfile.Table) string {
	var out []string
	for _, t := range installers {
		os, arch := Requires(t)
		out = append(out, fmt.Sprintf("%.20s %.20s", os, arch))
	}
	const most = 5
	if len(out) > most {
		out = append(out[:most], "others")
	}
	return strings.Join(out, ", ")
}

// programs reads what the chosen installer would disturb.
func (l *loading) programs(t *tomlfile.Table) {
	l.warn(t.Unknown(Known("installers")...)...)
	os, arch := Requires(t)
	l.pkg.Installer = &Installer{Name: t.Text("name", ""), OS: os, Arch: arch, At: t.Place("")}
	r := Requirement(t)
	l.warn(r.Unknown(Known("installers.requirement")...)...)
	space := Spelling(r, "requiredSpaceMB", "required_space_MB")
	if mb := r.Int(space, 0); mb < 0 {
		r.Wrong(space, "must not be negative, is %d", mb)
	} else {
		l.pkg.RequiredMB = mb
	}
	l.pkg.Background = t.Bool("install_in_background", true)
	l.dirs(t)
	l.processes(t)
}
