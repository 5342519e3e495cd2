// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"cmp"
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

// A Note is one thing to know or to check, with what it is about.
type Note struct {
	Code   NoteCode
	Detail string // a file, a variable, an error; never translated
}

// NoteCode names the kind of a note.
type NoteCode string

// The notes.
const (
	NoteNothing    NoteCode = "nothing"     // no folder and no program is named: the file would hold nothing
	NoteGuessed    NoteCode = "guessed"     // some values are marked as guesses
	NotePerUser    NoteCode = "per_user"    // installs into people's profiles, which are not searched
	NoteUnresolved NoteCode = "unresolved"  // a folder's variable is known at run time only
	NoteReboot     NoteCode = "reboot"      // may restart the machine or end the session
	NoteMissing    NoteCode = "missing"     // a script that control names is not there
	NoteScript     NoteCode = "script"      // a script could not be read
	NoteFile       NoteCode = "file"        // an installer could not be read
	NoteLinks      NoteCode = "links"       // links were not followed
	NoteMany       NoteCode = "too_many"    // not all files were looked at
	NoteNoScript   NoteCode = "no_script"   // control names no script: only dependencies, or nothing
	NoteNoCommand  NoteCode = "no_command"  // only opsi-script can carry the package out
	NoteDriver     NoteCode = "driver"      // installs drivers
	NoteVital      NoteCode = "vital"       // a program of the system that the script kills is left out
	NoteOther      NoteCode = "other_files" // further installers that no script was seen to start
	NoteNetboot    NoteCode = "netboot"     // a netboot product
	NoteNoPackage  NoteCode = "no_package"  // a folder without a control file
	NoteKept       NoteCode = "kept"        // there is a file already
	NoteUnreadable NoteCode = "unreadable"  // and it cannot be read
)

// Text says the note in English.
func (n Note) Text() string {
	s := map[NoteCode]string{
		NoteNothing:    "no folder and no program is known, so the file holds nothing back: the product waits until nobody is there",
		NoteGuessed:    "some values are guessed: please check the comments in the file",
		NotePerUser:    "installs into people's profiles, which are not searched; please name its programs",
		NoteUnresolved: "the folder in this variable is known only when the script runs",
		NoteReboot:     "may restart the machine or end the session",
		NoteMissing:    "a script that the control file names is not there",
		NoteScript:     "a script was not read whole",
		NoteFile:       "a file was not read whole",
		NoteLinks:      "links were not followed",
		NoteMany:       "the package has more files or folders than were looked at",
		NoteNoScript:   "the control file names no script, so there is nothing to run",
		NoteNoCommand:  "opsi-script carries the package out; no command of its own is known",
		NoteDriver:     "installs drivers",
		NoteVital:      "the script ends a program of the system, which is never closed here",
		NoteOther:      "no script was seen to start these files",
		NoteNetboot:    "a netboot product, which is never installed on a running machine",
		NoteNoPackage:  "not a package: there is no OPSI/control.toml and no OPSI/control",
		NoteKept:       "there is a metadata file already; --force replaces it and keeps a copy",
		NoteUnreadable: "the file that is there cannot be read",
	}[n.Code]
	if n.Detail != "" {
		s += ": " + n.Detail
	}
	return s
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

func (m *making) note(code NoteCode, detail string) {
	n := Note{code, clean(detail, 200)}
	if !slices.Contains(m.draft.Notes, n) {
		m.draft.Notes = append(m.draft.Notes, n)
	}
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

// judge says how sure the draft is and what to look at.
func (m *making) judge() {
	d := m.draft
	known, guess := false, false
	for _, in := range d.Installers {
		known = known || len(in.Dirs)+len(in.Processes) > 0
		for _, o := range in.origins() {
			guess = guess || o.guess
		}
	}
	switch {
	case !known:
		d.Sure = Nothing
		m.note(NoteNothing, "")
	case guess:
		d.Sure = Guessed
	default:
		d.Sure = FromPackage
	}
	if guess {
		m.note(NoteGuessed, "")
	}
	f := m.facts
	if len(m.control.scripts) == 0 {
		m.note(NoteNoScript, "")
	} else if d.Command == nil && m.control.script("setupScript") != "" {
		m.note(NoteNoCommand, "")
	}
	for _, v := range f.perUser {
		m.note(NotePerUser, v.text)
	}
	if len(f.dirs) == 0 {
		for _, v := range f.lost {
			m.note(NoteUnresolved, fmt.Sprintf("%s, %s line %d", v.text, v.at.file, v.at.line))
		}
	}
	for _, v := range f.reboots {
		m.note(NoteReboot, fmt.Sprintf("%s line %d", v.at.file, v.at.line))
	}
	for _, s := range f.missing {
		m.note(NoteMissing, s)
	}
	for _, s := range f.broken {
		m.note(NoteScript, s)
	}
	if len(m.other) > 0 {
		m.note(NoteOther, strings.Join(m.other[:min(len(m.other), 3)], ", "))
	}
	if m.folder.links > 0 {
		m.note(NoteLinks, fmt.Sprint(m.folder.links))
	}
	if m.folder.more || len(m.folder.seen) > 0 {
		m.note(NoteMany, "")
	}
	slices.SortStableFunc(d.Notes, func(a, b Note) int { return cmp.Compare(weight(a.Code), weight(b.Code)) })
}

// weight puts what needs a person first.
func weight(c NoteCode) int {
	switch c {
	case NoteNothing, NoteMissing, NoteScript:
		return 0
	case NotePerUser, NoteUnresolved, NoteReboot, NoteDriver:
		return 1
	case NoteGuessed, NoteOther, NoteFile, NoteMany:
		return 2
	}
	return 3
}
