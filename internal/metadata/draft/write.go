// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

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
	temporary := "." + name + "." + rand.Text()
	defer root.Remove(temporary) // gone already when all went well
	if err := create(root, temporary, text); err != nil {
		return "", fmt.Errorf("cannot write into %s: %w", root.Name(), err)
	}
	if there {
		if backup, err = keep(root, name); err != nil {
			return "", fmt.Errorf("cannot keep %s: %w", filepath.Join(root.Name(), name), err)
		}
		err = root.Rename(temporary, name)
	} else {
		err = appear(root, temporary, name)
	}
	if err != nil {
		return backup, fmt.Errorf("cannot write %s: %w", filepath.Join(root.Name(), name), err)
	}
	syncFolder(root)
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

func create(root *os.Root, name string, text []byte) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(text); err != nil {
		return err
	}
	info, err := root.Stat(".")
	if err != nil {
		return err
	}
	if err := keepOwner(f, info); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}

// appear gives a new file its name, and never takes the name of another one
// that came in between. Where a folder knows no hard links, the moment between
// a look and the rename is left.
func appear(root *os.Root, temporary, name string) error {
	err := root.Link(temporary, name)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if there, err := Exists(root, name); err != nil || there {
		return errors.Join(err, ErrExists)
	}
	return root.Rename(temporary, name)
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
		if err := create(root, backup, text); !errors.Is(err, fs.ErrExist) {
			return backup, err
		}
	}
	return "", fmt.Errorf("there are %d copies already", maxBackups)
}

// syncFolder makes the names durable, where a folder can be synced.
func syncFolder(root *os.Root) {
	if f, err := root.Open("."); err == nil {
		_ = f.Sync() // some systems refuse it for folders; the file itself is synced
		f.Close()
	}
}
