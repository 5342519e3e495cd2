// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/metadata/productid"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

// ErrNoPackage means that there is nothing to judge at a path.
var ErrNoPackage = errors.New("no package, no folder of packages, and no file of a package")

// Path judges a package's folder, a folder of packages, or one file of a
// package: control, control.toml, or a metadata file of any name ending in
// .toml. Findings are sorted. The error says that something could not be read.
func Path(path string) ([]Finding, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read: %w", err)
	}
	var out []Finding
	if info.IsDir() {
		out, err = folder(path)
	} else {
		out, err = file(path)
	}
	if err != nil {
		return nil, err
	}
	return tidy(out), nil
}

func folder(path string) ([]Finding, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read: %w", err)
	}
	defer root.Close()
	whole, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("cannot find out the name of %s: %w", path, err)
	}
	if isPackage(root) {
		p, err := judge(root, filepath.Base(whole), path, nil)
		if err != nil {
			return nil, err
		}
		return p.out, nil
	}
	return depot(root, path)
}

// isPackage reports whether a folder holds what only packages hold.
func isPackage(root *os.Root) bool {
	for _, name := range []string{"OPSI", metadata.ClientData} {
		if _, err := root.Lstat(name); err == nil {
			return true
		}
	}
	return false
}

// depot judges every package of a folder.
func depot(root *os.Root, path string) ([]Finding, error) {
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("cannot read: %w", err)
	}
	packages := map[string]*os.Root{}
	ids := map[string]bool{}
	var names []string
	var out []Finding
	defer func() {
		for _, r := range packages {
			r.Close()
		}
	}()
	for _, e := range entries {
		name := e.Name()
		at := Finding{File: filepath.Join(path, name), Line: 1, Product: name}
		switch {
		case e.Type()&fs.ModeSymlink != 0:
			at.Code, at.Message = metadata.CodeFiles, "is a link, and links are not followed"
		case !e.IsDir() || strings.HasPrefix(name, "."):
			continue
		default:
			r, err := root.OpenRoot(name)
			if err != nil {
				return nil, fmt.Errorf("cannot read: %w", err)
			}
			if isPackage(r) {
				packages[name], ids[name] = r, true
				names = append(names, name)
				continue
			}
			r.Close()
			at.Code, at.Message, at.Product = "no-package", "has neither OPSI nor "+metadata.ClientData, ""
		}
		at.Severity = severity(at.Code)
		out = append(out, at)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("cannot judge %s: %w", path, ErrNoPackage)
	}
	var packs []*pack
	for _, name := range names {
		p, err := judge(packages[name], name, filepath.Join(path, name), ids)
		if err != nil {
			return nil, err
		}
		packs = append(packs, p)
	}
	if err := circles(packs); err != nil {
		return nil, err
	}
	for _, p := range packs {
		out = append(out, p.out...)
	}
	return out, nil
}

// pack is one package being judged.
type pack struct {
	id   string
	dir  string          // as the caller wrote it; "" = a file alone, whose name is in whole
	root *os.Root        // its folder, nil for a file alone
	ids  map[string]bool // products of the depot, nil = not known
	out  []Finding
	// links are the dependencies that can be part of a circle, of the control
	// file that counts.
	links []link
}

func judge(root *os.Root, id, dir string, ids map[string]bool) (*pack, error) {
	p := &pack{id: id, dir: dir, root: root, ids: ids}
	if err := productid.Check(id); err != nil {
		p.add(Finding{Code: "bad-id", Message: err.Error()})
	}
	control, err := p.controls()
	if err != nil {
		return nil, err
	}
	if control.kind != localboot {
		return p, nil
	}
	return p, p.metadata(control)
}

// file judges one file alone.
func file(path string) ([]Finding, error) {
	base := filepath.Base(path)
	if base != "control" && filepath.Ext(base) != ".toml" {
		return nil, fmt.Errorf("cannot judge %s: %w", path, ErrNoPackage)
	}
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("cannot read: %w", err)
	}
	defer root.Close()
	p := &pack{dir: filepath.Dir(path)}
	text, err := metadata.ReadPlain(root, base)
	switch {
	case errors.Is(err, metadata.ErrNotPlain), errors.Is(err, metadata.ErrTooLarge):
		p.add(Finding{File: base, Code: metadata.CodeFiles, Message: err.Error()})
		return p.out, nil
	case err != nil:
		return nil, fmt.Errorf("cannot read: %w", err)
	}
	if base == "control" || base == "control.toml" {
		p.control(base, text)
		return p.out, nil
	}
	if base != filepath.Base(metadata.MetaFile) {
		p.id = strings.TrimSuffix(base, ".toml") // a site's own file is called like its product
	}
	p.metaFile(base, text, control{})
	return p.out, nil
}

// add notes a finding; its file is relative to the package's folder.
func (p *pack) add(f Finding) {
	f.File = filepath.Join(p.dir, filepath.FromSlash(f.File))
	f.Line = max(f.Line, 1)
	f.Severity = severity(f.Code)
	f.Product = p.id
	p.out = append(p.out, f)
}

// mistake notes what the reader found.
func (p *pack) mistake(m tomlfile.Mistake) {
	f := Finding{File: strings.TrimPrefix(m.File, p.id+"/"), Line: m.Line, Code: m.Code, Message: m.Text}
	if m.Hint != "" {
		f.Message += "; did you mean " + m.Hint + "?"
	}
	if m.Key != "" {
		f.Message = m.Key + ": " + f.Message
	}
	p.add(f)
}

// doubt notes a mistake of a rule of this package.
func (p *pack) doubt(t *tomlfile.Table, code, key, format string, args ...any) {
	p.mistake(t.Doubt(code, key, format, args...))
}

// read reads a file of the package, nil if it is not there. That it cannot be
// read as what it should be is left to the reader to say.
func (p *pack) read(name string) ([]byte, error) {
	text, err := metadata.ReadPlain(p.root, name)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, metadata.ErrNotPlain), errors.Is(err, metadata.ErrTooLarge):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("cannot read: %w", err)
	}
	return text, nil
}

// has reports whether a file is in CLIENT_DATA, in any case: Windows will find it.
func (p *pack) has(name string) bool {
	if p.root == nil {
		return true // nobody can know
	}
	_, err := p.find(name)
	return err == nil
}
