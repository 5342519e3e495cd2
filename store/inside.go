// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Inside reports whether a folder is the state directory dir or lies in it, or a
// file is one that lies there under whatever other name. It goes by what things
// are and not by what they are called, so links, mounts and letters of another
// case hide nothing. file may be nil. What may not be looked into is passed over;
// a state directory that is not there holds nothing.
func Inside(dir string, folder, file fs.FileInfo) (bool, error) {
	real, err := filepath.EvalSymlinks(dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cannot tell what lies in %s: %w", dir, err)
	}
	found := false
	err = filepath.WalkDir(real, func(path string, _ fs.DirEntry, err error) error {
		var info fs.FileInfo
		if err == nil {
			info, err = os.Lstat(path) // a folder's list may name a file by another number than the file does, as Wine's
		}
		switch {
		case errors.Is(err, fs.ErrNotExist): // moved meanwhile
			return nil
		case errors.Is(err, fs.ErrPermission):
			return fs.SkipDir
		case err != nil:
			return err
		}
		if found = os.SameFile(info, folder) || file != nil && os.SameFile(info, file); found {
			return fs.SkipAll
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("cannot tell what lies in %s: %w", dir, err)
	}
	return found, nil
}
