// SPDX-License-Identifier: Apache-2.0

package depotfiles

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/quietsetup/quietsetup/internal/winfile"
)

// noBlock has no meaning for files here.
const noBlock = 0

// openFolder opens the cache's folder, and makes it with a list of its own: all
// below inherits it.
func openFolder(path string) (*os.Root, error) {
	if !filepath.IsAbs(path) {
		return nil, fmt.Errorf("%q is not an absolute path", path)
	}
	if err := winfile.MakePrivate(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if err := winfile.CheckWay(path); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	folder, err := root.Open(".")
	if err == nil {
		err = errors.Join(winfile.CheckOpen(folder), folder.Close())
	}
	if err != nil {
		root.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return root, nil
}

// ours refuses a file that others could change: it is run with the system's rights.
func ours(file *os.File, _ fs.FileInfo) error { return winfile.CheckOpen(file) }

func rename(root *os.Root, from, to string) error { return winfile.Rename(root, from, to) }

func remove(root *os.Root, name string) error { return winfile.Remove(root, name) }

func removeAll(root *os.Root, name string) error {
	return winfile.RemoveAll(filepath.Join(root.Name(), name))
}
