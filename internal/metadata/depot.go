// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

// ErrDepotUnreachable means that the depot could not be looked at: a share that
// is not mounted, a folder that is not there. It says nothing about any package.
var ErrDepotUnreachable = errors.New("the depot cannot be reached")

// The files of a package. ControlFile beats OldControlFile.
const (
	ControlFile    = "OPSI/control.toml"
	OldControlFile = "OPSI/control"
	ClientData     = "CLIENT_DATA"
	MetaFile       = ClientData + "/opsi-meta-data.toml"
)

// What ReadPlain finds in a file's place. Both are the package's fault.
var (
	ErrNotPlain = errors.New("is not a plain file below plain folders")
	ErrTooLarge = fmt.Errorf("is larger than %d bytes", tomlfile.MaxBytes)
)

// Reachable returns nil if the depot's folder can be opened, else an error that
// wraps ErrDepotUnreachable.
func (r Reader) Reachable() error {
	root, err := r.openDepot()
	if err != nil {
		return err
	}
	return root.Close()
}

func (r Reader) openDepot() (*os.Root, error) {
	root, err := os.OpenRoot(r.Depot)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDepotUnreachable, err)
	}
	return root, nil
}

// openPackage opens a product's folder; fs.ErrNotExist and ErrNotPlain tell that
// the depot has none. An empty depot is taken for the empty folder below a share
// that is not mounted.
func openPackage(depot *os.Root, id string) (*os.Root, error) {
	info, err := depot.Lstat(id)
	if errors.Is(err, fs.ErrNotExist) {
		if empty(depot) {
			return nil, fmt.Errorf("%w: %s is empty", ErrDepotUnreachable, depot.Name())
		}
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDepotUnreachable, err)
	}
	if !info.IsDir() {
		return nil, ErrNotPlain
	}
	root, err := depot.OpenRoot(id)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDepotUnreachable, err)
	}
	return root, nil
}

func empty(root *os.Root) bool {
	f, err := root.Open(".")
	if err != nil {
		return false
	}
	defer f.Close()
	_, err = f.Readdirnames(1)
	return errors.Is(err, io.EOF)
}

// ReadPlain reads a small file below root, as OpenPlain opens it. Its errors
// wrap fs.ErrNotExist, ErrNotPlain or ErrTooLarge; any other says that it could
// not look.
func ReadPlain(root *os.Root, name string) ([]byte, error) {
	return readPlain(root, name, func(fs.FileInfo) error { return nil })
}

// readPlain is ReadPlain of a file that judge has no objection to.
func readPlain(root *os.Root, name string, judge func(fs.FileInfo) error) ([]byte, error) {
	f, err := OpenPlain(root, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	// What was looked at may have been exchanged since: judge what is open.
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := judge(info); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, tomlfile.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", filepath.Join(root.Name(), name), err)
	}
	if len(text) > tomlfile.MaxBytes {
		return nil, ErrTooLarge
	}
	return text, nil
}

// OpenPlain opens a file below root for reading. It follows no link, and opens
// nothing that is not a regular file: a pipe would keep it waiting for ever. Its
// errors wrap fs.ErrNotExist or ErrNotPlain; any other says that it could not
// look.
func OpenPlain(root *os.Root, name string) (*os.File, error) {
	if err := plainPath(root, name); err != nil {
		return nil, err
	}
	f, err := root.OpenFile(name, os.O_RDONLY|noBlock, 0)
	if err != nil {
		return nil, err
	}
	// What was looked at may have been exchanged since: judge what is open.
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = ErrNotPlain
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// plainPath looks at every part of the path: folders, then a regular file.
func plainPath(root *os.Root, name string) error {
	parts := strings.Split(name, "/")
	for i := range parts {
		info, err := root.Lstat(path.Join(parts[:i+1]...))
		if err != nil {
			return err
		}
		last := i == len(parts)-1
		if last && !info.Mode().IsRegular() || !last && !info.IsDir() {
			return ErrNotPlain
		}
	}
	return nil
}
