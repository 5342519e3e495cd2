// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"fmt"
	"strings"
	"unicode"
)

// page is the text of a metadata file being written.
type page struct{ strings.Builder }

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// comment writes one line of comment; foreign text in it was cleaned before.
func (p *page) comment(s string) {
	if s != "" {
		p.line("# %s", clean(s, 400))
	}
}

// render writes the file.
func render(d Draft, m *making) []byte {
	p := &page{}
	p.comment(fmt.Sprintf("What the installer of %s disturbs: a first draft by quietsetup meta init.", d.Product))
	p.comment("A comment says where each value comes from. Once you have read and checked it,")
	p.comment("the comments may go. What it means on a machine: quietsetup meta explain")
	for _, n := range d.Notes {
		p.comment("Note: " + n.Text() + ".")
	}
	p.line("\n[specification]\nversion = '0.1'")
	for _, in := range d.Installers {
		p.installer(in)
	}
	if len(d.Installers) == 0 {
		p.noInstaller()
	}
	p.quietsetup(d, m)
	return []byte(p.String())
}

func (p *page) noInstaller() {
	p.line("")
	p.comment("No installer is known. If the product has programs that people use, please fill")
	p.comment("in and take the signs away:")
	p.comment("")
	p.comment("[[installers]]")
	p.comment("install_dir = '%ProgramFiles64Dir%\\Product'")
	p.comment("processes = ['product.exe']")
	p.comment("[installers.requirement]")
	p.comment("os = 'windows'")
	p.line("#")
	p.comment("If it disturbs nothing, say so by a policy; a site may disagree:")
	p.line("#")
	p.comment("[quietsetup.policy]")
	p.comment("without_metadata = 'install'")
}

func (p *page) installer(in Installer) {
	p.line("\n[[installers]]")
	for _, a := range in.advice {
		p.comment(a)
	}
	if in.Path != "" {
		p.comment(in.pathAt.String())
	}
	p.line("path = %s", quote(in.Path))
	if in.InstallDir == "" {
		if len(in.Processes) == 0 {
			p.comment("not known: please fill in the folder the product is installed into")
		}
		p.line("install_dir = ''")
		p.line("check_processes_from_dirs = []")
	} else {
		p.comment(in.dirs[0].at.String())
		p.line("install_dir = %s", quote(in.InstallDir))
		p.list("check_processes_from_dirs", in.dirs)
	}
	p.list("processes", in.kills)
	if !in.Background {
		p.comment(in.rebootAt.String())
		p.line("install_in_background = false")
	}
	p.line("\n[installers.requirement]")
	p.line("os = %s", quote(in.OS))
	if in.Arch != anyArch {
		p.comment(in.archAt.String())
	}
	p.line("os_arch = %s", quote(in.Arch))
	if in.SpaceMB > 0 {
		p.comment(in.spaceAt.String())
		p.line("requiredSpaceMB = %d", in.SpaceMB)
	}
}

// list writes a list with the origin above each value, or on one line if there
// is nothing to add.
func (p *page) list(key string, values []value) {
	switch {
	case len(values) == 0:
		p.line("%s = []", key)
	case len(values) == 1 && key != "processes":
		p.line("%s = [%s]", key, quote(values[0].text)) // the same as install_dir, which has its origin
	default:
		p.line("%s = [", key)
		last := ""
		for _, v := range values {
			if at := v.at.String(); at != last {
				p.line("  # %s", at)
				last = at
			}
			p.line("  %s,", quote(v.text))
		}
		p.line("]")
	}
}

// quietsetup writes our own table, if there is anything to say in it.
func (p *page) quietsetup(d Draft, m *making) {
	if stops := m.facts.stops; len(stops) > 0 {
		p.line("")
		for _, s := range stops {
			p.comment(fmt.Sprintf("%s line %d stops the service %s itself.", clean(s.at.file, 200), s.at.line, clean(s.text, 80)))
		}
	}
	if d.Command == nil && d.Uninstall == nil {
		return
	}
	p.line("\n[quietsetup]\nversion = 1")
	p.comment("If running it twice does no harm, please add: repeatable = true")
	if d.Command != nil {
		p.comment(origin{file: m.control.file, what: "setupScript"}.String())
		p.line("command = %s", argv(d.Command))
	}
	if d.Uninstall != nil {
		p.comment(origin{file: m.control.file, what: "uninstallScript"}.String())
		p.line("uninstall_command = %s", argv(d.Uninstall))
	}
	if in, ok := m.detect(); ok {
		p.comment(origin{file: clientData + "/" + in.name, what: "its control file"}.String())
		p.line("detect = { kind = 'dpkg', name = %s, version = %s }", quote(in.product), quote(in.version))
	}
}

func argv(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// quote writes a string of TOML: between apostrophes as opsi's own tools do,
// else with escapes.
func quote(s string) string {
	if !strings.Contains(s, "'") && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }) {
		return "'" + s + "'"
	}
	var out strings.Builder
	out.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case unicode.IsControl(r):
			fmt.Fprintf(&out, `\u%04X`, r)
		default:
			out.WriteRune(r)
		}
	}
	return out.String() + `"`
}
