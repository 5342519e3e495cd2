// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

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
	s := noteTexts()[n.Code]
	if n.Detail != "" {
		s += ": " + n.Detail
	}
	return s
}

// NoteCodes lists every code.
func NoteCodes() []NoteCode { return slices.Sorted(maps.Keys(noteTexts())) }

func noteTexts() map[NoteCode]string {
	return map[NoteCode]string{
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
	}
}

func (m *making) note(code NoteCode, detail string) {
	n := Note{code, clean(detail, 200)}
	if !slices.Contains(m.draft.Notes, n) {
		m.draft.Notes = append(m.draft.Notes, n)
	}
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
