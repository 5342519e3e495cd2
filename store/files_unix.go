// SPDX-License-Identifier: Apache-2.0

//go:build unix

package store

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// checkOwner refuses what belongs to another user or can be written by others.
func checkOwner(path string, info fs.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("cannot tell the owner of %s: %w", path, ErrUnsafe)
	}
	if int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("%s belongs to uid %d: %w", path, st.Uid, ErrUnsafe)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s can be written by others (%v): %w", path, info.Mode().Perm(), ErrUnsafe)
	}
	return nil
}

// makeDir makes a private folder, and those above it if need be.
func makeDir(path string) error { return os.MkdirAll(path, dirMode) }

// removeAll deletes a folder of our own.
func removeAll(path string) error { return os.RemoveAll(path) }

// removeBelow deletes a name.
func removeBelow(root *os.Root, name string) error { return root.Remove(name) }

// checkWay refuses nothing: above the directory it is the admin's choice, and
// nobody else can make folders where it lies by default.
func checkWay(string) error { return nil }

// checkOpen is checkOwner for an open file.
func checkOpen(f *os.File, info fs.FileInfo) error { return checkOwner(f.Name(), info) }

// foreign compares a file with its state directory: FaultOwner if it belongs to
// somebody else (uid), FaultWritable and FaultReadable for what others may do.
func foreign(dir, info fs.FileInfo) (kind string, uid int) {
	d, ok := dir.Sys().(*syscall.Stat_t)
	st, ok2 := info.Sys().(*syscall.Stat_t)
	switch {
	case !ok || !ok2:
		return "", 0
	case st.Uid != d.Uid:
		return FaultOwner, int(st.Uid)
	case info.Mode().Perm()&0o022 != 0:
		return FaultWritable, 0
	case info.Mode().Perm()&0o055 != 0:
		return FaultReadable, 0
	}
	return "", 0
}

func syncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func replace(from, to string) error { return os.Rename(from, to) }
