// SPDX-License-Identifier: Apache-2.0

package depotfiles

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quietsetup/quietsetup/internal/atomicfile"
	"github.com/quietsetup/quietsetup/internal/metadata"
)

// recordVersion is the format of files.json.
const recordVersion = 1

// maxRecord is room for maxFiles entries.
const maxRecord = 256 << 20

// record is what we found of a product's files ourselves, in files.json.
type record struct {
	V       int        `json:"v"`
	Product string     `json:"product"`
	List    string     `json:"list"`              // SHA-256 of the depot's list
	Control string     `json:"control,omitempty"` // SHA-256 of the control file; "" = there is none
	Whole   bool       `json:"whole"`             // everything is here, not the metadata alone
	Folders []string   `json:"folders"`           // of the tree, those above first
	Files   []recorded `json:"files"`
}

// recorded is a file of the tree.
type recorded struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	MD5    string `json:"md5,omitempty"`
	SHA256 string `json:"sha256"`
}

// readRecord reads what is here of a product: ErrNotHere if nothing is, ErrChanged
// if it cannot be made sense of.
func (c *Cache) readRecord(product string) (record, error) {
	info, err := c.root.Lstat(product)
	if errors.Is(err, fs.ErrNotExist) {
		return record{}, ErrNotHere
	}
	if err != nil {
		return record{}, err
	}
	if !info.IsDir() {
		return record{}, fmt.Errorf("%w: %s is not a plain folder", ErrChanged, product)
	}
	name := filepath.Join(product, recordFile)
	info, err = c.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return record{}, fmt.Errorf("%w: %s is not there", ErrChanged, name)
	}
	if err != nil {
		return record{}, err
	}
	file, err := c.root.OpenFile(name, os.O_RDONLY|noBlock, 0)
	if err != nil {
		return record{}, err
	}
	defer file.Close()
	if info, err = file.Stat(); err != nil {
		return record{}, err
	}
	if err := ours(file, info); err != nil {
		return record{}, fmt.Errorf("%w: %s: %w", ErrChanged, name, err)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxRecord+1))
	if err != nil {
		return record{}, err
	}
	var r record
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil || len(text) > maxRecord || r.V != recordVersion || r.Product != product {
		return record{}, fmt.Errorf("%w: %s cannot be read", ErrChanged, name)
	}
	for _, f := range r.Files {
		if !fs.ValidPath(f.Name) {
			return record{}, fmt.Errorf("%w: %s cannot be read", ErrChanged, name)
		}
	}
	return r, nil
}

// everything and metadataAlone say which files' content is looked at.
func everything(string) bool { return true }

func metadataAlone(name string) bool { return name == controlName || name == metadata.MetaFile }

// verify looks whether a product's tree is what the record says and has nothing else
// in it. The files that look names are read, every byte.
func (c *Cache) verify(ctx context.Context, product string, r record, look func(name string) bool) error {
	changed := func(name, why string) error {
		return fmt.Errorf("%w: %.300q %s", ErrChanged, product+"/"+name, why)
	}
	root, err := c.root.OpenRoot(product)
	if err != nil {
		return err
	}
	defer root.Close()
	folders, files := map[string]bool{}, map[string]recorded{}
	for _, name := range r.Folders {
		folders[name] = true
	}
	for _, f := range r.Files {
		files[f.Name] = f
	}
	seen := 0
	err = fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if name == "." || name == recordFile {
			return nil
		}
		f, isFile := files[name]
		switch {
		case e.IsDir() && folders[name]:
			if err := folderOurs(root, name); err != nil {
				return changed(name, err.Error())
			}
		case e.Type().IsRegular() && isFile && !look(name):
			info, err := e.Info()
			if err != nil {
				return err
			}
			if info.Size() != f.Size {
				return changed(name, "has another size")
			}
		case e.Type().IsRegular() && isFile:
			got, err := digest(ctx, root, name)
			if err != nil {
				return err
			}
			if got.size != f.Size || got.sha256 != f.SHA256 {
				return changed(name, "has another content")
			}
		case isFile || folders[name]:
			return changed(name, "is something else now")
		default:
			return changed(name, "was added")
		}
		seen++
		return nil
	})
	if err == nil && seen != len(folders)+len(files) {
		err = fmt.Errorf("%w: something is missing in %s", ErrChanged, product)
	}
	return err
}

// build puts a tree together in .new. Every file is looked at once more as it
// goes in, and the record is written of what was found.
func (w *work) build(ctx context.Context, folders []string, files []File, r *record) error {
	c := w.c
	at := filepath.Join(newFolder, w.product)
	if err := c.removeAll(at); err != nil {
		return err
	}
	if err := c.makeFolders(at); err != nil {
		return err
	}
	root, err := c.root.OpenRoot(at)
	if err != nil {
		return err
	}
	defer root.Close()
	r.Folders = []string{metadata.ClientData}
	if w.control != nil {
		r.Folders = append(r.Folders, controlDir)
	}
	for _, name := range folders {
		r.Folders = append(r.Folders, path.Join(metadata.ClientData, name))
	}
	slices.Sort(r.Folders)
	for _, name := range r.Folders {
		if err := c.step("make a folder"); err != nil {
			return err
		}
		if err := root.Mkdir(name, 0o755); err != nil {
			return w.taken(name, err)
		}
		if err := root.Chmod(name, 0o755); err != nil { // whatever the umask takes away
			return err
		}
	}
	used := map[string]bool{}
	for _, f := range files {
		got, err := w.place(ctx, root, at, f, used)
		if err != nil {
			return err
		}
		r.Files = append(r.Files, got)
	}
	if w.control != nil {
		if err := w.writeFile(root, controlName, w.control); err != nil {
			return err
		}
		r.Files = append(r.Files, recorded{Name: controlName, Size: int64(len(w.control)), SHA256: sum(w.control)})
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := w.writeFile(root, recordFile, text); err != nil {
		return err
	}
	for _, name := range append(slices.Clone(r.Folders), ".") {
		if err := syncFolder(root, name); err != nil {
			return err
		}
	}
	return nil
}

// place puts a part in its place: the first of the same content gets the part
// itself by a second name, which a crash does not lose; the others get copies.
func (w *work) place(ctx context.Context, root *os.Root, at string, f File, used map[string]bool) (recorded, error) {
	c := w.c
	if err := c.step("place a file"); err != nil {
		return recorded{}, err
	}
	part := filepath.Join(partsFolder, w.product, partName(f))
	name := path.Join(metadata.ClientData, f.Name)
	if used[part] || c.root.Link(part, filepath.Join(at, filepath.FromSlash(name))) != nil {
		if err := copyFile(ctx, c.root, part, root, name); err != nil {
			return recorded{}, w.taken(name, err)
		}
	}
	used[part] = true
	got, err := digest(ctx, root, name)
	if err != nil {
		return recorded{}, err
	}
	if got.md5 != f.MD5 || got.size != f.Size {
		return recorded{}, fmt.Errorf("%w: %s", ErrChanged, part)
	}
	mode := fs.FileMode(0o644)
	if got.program {
		mode = 0o755
	}
	if err := settle(root, name, mode); err != nil {
		return recorded{}, err
	}
	return recorded{Name: name, Size: f.Size, MD5: f.MD5, SHA256: got.sha256}, nil
}

// settle gives a file its mode and makes it durable, whoever wrote it when.
func settle(root *os.Root, name string, mode fs.FileMode) error {
	file, err := root.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err = file.Chmod(mode); err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// folderOurs refuses a folder that others could change.
func folderOurs(root *os.Root, name string) error {
	folder, err := root.Open(name)
	if err != nil {
		return err
	}
	info, err := folder.Stat()
	if err == nil {
		err = ours(folder, info)
	}
	return errors.Join(err, folder.Close())
}

// taken refuses a name that this file system takes for one that is there: it knows
// more of names than any list of rules.
func (w *work) taken(name string, err error) error {
	if errors.Is(err, fs.ErrExist) {
		return &Refused{Product: w.product, File: strings.TrimPrefix(name, metadata.ClientData+"/"), Why: "this system takes the name for another one of the list"}
	}
	return err
}

func copyFile(ctx context.Context, from *os.Root, source string, to *os.Root, name string) (err error) {
	in, err := from.OpenFile(source, os.O_RDONLY|noBlock, 0)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := to.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err = io.Copy(out, &until{ctx, in}); err != nil {
		return err
	}
	return out.Sync()
}

func (w *work) writeFile(root *os.Root, name string, text []byte) error {
	if err := w.c.step("write " + path.Base(name)); err != nil {
		return err
	}
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Chmod(0o644)
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func syncFolder(root *os.Root, name string) error {
	r, err := root.OpenRoot(name)
	if err != nil {
		return err
	}
	defer r.Close()
	return atomicfile.SyncFolder(r)
}
