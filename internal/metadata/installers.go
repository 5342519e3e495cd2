// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

// schema is the version of opsi's metadata file that is known here.
const schema = "0.1"

// metadata reads the package's own file and the site's overlay, of which at
// least one is there.
func (l *loading) metadata(own, over *tomlfile.Document) error {
	var roots []*tomlfile.Table // strongest first
	var docs []*tomlfile.Document
	for _, d := range []*tomlfile.Document{over, own} {
		if d != nil {
			docs, roots = append(docs, d), append(roots, d.Root())
		}
	}
	mistakes := func() []tomlfile.Mistake {
		var out []tomlfile.Mistake
		for _, d := range docs {
			out = append(out, d.Mistakes()...)
		}
		return out
	}
	for _, root := range roots {
		l.general(root)
	}
	home := holder(roots, "installers")
	installers := home.Tables("installers")
	chosen := l.choose(installers)
	if err := asFound(CodeUnreadable, mistakes()); err != nil {
		return err
	}
	if chosen == nil && len(installers) > 0 {
		return asFound(CodeNothing, []tomlfile.Mistake{home.Mistake("installers", "none is for this machine, %s; there are %s", l.machine, offered(installers))})
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
	if err := asFound(CodeUnreadable, mistakes()); err != nil {
		return err
	}
	if err := asFound(CodeDirectory, l.badDirs); err != nil {
		return err
	}
	l.pkg.Metadata = len(l.pkg.Dirs)+len(l.pkg.Processes)+len(l.pkg.Services) > 0
	if !l.pkg.Metadata {
		l.warn(roots[0].Mistake("", "names no directory and no process, so nobody knows what an installation disturbs: handled as if there were no metadata"))
	}
	return nil
}

// general looks at what stands outside the installers.
func (l *loading) general(root *tomlfile.Table) {
	l.warn(root.Unknown("specification", "product", "installers", "quietsetup")...)
	spec := root.Table("specification")
	l.warn(spec.Unknown("version")...)
	if v := spec.Text("version", schema); v != schema {
		l.warn(spec.Mistake("version", "is %q; read as %q", v, schema))
	}
	product := root.Table("product")
	l.warn(product.Unknown("productIconFilePath", "product_icon_file_path")...)
	product.Text("productIconFilePath", "")
}

func (l *loading) warn(ms ...tomlfile.Mistake) {
	for _, m := range ms {
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

// choose finds the one installer for this machine, nil if none fits. Of two that
// fit equally the first counts.
func (l *loading) choose(installers []*tomlfile.Table) *tomlfile.Table {
	var best *tomlfile.Table
	most := 0
	for _, t := range installers {
		os, arch := requirement(t)
		if !knownOS(os) {
			l.warn(t.Mistake("requirement", "os %q is not known, so the installer fits no machine", os))
			continue
		}
		if !knownArch(arch) {
			l.warn(t.Mistake("requirement", "os_arch %q is not known, so the installer fits no machine", arch))
			continue
		}
		rank := l.machine.fit(os, arch)
		if rank > 0 && rank == most {
			l.warn(t.Mistake("", "fits this machine as well as the installer at %s, which is used", best.Place("")))
		}
		if rank > most {
			best, most = t, rank
		}
	}
	return best
}

// requirement is what an installer needs, in lower case. What is not said fits
// every machine.
func requirement(t *tomlfile.Table) (os, arch string) {
	r := t.Table("requirement")
	return strings.ToLower(r.Text("os", anyOS)), strings.ToLower(r.Text("os_arch", anyArch))
}

func offered(installers []*tomlfile.Table) string {
	var out []string
	for _, t := range installers {
		os, arch := requirement(t)
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
	l.warn(t.Unknown("name", "path", "install_dir", "check_processes_from_dirs", "processes",
		"install_in_background", "requirement", "quietsetup")...)
	r := t.Table("requirement")
	l.warn(r.Unknown("os", "os_arch", "requiredSpaceMB", "required_space_MB")...)
	if mb := r.Int("requiredSpaceMB", 0); mb < 0 {
		r.Wrong("requiredSpaceMB", "must not be negative, is %d", mb)
	}
	l.pkg.Background = t.Bool("install_in_background", true)
	l.dirs(t)
	l.processes(t)
}
