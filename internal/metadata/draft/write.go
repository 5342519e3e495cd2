// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/quietsetup/quietsetup/internal/atomicfile"
	"github.com/quietsetup/quietsetup/internal/metadata"
)

// MetaFile is the metadata file's name in CLIENT_DATA.
const MetaFile = "opsi-meta-data.toml"

// ErrExists means that there is a file already and nothing was changed.
var ErrExists = errors.New("there is a file already")

const maxBackups = 1000

// Write puts a file into a folder, whole or not at all. One that is there is
// kept and ErrExists returned, or, with replace, first kept beside it as
// <name>.bak-<n>, whose name is the first result. It has mode 0644 and, where
// root writes, its folder's owner.
func Write(root *os.Root, name string, text []byte, replace bool) (backup string, err error) {
	there, err := Exists(root, name)
	if err != nil {
		return "", err
	}
	if there && !replace {
		return "", fmt.Errorf("%s: %w", filepath.Join(root.Name(), name), ErrExists)
	}
	last := func() error { return nil }
	if there {
		last = func() (err error) {
			if backup, err = keep(root, name); err != nil {
				err = fmt.Errorf("cannot keep it: %w", err)
			}
			return err
		}
	}
	if err := create(root, name, text, !there, last); err != nil {
		if errors.Is(err, fs.ErrExist) { // it came in between
			err = errors.Join(err, ErrExists)
		}
		return backup, err
	}
	return backup, nil
}

// Exists reports whether a plain file of that name is in the folder. Anything
// else of that name is an error.
func Exists(root *os.Root, name string) (bool, error) {
	info, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case !info.Mode().IsRegular():
		return false, fmt.Errorf("%s is not a plain file", filepath.Join(root.Name(), name))
	}
	return true, nil
}

// create writes a file as all can read it. Only root can give it the folder's
// owner, and only root needs it: anybody else owns what they write.
func create(root *os.Root, name string, text []byte, fresh bool, last func() error) error {
	o := atomicfile.Options{Mode: 0o644, Fresh: fresh, Last: last}
	if os.Geteuid() == 0 {
		var err error
		if o.Owner, err = root.Stat("."); err != nil {
			return fmt.Errorf("cannot write into %s: %w", root.Name(), err)
		}
	}
	return atomicfile.Write(root, name, o, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// keep gives the file that is there a second name.
func keep(root *os.Root, name string) (string, error) {
	for n := 1; n <= maxBackups; n++ {
		backup := fmt.Sprintf("%s.bak-%d", name, n)
		if _, err := root.Lstat(backup); err == nil {
			continue
		}
		err := root.Link(name, backup)
		if err == nil {
			return backup, nil
		}
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		text, readErr := metadata.ReadPlain(root, name)
		if readErr != nil {
			return "", readErr
		}
		if err := create(root, backup, text, true, nil); !errors.Is(err, fs.ErrExist) {
			return backup, err
		}
	}
	return "", fmt.Errorf("there are %d copies already", maxBackups)
}
