// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/internal/winfile"
)

// foreign finds nothing: what others could change is refused by checkOwner, and
// what they could only read lies in a folder that they cannot open.
func foreign(fs.FileInfo, fs.FileInfo) (kind string, uid int) { return "", 0 }

// checkOwner refuses what belongs to another user or can be written by others.
func checkOwner(path string, _ fs.FileInfo) error {
	if err := winfile.Check(path); err != nil {
		return fmt.Errorf("%s: %w: %w", path, err, ErrUnsafe)
	}
	return nil
}

// checkWay refuses a folder that somebody else could replace, by its own rights or
// by those of a folder above it. In ProgramData everybody may make one before us.
func checkWay(dir string) error {
	path, err := filepath.Abs(dir)
	if err == nil {
		err = winfile.CheckWay(path)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", err, ErrUnsafe)
	}
	return nil
}

// checkOpen is checkOwner for an open file.
func checkOpen(f *os.File, _ fs.FileInfo) error {
	if err := winfile.CheckOpen(f); err != nil {
		return fmt.Errorf("%s: %w: %w", f.Name(), err, ErrUnsafe)
	}
	return nil
}

// makeDir makes a private folder. Folders above it that are missing can be read by
// all and written by nobody else: in ProgramData everybody may create files.
func makeDir(path string) error {
	if err := makeParents(filepath.Dir(path)); err != nil {
		return err
	}
	return unlessThere(winfile.MakePrivate(path))
}

func makeParents(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() || filepath.Dir(path) == path {
		return nil
	}
	if err := makeParents(filepath.Dir(path)); err != nil {
		return err
	}
	return unlessThere(winfile.MakeGuarded(path))
}

func unlessThere(err error) error {
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// removeAll deletes a folder of our own.
func removeAll(path string) error { return winfile.RemoveAll(path) }

// removeBelow deletes a name.
func removeBelow(root *os.Root, name string) error { return winfile.Remove(root, name) }

// syncDirectory makes the names in a folder durable, as far as Windows can be asked.
func syncDirectory(path string) error {
	root, err := os.OpenRoot(path)
	if err != nil {
		return err
	}
	return errors.Join(winfile.Flush(root), root.Close())
}

// replace renames and waits until the new name is on disk.
func replace(from, to string) error {
	f, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	t, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	err = winfile.Patiently(func() error {
		return windows.MoveFileEx(f, t, windows.MOVEFILE_REPLACE_EXISTING|windows.MOVEFILE_WRITE_THROUGH)
	})
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}
