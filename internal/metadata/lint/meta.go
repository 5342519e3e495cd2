// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"path"
	"strconv"
	"strings"

	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
	"github.com/quietsetup/quietsetup/internal/policy"
)

// metadata judges the package's metadata file, and the package as a whole as the
// machines see it.
func (p *pack) metadata(c control) error {
	text, err := p.read(metadata.MetaFile)
	if err != nil {
		return err
	}
	if text != nil {
		p.metaFile(metadata.MetaFile, text, c)
		return nil
	}
	// Without a metadata file every machine sees the same.
	exam, err := reader(machines()[0]).Examine(p.root, p.id)
	if err != nil {
		return err
	}
	for _, m := range exam.Mistakes {
		if m.Code != tomlfile.CodeSyntax && m.Code != tomlfile.CodeEncoding {
			p.mistake(m)
		}
	}
	if _, err := p.root.Lstat(metadata.MetaFile); err != nil && p.has(".") {
		p.add(Finding{File: metadata.MetaFile, Code: "no-metadata", Message: "is not there, so nobody knows what an installation disturbs"})
	}
	return nil
}

// metaFile judges a metadata file, in a package or alone.
func (p *pack) metaFile(name string, text []byte, c control) {
	p.mark(name, text)
	p.wording(name, text)
	doc, err := tomlfile.Parse(name, text)
	if err != nil {
		p.unreadable(name, err, text)
		p.examine(name, text, machines()[0]) // for the rest of the package
		return
	}
	root := doc.Root()
	f := &metaFile{pack: p, root: root, installers: root.Tables("installers")}
	f.general()
	for _, m := range f.targets() {
		exam := p.examine(name, text, m)
		f.command(exam.Package, m)
		f.policies(exam.Package.Policy)
	}
	f.outcome(c)
	for _, m := range doc.Mistakes() {
		p.mistake(m)
	}
}

// examine notes what the reader finds on a machine.
func (p *pack) examine(name string, text []byte, m metadata.Machine) metadata.Exam {
	var exam metadata.Exam
	if p.root == nil {
		exam = reader(m).ExamineText(p.id, name, text)
	} else {
		var err error
		if exam, err = reader(m).Examine(p.root, p.id); err != nil {
			p.add(Finding{File: name, Code: metadata.CodeFiles, Message: "cannot be read: " + err.Error()})
		}
	}
	for _, x := range append(exam.Mistakes, exam.Doubts...) {
		switch {
		case x.Code == metadata.CodeNothing: // of no interest where it is examined as something else
		case x.Code == metadata.CodeEqual: // said as shadowed
		case x.Code == tomlfile.CodeSyntax, x.Code == tomlfile.CodeEncoding: // said where the file was parsed
		case x.Code == metadata.CodeBlind && (exam.Package.Installer == nil || harmless(exam.Package.Policy)): // said, or meant
		default:
			p.mistake(x)
		}
	}
	return exam
}

// harmless reports whether the packager says what is to be done where nobody
// knows what is disturbed.
func harmless(l policy.Layer) bool {
	p, _ := policy.Resolve(l)
	return p.Origin["without_metadata"] == string(policy.Metadata)
}

// metaFile is one metadata file that could be read as TOML.
type metaFile struct {
	*pack
	root       *tomlfile.Table
	installers []*tomlfile.Table
}

// general judges the file and its installers apart from any machine.
func (f *metaFile) general() {
	if spec := f.root.Table("specification"); !spec.Has("version") {
		f.doubt(f.root, "no-version", "specification", "version is missing; '0.1' is taken")
	}
	f.icon()
	if len(f.installers) == 0 {
		if quiet := f.root.Table("quietsetup"); quiet.Table("policy").Raw("without_metadata") == nil && len(quiet.Texts("old_install_dirs"))+len(quiet.Texts("old_display_names")) == 0 {
			f.doubt(f.root, "no-installers", "installers", "there are none, so nobody knows what an installation disturbs")
		}
		return
	}
	chosen := map[string]bool{}
	for _, m := range machines() {
		if t := metadata.Choose(f.installers, m); t != nil {
			chosen[t.Path()] = true
		}
	}
	if len(chosen) == 0 {
		f.doubt(f.root, "fits-nothing", "installers", "none is for any system")
	}
	for i, t := range f.installers {
		f.requirement(t)
		switch {
		case chosen[t.Path()] || !metadata.KnownRequirement(t):
		case !fitsSome(t):
			f.doubt(t, "shadowed-installer", "", "is never chosen: there is no machine of that kind")
		case f.sameAs(i) >= 0:
			f.doubt(t, "shadowed-installer", "", "is never chosen: the one at line %s is for the same machines", line(f.installers[f.sameAs(i)]))
		default:
			f.doubt(t, "shadowed-installer", "", "is never chosen: others fit each machine better")
		}
		f.background(t)
		f.programs(t, f.system(t))
		if name, local := slashed(scriptPath(t.Text("path", ""))); local && name != "" && !f.has(name) {
			f.doubt(t, "installer-file-missing", "path", "%q is not in %s", name, metadata.ClientData)
		}
	}
}

// sameAs is the first installer before the n-th for the same machines, or -1.
func (f *metaFile) sameAs(n int) int {
	os, arch := metadata.Requires(f.installers[n])
	for i, t := range f.installers[:n] {
		if o, a := metadata.Requires(t); o == os && a == arch {
			return i
		}
	}
	return -1
}

func line(t *tomlfile.Table) string {
	place := t.Place("")
	return place[strings.LastIndexByte(place, ':')+1:]
}

func (f *metaFile) requirement(t *tomlfile.Table) {
	r := metadata.Requirement(t)
	switch {
	case r == nil || !r.Has("os"):
		f.doubt(t, "missing-requirement", "requirement", "os is missing, so the installer is taken for every system")
	case t.Has("requirements"):
		f.doubt(t, "requirement-list", "requirements", "is called requirement in the files that tools write")
	default:
		if _, table := t.Raw("requirement").(map[string]any); !table {
			f.doubt(t, "requirement-list", "requirement", "is a list here and a table in the files that tools write")
		}
	}
	for _, key := range []string{"requirement", "requirements"} {
		if t.Has(key) {
			f.unknown(r, "installers.requirement")
		}
	}
}

func (f *metaFile) background(t *tomlfile.Table) {
	if !t.Has("install_in_background") {
		f.doubt(t, "background-missing", "install_in_background", "is not said; true is taken")
	} else if !t.Bool("install_in_background", true) {
		f.doubt(t, "background-false", "install_in_background", "is false, so the installer waits until nobody is there")
	}
}

// policies judges what the packager says about policy.
func (f *metaFile) policies(l policy.Layer) {
	_, warnings := policy.Resolve(l)
	for _, w := range warnings {
		m := tomlfile.Mistake{Code: "bad-policy-value", Key: w.Key, Text: strings.TrimSuffix(w.Text, "; ignored")}
		if i := strings.LastIndexByte(w.At, ':'); i >= 0 {
			m.File = w.At[:i]
			m.Line, _ = strconv.Atoi(w.At[i+1:])
		}
		if policy.Known(w.Key) != nil {
			m.Code = "unknown-policy-key"
		}
		f.mistake(m)
	}
}

// icon looks for the picture that stands for the product.
func (f *metaFile) icon() {
	product := f.root.Table("product")
	for _, key := range []string{"productIconFilePath", "product_icon_file_path"} {
		icon := product.Text(key, "")
		if icon == "" {
			continue
		}
		name, local := slashed(strings.TrimPrefix(scriptPath(icon), "/"))
		if !local || !f.has(name) {
			f.doubt(product, "icon-missing", key, "%q is not in %s", icon, metadata.ClientData)
		}
		return
	}
	if f.root == nil || f.pack.root == nil || f.id == "" {
		return
	}
	for _, ext := range []string{".png", ".ico", ".svg", ".jpg", ".bmp"} {
		if f.has(f.id+ext) || f.inOPSI(f.id+ext) {
			return
		}
	}
	f.doubt(f.root, "no-icon", "product", "no icon is named")
}

func (p *pack) inOPSI(name string) bool {
	_, err := p.root.Lstat(path.Join("OPSI", name))
	return err == nil
}
