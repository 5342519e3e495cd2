// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Copied is one file of a copy.
type Copied struct {
	File   string `json:"file"` // below the state directory
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // lower hex
}

// Duplicate copies a store into a directory that does not exist or is empty:
// journal and archive, store.json, the outcomes of installers, and log.db if no
// daemon works on it. Every file is read back and compared by its hash. The
// copy is consistent while a daemon works: of a growing segment whole lines are
// taken, and what is written later is left out. The daemon is never kept waiting.
// On error nothing of the copy stays.
func Duplicate(from, to string) (files []Copied, inUse bool, err error) {
	c := &duplicate{to: to}
	if c.from, err = filepath.Abs(from); err == nil {
		err = c.prepare()
	}
	if err == nil {
		err = c.run()
	}
	if err != nil {
		return nil, false, errors.Join(fmt.Errorf("cannot copy %s to %s: %w", from, to, err), c.undo())
	}
	return c.files, c.inUse, c.root.Close()
}

type duplicate struct {
	from, to string
	root     *os.Root // of to: nothing leads out of it
	made     bool     // the directory is ours
	inUse    bool
	files    []Copied
	dirs     []string
}

// prepare makes the directory, or takes an empty one.
func (c *duplicate) prepare() error {
	src, err := filepath.EvalSymlinks(c.from)
	if err != nil {
		return err
	}
	if info, err := os.Stat(src); err != nil || !info.IsDir() {
		return errors.Join(err, fmt.Errorf("%s is no directory", c.from))
	}
	dst, err := filepath.Abs(c.to)
	if err != nil {
		return err
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(dst))
	if err != nil {
		return err
	}
	dst = filepath.Join(parent, filepath.Base(dst))
	if below(src, dst) || below(dst, src) {
		return errInside
	}
	info, err := os.Stat(parent)
	if err == nil {
		err = outside(src, info)
	}
	if err != nil {
		return err
	}
	info, err = os.Lstat(dst)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.Mkdir(dst, dirMode); err != nil {
			return err
		}
		c.made = true
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is there and no directory: %w", c.to, fs.ErrExist)
	}
	if c.root, err = os.OpenRoot(dst); err != nil {
		return err
	}
	// What was opened counts, whatever bears the name by now.
	if info, err = c.root.Stat("."); err == nil {
		err = errors.Join(checkOwner(dst, info), outside(src, info))
	}
	if err != nil {
		return err
	}
	entries, err := fs.ReadDir(c.root.FS(), ".")
	if err == nil && len(entries) > 0 {
		err = fmt.Errorf("%s is not empty: %w", c.to, fs.ErrExist)
	}
	return err
}

var errInside = errors.New("one lies in the other; choose another place")

// below compares two absolute paths without links. Whatever cannot be compared
// counts as lying inside, but for two disks.
func below(dir, path string) bool {
	if filepath.VolumeName(dir) != filepath.VolumeName(path) {
		return false
	}
	rel, err := filepath.Rel(dir, path)
	return err != nil || rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// outside refuses a folder that is part of the state directory, whatever its name.
func outside(dir string, folder fs.FileInfo) error {
	inside, err := Inside(dir, folder, nil)
	if err == nil && inside {
		err = errInside
	}
	return err
}

func (c *duplicate) run() error {
	segs, err := segmentFiles(c.from)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(filepath.Join(c.from, fileIdentity)); len(segs) == 0 && errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no store in %s: %w", c.from, fs.ErrNotExist)
	}
	if c.inUse, err = InUse(c.from); err != nil {
		return err
	}
	for _, dir := range []string{dirArchive, dirJournal, "outcome"} {
		if err := c.root.Mkdir(dir, dirMode); err != nil {
			return err
		}
		c.dirs = append(c.dirs, dir)
	}
	for i, path := range segs {
		if err := c.take(path, i == len(segs)-1 && c.inUse); err != nil {
			return err
		}
	}
	outcomes, err := filepath.Glob(filepath.Join(escapeGlob(c.from), "outcome", "*.json"))
	if err != nil {
		return err
	}
	small := []string{filepath.Join(c.from, fileIdentity), filepath.Join(c.from, fileNotice)}
	if !c.inUse {
		small = append(small, filepath.Join(c.from, fileClean))
	}
	for _, path := range append(small, outcomes...) {
		if err := c.take(path, false); err != nil && !errors.Is(err, fs.ErrNotExist) { // forgotten meanwhile, or never there
			return err
		}
	}
	if err := c.database(); err != nil {
		return err
	}
	for _, dir := range []string{dirArchive, dirJournal, "outcome", "."} {
		if err := syncDirectory(filepath.Join(c.root.Name(), dir)); err != nil {
			return err
		}
	}
	return nil
}

// database copies log.db if nobody works on it before and after.
func (c *duplicate) database() error {
	path := filepath.Join(c.from, nameDB)
	if c.inUse {
		return nil
	}
	err := c.take(path, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if c.inUse, err = InUse(c.from); err != nil || !c.inUse {
		return err
	}
	// A daemon began meanwhile: the copy may be of two moments.
	for _, name := range []string{nameDB, fileClean} {
		if err := removeBelow(c.root, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		c.forget(name)
	}
	return nil
}

func (c *duplicate) forget(name string) {
	for i, f := range c.files {
		if f.File == name {
			c.files = append(c.files[:i], c.files[i+1:]...)
			return
		}
	}
}

// take copies one file; wholeLines leaves out what follows the last newline.
func (c *duplicate) take(path string, wholeLines bool) error {
	rel, err := filepath.Rel(c.from, path)
	if err != nil {
		return err
	}
	if err := linkFree(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	src, err := openMoved(path)
	if err != nil {
		return err
	}
	defer src.Close()
	limit := int64(-1)
	if wholeLines {
		if limit, err = wholeSize(src); err != nil {
			return err
		}
	}
	dst, err := c.root.OpenFile(rel, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	n, sum, err := pour(dst, src, limit)
	if cerr := dst.Close(); err == nil {
		err = cerr
	}
	c.files = append(c.files, Copied{File: filepath.ToSlash(rel), Bytes: n, SHA256: sum})
	return err
}

// linkFree refuses a link: what a copy takes lies in the state directory.
func linkFree(path string) error {
	info, err := os.Lstat(path)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		err = fmt.Errorf("%s is a link: %w", path, ErrUnsafe)
	}
	return err
}

// undo takes away what was copied so far.
func (c *duplicate) undo() error {
	if c.root == nil {
		return nil
	}
	var errs []error
	for _, f := range c.files {
		errs = append(errs, ignoreMissing(removeBelow(c.root, f.File)))
	}
	for _, d := range c.dirs {
		errs = append(errs, removeBelow(c.root, d))
	}
	dir := c.root.Name()
	errs = append(errs, c.root.Close())
	if c.made {
		errs = append(errs, os.Remove(dir))
	}
	return errors.Join(errs...)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
