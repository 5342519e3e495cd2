// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/quietsetup/quietsetup/internal/metadata"
)

// Draft is a first metadata file and what is to be said about it.
type Draft struct {
	Product    string
	Installers []Installer
	Command    []string // of [quietsetup]; nil = nothing that can be run without opsi-script is known
	Uninstall  []string
	Sure       Sureness
	Notes      []Note
	Text       []byte // the file
}

// Sureness says how much of a draft follows from the package.
type Sureness string

// How sure a draft is.
const (
	FromPackage Sureness = "package" // every folder and program is one the package itself names
	Guessed     Sureness = "guessed" // something was concluded: read the comments that say "please check"
	Nothing     Sureness = "nothing" // names no folder and no program, so it would hold nothing
)

// Installer is one [[installers]] of a draft.
type Installer struct {
	OS         string
	Arch       string
	Path       string // as in the file, with its constant; "" = not known
	Kind       string // "Inno Setup", "MSI", …; "" = not known
	InstallDir string
	Dirs       []string
	Processes  []string
	Background bool // false: never while somebody is there
	SpaceMB    int64

	files    []installer
	pathAt   origin
	archAt   origin
	dirs     []value
	kills    []value
	spaceAt  origin
	rebootAt *origin
	advice   []string // further comments above it
}

// Make drafts the metadata of the package whose folder is root; id is its
// folder's name. The error wraps ErrNoPackage, ErrBroken or ErrNetboot, or says
// that the package could not be looked at.
func Make(root *os.Root, id string) (Draft, error) {
	d := Draft{Product: id, Sure: Nothing}
	c, err := readControl(root, id)
	if err != nil {
		return d, err
	}
	info, err := root.Lstat(clientData)
	if err != nil || !info.IsDir() {
		return d, fmt.Errorf("%w: %s is not there, or not a plain folder", ErrBroken, clientData)
	}
	data, err := root.OpenRoot(clientData)
	if err != nil {
		return d, fmt.Errorf("cannot open %s: %w", clientData, err)
	}
	defer data.Close()
	m := &making{draft: &d, control: c, folder: list(data), facts: &facts{}}
	m.readScripts()
	m.probeFiles()
	m.compose()
	m.command()
	m.judge()
	d.Text = render(d, m)
	return d, nil
}

const clientData = metadata.ClientData

// making is one draft being made.
type making struct {
	draft   *Draft
	control control
	folder  *folder
	facts   *facts
	probed  []installer // that a script starts, or that lie where installers do
	other   []string    // installers that no script was seen to start, while it starts others
	opsi    bool        // a script is opsi-script's
	shells  map[string]string
}

// readScripts reads what the control file names, and what that includes.
func (m *making) readScripts() {
	r := &reader{folder: m.folder, facts: m.facts, vars: variables{}, shown: clientData + "/", read: map[string]bool{}}
	m.shells = map[string]string{}
	for _, s := range m.control.scripts {
		name, ok := inPackage(s.file)
		if !ok {
			m.facts.missing = append(m.facts.missing, s.file)
			continue
		}
		removes := s.key == "uninstallScript"
		if e, there := m.folder.find(name); there {
			switch shebang := m.folder.shebang(e.name); {
			case shebang != "":
				m.shells[s.key] = shebang
				if text, err := m.folder.text(e.name); err != nil {
					m.facts.broken = append(m.facts.broken, e.name+": "+err.Error())
				} else if !r.read[e.name] {
					r.read[e.name] = true
					r.shell(e.name, text)
				}
				continue
			case installs(e.name):
				r.facts.called(call{name: e.name, at: origin{file: m.control.file, what: s.key}})
				continue
			}
		}
		m.opsi = true
		r.vars["$productid$"] = []string{m.draft.Product}
		r.script(name, place{removes: removes})
	}
	r.judge()
}

// shebang is the interpreter a file names in its first line, "" if none.
func (f *folder) shebang(name string) string {
	file, _, err := f.open(name)
	if err != nil {
		return ""
	}
	defer file.Close()
	head := make([]byte, 128)
	n, _ := file.Read(head)
	line, _, _ := strings.Cut(string(head[:n]), "\n")
	if !strings.HasPrefix(line, "#!") {
		return ""
	}
	return strings.TrimSpace(line[2:])
}

// probeFiles looks into the installers that scripts start. Where no script was
// seen to start one, those that lie where installers lie are taken instead.
func (m *making) probeFiles() {
	const most = 40
	for _, c := range m.facts.calls {
		if e, ok := m.folder.find(c.name); ok && len(m.probed) < most {
			m.probed = append(m.probed, m.folder.probe(e, clientData+"/"))
		}
	}
	called := len(m.probed) > 0
	for _, e := range m.folder.files {
		if !installs(e.name) || !wherePut(e.name) || slices.ContainsFunc(m.probed, func(in installer) bool { return in.name == e.name }) {
			continue
		}
		switch {
		case called:
			m.other = append(m.other, e.name)
		case len(m.probed) < most && !helper(e.name):
			m.probed = append(m.probed, m.folder.probe(e, clientData+"/"))
		}
	}
	for _, in := range m.probed {
		if in.note != "" {
			m.note(NoteFile, in.name+": "+in.note)
		}
	}
}

// wherePut tells the places installers lie in: the top, or a folder files1 and so on.
func wherePut(name string) bool {
	top, rest, below := strings.Cut(name, "/")
	return !below || strings.HasPrefix(strings.ToLower(top), "files") && !strings.Contains(rest, "/")
}

// helper tells by its name a program that only helps an installation.
func helper(name string) bool {
	b := strings.ToLower(path.Base(name))
	for _, part := range []string{"uninst", "vcredist", "vc_redist", "dotnet", "7za", "winst", "wget", "curl", "autoit"} {
		if strings.Contains(b, part) {
			return true
		}
	}
	return false
}
