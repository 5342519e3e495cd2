// SPDX-License-Identifier: Apache-2.0

package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrNotPlain means that a link, a folder or a device bears the name.
var ErrNotPlain = errors.New("it is not a plain file")

// suffix marks a file that is being made; its name begins with a dot.
const suffix = ".quietsetup-new"

// Options say what the file becomes.
type Options struct {
	Mode  fs.FileMode  // its permissions
	Owner fs.FileInfo  // a file or folder to whose owner it shall belong; nil = to who writes
	Fresh bool         // only under a name that is free; fs.ErrExist if it is not
	Last  func() error // asked just before it takes its name; an error leaves all as it was; nil = not asked
}

// Write writes a file into a folder. When it returns nil, the file survives a loss
// of power. On error what was there is there still, unless it was the folder
// that could not be made durable. name has no folder in it. Of two that write the
// same name at once one fails.
func Write(root *os.Root, name string, o Options, fill func(io.Writer) error) error {
	err := free(root, name, o.Fresh)
	if err == nil {
		err = write(root, name, o, fill, SyncFolder)
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", filepath.Join(root.Name(), name), err)
	}
	return nil
}

func write(root *os.Root, name string, o Options, fill func(io.Writer) error, sync func(*os.Root) error) (err error) {
	temp := "." + name + suffix
	if err := remove(root, temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err // left by a crash, and it cannot be removed
	}
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	ours, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	mine := func() bool { // while the file is open nobody gets its number
		now, err := root.Lstat(temp)
		return err == nil && os.SameFile(now, ours)
	}
	defer func() {
		left := mine()
		_ = f.Close() // what was written counts no more, or it is closed already
		if left {
			err = errors.Join(err, remove(root, temp))
		}
	}()
	if err := content(f, o, fill); err != nil {
		return err
	}
	if o.Last != nil {
		if err := o.Last(); err != nil {
			return err
		}
	}
	if !mine() {
		return errors.New("somebody else writes it, too")
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := appear(root, temp, name, o.Fresh); err != nil {
		return err
	}
	return sync(root)
}

// free refuses a name that something else than a plain file bears, and for a
// fresh file every name that is taken.
func free(root *os.Root, name string, fresh bool) error {
	info, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return ErrNotPlain
	case fresh:
		return fs.ErrExist
	}
	return nil
}

func content(f *os.File, o Options, fill func(io.Writer) error) error {
	if err := fill(f); err != nil {
		return err
	}
	if o.Owner != nil {
		if err := keepOwner(f, o.Owner); err != nil {
			return err
		}
	}
	if err := f.Chmod(o.Mode); err != nil { // after the owner, which may take bits away
		return err
	}
	return f.Sync()
}

// appear gives the file its name. A fresh one never takes the name of another
// that came in between; where a folder knows no hard links, the moment between a
// look and the rename is left.
func appear(root *os.Root, temp, name string, fresh bool) error {
	if fresh {
		err := root.Link(temp, name)
		if err == nil {
			return remove(root, temp)
		}
		if errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	if err := free(root, name, fresh); err != nil {
		return err
	}
	return rename(root, temp, name)
}
