// SPDX-License-Identifier: Apache-2.0

package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quietsetup/quietsetup/internal/atomicfile"
	"github.com/quietsetup/quietsetup/internal/metadata/productid"
)

const (
	folderName = "local"
	suffix     = ".json"
	// maxRow bounds what is read of a row's file; ours are below one kilobyte.
	maxRow = 64 << 10
	// rowVersion is the version of the file's form.
	rowVersion = 1
)

// errNoRow means that there is no file for the product.
var errNoRow = errors.New("no row")

// rowFile is a row as it stands in its file.
type rowFile struct {
	V int `json:"v"`
	Row
}

// rowFolder keeps one file for each product in a folder that only the daemon's
// user can enter. Ids become file names, so they are checked by every caller.
type rowFolder struct{ root *os.Root }

func openRows(stateDir string) (rowFolder, error) {
	state, err := os.OpenRoot(stateDir)
	if err != nil {
		return rowFolder{}, fmt.Errorf("cannot open the state directory: %w", err)
	}
	defer state.Close()
	if err := state.Mkdir(folderName, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return rowFolder{}, fmt.Errorf("cannot make the folder of rows: %w", err)
	}
	if err := atomicfile.SyncFolder(state); err != nil {
		return rowFolder{}, fmt.Errorf("cannot make the folder of rows durable: %w", err)
	}
	info, err := state.Lstat(folderName)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a plain folder", filepath.Join(stateDir, folderName))
	}
	if err != nil {
		return rowFolder{}, fmt.Errorf("cannot open the folder of rows: %w", err)
	}
	root, err := state.OpenRoot(folderName)
	if err != nil {
		return rowFolder{}, fmt.Errorf("cannot open the folder of rows: %w", err)
	}
	if err := folderOurs(root); err != nil {
		root.Close()
		return rowFolder{}, fmt.Errorf("cannot use the folder of rows %s: %w", filepath.Join(stateDir, folderName), err)
	}
	return rowFolder{root}, nil
}

// folderOurs judges an open folder: it may not be what was looked at before.
func folderOurs(root *os.Root) error {
	folder, err := root.Open(".")
	if err != nil {
		return err
	}
	defer folder.Close()
	info, err := folder.Stat()
	if err != nil {
		return err
	}
	return ours(folder, info)
}

func (f rowFolder) close() error { return f.root.Close() }

// products lists the products that have a file, sorted.
func (f rowFolder) products() ([]string, error) {
	dir, err := f.root.Open(".")
	if err != nil {
		return nil, fmt.Errorf("cannot list the rows: %w", err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("cannot list the rows: %w", err)
	}
	var ids []string
	for _, name := range names {
		id, ok := strings.CutSuffix(name, suffix)
		if ok && productid.Check(id) == nil {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// read reads a product's row; errNoRow if it has none.
func (f rowFolder) read(id string) (Row, error) {
	name := id + suffix
	info, err := f.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Row{}, errNoRow
	}
	if err != nil {
		return Row{}, fmt.Errorf("cannot read row %s: %w", f.path(name), err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxRow {
		return Row{}, fmt.Errorf("cannot read row %s: not a plain file of at most %d bytes", f.path(name), maxRow)
	}
	file, err := f.root.OpenFile(name, os.O_RDONLY|noBlock, 0)
	if err != nil {
		return Row{}, fmt.Errorf("cannot read row %s: %w", f.path(name), err)
	}
	defer file.Close()
	if info, err = file.Stat(); err == nil && !info.Mode().IsRegular() {
		err = errors.New("it was replaced meanwhile")
	}
	if err == nil {
		err = ours(file, info)
	}
	if err != nil {
		return Row{}, fmt.Errorf("cannot read row %s: %w", f.path(name), err)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxRow))
	if err != nil {
		return Row{}, fmt.Errorf("cannot read row %s: %w", f.path(name), err)
	}
	var r rowFile
	if err := json.Unmarshal(text, &r); err != nil {
		return Row{}, fmt.Errorf("cannot read row %s: %w", f.path(name), err)
	}
	if r.V != rowVersion {
		return Row{}, fmt.Errorf("cannot read row %s: it is of version %d, this build knows %d", f.path(name), r.V, rowVersion)
	}
	if r.ProductID != id {
		return Row{}, fmt.Errorf("cannot read row %s: it is about %q", f.path(name), r.ProductID)
	}
	if err := r.valid(); err != nil {
		return Row{}, fmt.Errorf("cannot read row %s: %w", f.path(name), err)
	}
	return r.Row, nil
}

// write replaces a product's file. After it returns nil the new row survives a
// power loss; before that the old one does.
func (f rowFolder) write(r Row) error {
	name := r.ProductID + suffix
	text, err := json.MarshalIndent(rowFile{rowVersion, r}, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot write row %s: %w", f.path(name), err)
	}
	if len(text) >= maxRow {
		return fmt.Errorf("cannot write row %s: it would have more than %d bytes, which nobody reads", f.path(name), maxRow)
	}
	// The name of the file in the making is no product's: ids do not begin with a dot.
	return atomicfile.Write(f.root, name, atomicfile.Options{Mode: 0o600}, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

func (f rowFolder) path(name string) string { return filepath.Join(f.root.Name(), name) }
