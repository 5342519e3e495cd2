// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/internal/cli/words"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/metadata/draft"
	"github.com/quietsetup/quietsetup/internal/metadata/productid"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

func (a *app) metaInitCommand() *cobra.Command {
	var o initOptions
	cmd := &cobra.Command{
		Use:   "init DIR",
		Short: "Write a first metadata file for a package, or for a whole depot",
		Long: long(`
Writes DIR/CLIENT_DATA/opsi-meta-data.toml from what the package says of itself:
its scripts, its control file, its installers' files. Each value carries its
origin as a comment; what was concluded says "guessed: please check". Nothing of
the package is executed.

With --all, DIR is a depot: every package in it is done, also when some cannot
be. A package that has a metadata file keeps it; --force replaces it and keeps
the old one beside it as opsi-meta-data.toml.bak-1, -2 and so on.

A package is the folder <id> with <id>/OPSI/control.toml (or OPSI/control) and
<id>/CLIENT_DATA.

JSON: init/v1. Results: written, replaced, printed, kept, skipped, failed.`,
			"7 a package cannot be read (with --all: the others were done)") + `
A file that is there already and was kept is 1 for one package, 0 with --all.`,
		Example: `  quietsetup meta init /srv/depot/firefox
  quietsetup meta init --all /srv/depot --overlay /etc/quietsetup/metadata`,
		Args: exact(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.metaInit(args[0], o) },
	}
	cmd.Flags().BoolVar(&o.all, "all", false, "DIR is a depot: do every package in it")
	cmd.Flags().BoolVar(&o.force, "force", false, "replace a file that is there, and keep a copy")
	cmd.Flags().BoolVar(&o.print, "stdout", false, "print the file and write nothing")
	cmd.Flags().StringVar(&o.overlay, "overlay", "", "write <id>.toml into this folder of the site and leave the package alone")
	return cmd
}

type initOptions struct {
	all, force, print bool
	overlay           string
}

// initDoc is what --json prints.
type initDoc struct {
	Schema   string        `json:"schema"` // init/v1
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

func (a *app) metaInit(dir string, o initOptions) error {
	switch {
	case o.print && (o.all || o.force || o.overlay != ""):
		return usage(errors.New("--stdout prints one package's file; it goes with none of --all, --force, --overlay"))
	case o.overlay != "":
		info, err := os.Stat(o.overlay)
		if err != nil {
			return fmt.Errorf("cannot open the overlay folder: %w", err)
		}
		if !info.IsDir() {
			return fmt.Errorf("cannot use %s as the overlay folder: it is a file", o.overlay)
		}
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("cannot name the folder %s: %w", dir, err)
	}
	if o.all {
		return a.initAll(dir, o)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("cannot open the package: %w", err)
	}
	defer root.Close()
	p := initOne(root, dir, filepath.Base(dir), o)
	if p.err != nil && !errors.Is(p.err, draft.ErrBroken) && !errors.Is(p.err, draft.ErrNoPackage) && p.Result == initFailed {
		return p.err // the folder, not the package
	}
	if err := a.tellInit(p, o); err != nil {
		return err
	}
	switch p.Result {
	case initFailed:
		return done(exitInvalid)
	case initKept, initSkipped:
		return done(exitFailed)
	}
	return nil
}

// initAll goes through a depot.
func (a *app) initAll(dir string, o initOptions) error {
	depot, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("cannot open the depot: %w", err)
	}
	defer depot.Close()
	entries, err := fs.ReadDir(depot.FS(), ".")
	if err != nil {
		return fmt.Errorf("cannot read the depot: %w", err)
	}
	doc := initDoc{Schema: "init/v1", Packages: []initPackage{}}
	for _, e := range entries {
		if !e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		p := initPackage{Product: e.Name(), Result: initFailed}
		if root, err := depot.OpenRoot(e.Name()); err != nil {
			p.fail(fmt.Errorf("cannot open the package: %w", err))
		} else {
			p = initOne(root, filepath.Join(dir, e.Name()), e.Name(), o)
			root.Close()
		}
		if errors.Is(p.err, draft.ErrNoPackage) {
			p.skip(draft.NoteNoPackage) // a depot may hold other folders
		}
		doc.Packages = append(doc.Packages, p)
	}
	if len(doc.Packages) == 0 {
		return fmt.Errorf("cannot find a package in %s: each is a folder with OPSI/control.toml or OPSI/control", dir)
	}
	if a.json {
		if err := a.document(doc.filled()); err != nil {
			return err
		}
	} else {
		a.printInit(doc.Packages)
	}
	if slices.ContainsFunc(doc.Packages, func(p initPackage) bool { return p.Result == initFailed }) {
		return done(exitInvalid)
	}
	return nil
}

// initOne drafts one package and writes its file.
func initOne(root *os.Root, dir, id string, o initOptions) initPackage {
	p := initPackage{Product: id, Result: initFailed}
	if err := productid.Check(id); err != nil {
		if _, err := root.Lstat("OPSI"); errors.Is(err, fs.ErrNotExist) {
			p.fail(draft.ErrNoPackage)
			return p
		}
		p.fail(fmt.Errorf("%w: the folder is called so, and that is %w", draft.ErrBroken, err))
		return p
	}
	if !o.print && !o.force {
		there, err := metadataOf(root, dir, id, o.overlay)
		if err != nil {
			p.fail(err)
			return p
		}
		if there != "" {
			p.Result, p.File = initKept, there
			p.keptNote(root)
			return p
		}
	}
	d, err := draft.Make(root, id)
	if err != nil {
		p.fail(err)
		if errors.Is(err, draft.ErrNetboot) {
			p.skip(draft.NoteNetboot)
		}
		return p
	}
	p.take(d)
	if o.print {
		p.Result, p.Text = initPrinted, string(d.Text)
		return p
	}
	if err := p.write(root, dir, d, o); err != nil {
		p.fail(err)
	}
	return p
}

func (p *initPackage) fail(err error) { p.Result, p.err, p.Error = initFailed, err, err.Error() }

// skip is for what needs no metadata: no failure, and told in a note.
func (p *initPackage) skip(code draft.NoteCode) {
	p.Result, p.err, p.Error = initSkipped, nil, ""
	p.notes = []draft.Note{{Code: code}}
}

// metadataOf names the metadata file that a package has, "" without any.
func metadataOf(root *os.Root, dir, id, overlay string) (string, error) {
	if overlay != "" {
		site, err := os.OpenRoot(overlay)
		if err != nil {
			return "", fmt.Errorf("cannot open the overlay folder: %w", err)
		}
		defer site.Close()
		if there, err := draft.Exists(site, id+".toml"); there || err != nil {
			return filepath.Join(overlay, id+".toml"), err
		}
	}
	info, err := root.Lstat(metadata.ClientData)
	if err != nil || !info.IsDir() {
		return "", nil // Make says what is wrong with it
	}
	data, err := root.OpenRoot(metadata.ClientData)
	if err != nil {
		return "", fmt.Errorf("cannot open %s: %w", metadata.ClientData, err)
	}
	defer data.Close()
	there, err := draft.Exists(data, draft.MetaFile)
	if !there || err != nil {
		return "", err
	}
	return filepath.Join(dir, metadata.ClientData, draft.MetaFile), nil
}

// keptNote says so if the file that stays cannot be used as it is.
func (p *initPackage) keptNote(root *os.Root) {
	text, err := metadata.ReadPlain(root, metadata.ClientData+"/"+draft.MetaFile)
	if err == nil {
		_, err = tomlfile.Parse(draft.MetaFile, text)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		p.notes = append(p.notes, draft.Note{Code: draft.NoteUnreadable, Detail: err.Error()})
	}
	p.notes = append(p.notes, draft.Note{Code: draft.NoteKept})
}

func (p *initPackage) take(d draft.Draft) {
	p.Sure, p.Command, p.notes = string(d.Sure), d.Command, d.Notes
	for _, in := range d.Installers {
		p.Installers = append(p.Installers, initInstaller{OS: in.OS, Arch: in.Arch, Path: in.Path, Kind: in.Kind,
			InstallDir: in.InstallDir, Dirs: filled(in.Dirs), Processes: filled(in.Processes), Background: in.Background})
	}
}

func (p *initPackage) write(root *os.Root, dir string, d draft.Draft, o initOptions) error {
	folder, where, name := root, dir, d.Product+".toml"
	var err error
	if o.overlay != "" {
		where = o.overlay
		folder, err = os.OpenRoot(o.overlay)
	} else {
		where, name = filepath.Join(dir, metadata.ClientData), draft.MetaFile
		folder, err = root.OpenRoot(metadata.ClientData)
	}
	if err != nil {
		return fmt.Errorf("cannot open %s: %w", where, err)
	}
	defer folder.Close()
	backup, err := draft.Write(folder, name, d.Text, o.force)
	if err != nil {
		return err
	}
	p.Result, p.File = initWritten, filepath.Join(where, name)
	if backup != "" {
		p.Result, p.Backup = initReplaced, filepath.Join(where, backup)
	}
	return nil
}

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
		return a.document(initDoc{Schema: "init/v1", Packages: []initPackage{p}}.filled())
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
	return nil
}

// printInit is the table of a depot.
func (a *app) printInit(ps []initPackage) {
	counts := map[string]int{}
	t := a.table("product", "result", "installers", "sure", "check")
	for _, p := range ps {
		counts[p.Result]++
		sure := ""
		if p.Sure != "" {
			sure = a.words.Text("sure."+p.Sure, nil)
		}
		t.row(p.Product, a.initResult(p.Result), len(p.Installers), sure, a.initNote(p))
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

func (a *app) draftNote(n draft.Note) string {
	s := a.words.Text("note."+string(n.Code), nil)
	if n.Detail != "" {
		s += ": " + words.Clean(n.Detail)
	}
	return s
}
