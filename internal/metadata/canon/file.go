// SPDX-License-Identifier: Apache-2.0

package canon

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/quietsetup/quietsetup/internal/atomicfile"
	"github.com/quietsetup/quietsetup/internal/metadata"
)

// ErrNoFile means that there is no metadata file at a path.
var ErrNoFile = errors.New("no metadata file, and no package or folder of packages that has one")

// Find lists the metadata files that a path stands for: itself, that of a
// package's folder, or those of the packages of a folder.
func Find(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read: %w", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read: %w", err)
	}
	defer root.Close()
	if _, err := root.Lstat(metadata.MetaFile); err == nil {
		return []string{filepath.Join(path, metadata.MetaFile)}, nil
	}
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("cannot read: %w", err)
	}
	var out []string
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		name := filepath.Join(e.Name(), metadata.MetaFile)
		if _, err := root.Lstat(name); err == nil {
			out = append(out, filepath.Join(path, name))
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("cannot format %s: %w", path, ErrNoFile)
	}
	return out, nil
}

// Read reads a metadata file. It follows no link and reads nothing that is not
// a plain file.
func Read(path string) ([]byte, error) {
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("cannot read: %w", err)
	}
	defer root.Close()
	text, err := metadata.ReadPlain(root, filepath.Base(path))
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", path, err)
	}
	return text, nil
}

// Replace puts a new text in the place of the old one, which must still be there.
// Mode and owner stay. Whoever reads meanwhile sees one text or the other.
func Replace(path string, old, text []byte) error {
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	defer root.Close()
	name := filepath.Base(path)
	info, err := root.Lstat(name)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	same := func() error {
		now, err := metadata.ReadPlain(root, name)
		if err == nil && !bytes.Equal(now, old) {
			err = errors.New("somebody changed it meanwhile")
		}
		return err
	}
	return atomicfile.Write(root, name, atomicfile.Options{Mode: info.Mode().Perm(), Owner: info, Last: same}, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}
