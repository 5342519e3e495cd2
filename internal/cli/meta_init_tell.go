// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"strings"

	"github.com/quietsetup/quietsetup/internal/cli/words"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/metadata/draft"
)

// initDoc is what --json prints.
type initDoc struct {
	Schema   string        `json:"schema"` // meta_init/v1
	Packages []initPackage `json:"packages"`
}

// initPackage is what became of one package.
type initPackage struct {
	Product    string          `json:"product"`
	File       string          `json:"file,omitempty"`   // written, or kept
	Backup     string          `json:"backup,omitempty"` // what was there before
	Result     string          `json:"result"`
	Sure       string          `json:"sure,omitempty"` // package, guessed, nothing
	Installers []initInstaller `json:"installers"`
	Command    []string        `json:"command,omitempty"`
	Notes      []string        `json:"notes"`
	Error      string          `json:"error,omitempty"`
	Text       string          `json:"text,omitempty"` // the file, where it was only printed

	notes []draft.Note
	err   error
}

type initInstaller struct {
	OS         string   `json:"os"`
	Arch       string   `json:"os_arch"`
	Path       string   `json:"path,omitempty"`
	Kind       string   `json:"kind,omitempty"`
	InstallDir string   `json:"install_dir,omitempty"`
	Dirs       []string `json:"check_processes_from_dirs"`
	Processes  []string `json:"processes"`
	Background bool     `json:"install_in_background"`
}

// The results of a package.
const (
	initWritten  = "written"
	initReplaced = "replaced"
	initPrinted  = "printed"
	initKept     = "kept"
	initSkipped  = "skipped"
	initFailed   = "failed"
)

func filled[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// filled has lists where JSON would have null, and the notes as sentences.
func (d initDoc) filled() initDoc {
	for i := range d.Packages {
		p := &d.Packages[i]
		p.Installers, p.Notes = filled(p.Installers), []string{}
		for _, n := range p.notes {
			p.Notes = append(p.Notes, n.Text())
		}
	}
	return d
}

// tellInit prints what became of a single package.
func (a *app) tellInit(p initPackage, o initOptions) error {
	if a.json {
		return a.document(initDoc{Schema: "meta_init/v1", Packages: []initPackage{p}}.filled())
	}
	if o.print {
		if p.Result != initPrinted {
			fmt.Fprintln(a.Err, "quietsetup: "+a.initNote(p))
			return nil
		}
		fmt.Fprint(a.Out, p.Text)
		for _, n := range p.notes {
			fmt.Fprintln(a.Err, a.draftNote(n))
		}
		return nil
	}
	a.say("init.done", i18n.Data{"Product": p.Product, "Result": a.initResult(p.Result), "File": p.File})
	if p.Backup != "" {
		a.say("init.backup", i18n.Data{"File": p.Backup})
	}
	if p.Error != "" {
		a.say("init.error", i18n.Data{"Error": p.Error})
	}
	for _, in := range p.Installers {
		a.say("init.installer", i18n.Data{"OS": in.OS, "Arch": in.Arch, "Dirs": strings.Join(in.Dirs, ", "), "Processes": strings.Join(in.Processes, ", "), "Background": in.Background})
	}
	for _, n := range p.notes {
		fmt.Fprintln(a.Out, "  - "+a.draftNote(n))
	}
	if p.Result == initWritten || p.Result == initReplaced {
		a.say("init.next", i18n.Data{"Product": p.Product})
	}
	if a.csv() {
		a.printInit([]initPackage{p})
	}
	return nil
}

func initColumns() []string { return []string{"product", "result", "installers", "sure", "check"} }

// printInit is the table of a depot.
func (a *app) printInit(ps []initPackage) {
	counts := map[string]int{}
	t := a.table(initColumns()...)
	for _, p := range ps {
		counts[p.Result]++
		sure := told{raw: p.Sure}
		if p.Sure != "" {
			sure.shown = a.words.Text("sure."+p.Sure, nil)
		}
		t.row(p.Product, told{a.initResult(p.Result), p.Result}, len(p.Installers), sure, told{a.initNote(p), p.check()})
	}
	t.print()
	a.say("init.all", i18n.Data{"N": len(ps), "Written": counts[initWritten], "Replaced": counts[initReplaced], "Kept": counts[initKept],
		"Skipped": counts[initSkipped], "Failed": counts[initFailed]})
}

func (a *app) initResult(r string) string { return a.words.Text("initresult."+r, nil) }

// initNote is what to look at first.
func (a *app) initNote(p initPackage) string {
	switch {
	case p.Error != "":
		return i18n.Clean(p.Error, 160)
	case len(p.notes) == 0:
		return ""
	}
	s := a.draftNote(p.notes[0])
	if n := len(p.notes) - 1; n > 0 {
		s += " " + a.words.Text("init.more", i18n.Data{"N": n})
	}
	return s
}

// check is all that should be looked at, in the words of JSON.
func (p initPackage) check() string {
	if p.Error != "" {
		return p.Error
	}
	var all []string
	for _, n := range p.notes {
		all = append(all, n.Text())
	}
	return strings.Join(all, "; ")
}

func (a *app) draftNote(n draft.Note) string {
	s := a.words.Text("note."+string(n.Code), nil)
	if n.Detail != "" {
		s += ": " + words.Clean(n.Detail)
	}
	return s
}
