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
the old one beside it as opsi-meta-data.toml.bak-1, -2 and so on. With --overlay
a file of the package counts as one that is there, too.

A package is the folder <id> with <id>/OPSI/control.toml (or OPSI/control) and
<id>/CLIENT_DATA.

JSON: meta_init/v1. Results: written, replaced, printed, kept, skipped, failed.`,
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
	return withRows(cmd, initColumns()...)
}

type initOptions struct {
	all, force, print bool
	overlay           string
}

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
	doc := initDoc{Schema: "meta_init/v1", Packages: []initPackage{}}
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
