// SPDX-License-Identifier: Apache-2.0

package depotfiles

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// exchange makes the tree in .new the product's. At every moment, and after a
// crash at any, the product is the old tree or the new one: at once where the
// system exchanges two folders, else by way of .old, from which tidy puts it back.
func (c *Cache) exchange(product string) error {
	fresh, old := filepath.Join(newFolder, product), filepath.Join(oldFolder, product)
	if err := c.step("exchange"); err != nil {
		return err
	}
	_, err := c.root.Lstat(product)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = rename(c.root, fresh, product)
	case err == nil:
		if err = c.swap(c.root, fresh, product); errors.Is(err, errors.ErrUnsupported) {
			if err = c.makeFolders(oldFolder); err != nil {
				return err
			}
			if err = c.removeAll(old); err != nil {
				return err
			}
			if err = rename(c.root, product, old); err != nil {
				break
			}
			if err = c.step("between old and new"); err != nil {
				return err
			}
			if err = rename(c.root, fresh, product); err != nil {
				err = errors.Join(err, rename(c.root, old, product))
			}
		}
	}
	if err != nil {
		return fmt.Errorf("cannot exchange the files: %w", err)
	}
	if err := c.step("make it durable"); err != nil {
		return err
	}
	if err := syncFolder(c.root, "."); err != nil {
		return fmt.Errorf("cannot make the new files durable: %w", err)
	}
	if err := c.removeAll(fresh); err != nil { // the old tree, where two were exchanged
		return err
	}
	return c.removeAll(old)
}

// takeAway removes a product's tree, as a whole to whoever looks.
func (c *Cache) takeAway(product string) error {
	fresh := filepath.Join(newFolder, product)
	if _, err := c.root.Lstat(product); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := c.makeFolders(newFolder); err != nil {
		return err
	}
	if err := c.removeAll(fresh); err != nil {
		return err
	}
	if err := c.step("take away"); err != nil {
		return err
	}
	if err := rename(c.root, product, fresh); err != nil {
		return err
	}
	return c.removeAll(fresh)
}

// tidy ends what a crash interrupted.
func (c *Cache) tidy() error {
	entries, err := fs.ReadDir(c.root.FS(), oldFolder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		old := filepath.Join(oldFolder, e.Name())
		_, err := c.root.Lstat(e.Name())
		switch {
		case errors.Is(err, fs.ErrNotExist):
			err = rename(c.root, old, e.Name())
		case err == nil:
			c.left(c.removeAll(old))
		}
		if err != nil {
			return err
		}
	}
	c.left(c.removeAll(newFolder))
	return syncFolder(c.root, ".")
}

// left tells what could not be taken away: something may still run from it. It is in
// nobody's way and is tried again at the next start.
func (c *Cache) left(err error) {
	if err != nil {
		c.opt.Warn("", err.Error())
	}
}

// makeFolders makes a folder of ours with those above it, private.
func (c *Cache) makeFolders(name string) error {
	if err := c.step("make folders"); err != nil {
		return err
	}
	return c.root.MkdirAll(name, 0o700)
}

// removeAll takes away a folder with all that is in it, if it is there.
func (c *Cache) removeAll(name string) error {
	if err := c.step("remove"); err != nil {
		return err
	}
	if _, err := c.root.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := removeAll(c.root, name); err != nil {
		return fmt.Errorf("cannot take away %s: %w", filepath.Join(c.root.Name(), name), err)
	}
	return nil
}
