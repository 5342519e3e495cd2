// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// Op names what a call does.
type Op string

// The calls that leave the process.
const (
	OpMkdir    Op = "mkdir"
	OpLock     Op = "lock"
	OpOpen     Op = "open" // for reading, or a bbolt file
	OpCreate   Op = "create"
	OpWrite    Op = "write"
	OpSync     Op = "sync"
	OpSyncDir  Op = "syncdir"
	OpRename   Op = "rename"
	OpLink     Op = "link"
	OpTruncate Op = "truncate"
	OpRemove   Op = "remove"
	OpCommit   Op = "commit" // of a bbolt transaction
	OpProbe    Op = "probe"
)

// Call is one numbered call that is about to be made.
type Call struct {
	N    int    // 1, 2, … since the store was opened
	Op   Op     //
	Path string // the file or directory
	To   string // second path of a rename or link
	Size int    // bytes of a write, length of a truncate
}

// Seam is asked before every call. Its error is returned in place of the call,
// which is then not made; a *Torn lets a write go a part of its way.
type Seam func(Call) error

// Torn makes a write stop after some bytes.
type Torn struct {
	Written int
	Err     error
}

func (t *Torn) Error() string { return fmt.Sprintf("%v (after %d bytes)", t.Err, t.Written) }
func (t *Torn) Unwrap() error { return t.Err }

// errSkip is a seam's answer for a call that is to look done without being made.
// The tests plant bugs with it; nothing outside this package can give it.
var errSkip = errors.New("not made")

// pretend is the error of a call that was not made.
func pretend(err error) error {
	if errors.Is(err, errSkip) {
		return nil
	}
	return err
}

const (
	dirMode  fs.FileMode = 0o700
	fileMode fs.FileMode = 0o600
)

// disk makes every call that leaves the process, numbered and through the seam.
type disk struct {
	seam  Seam
	calls atomic.Int64
	now   func() time.Time
}

func (d *disk) ask(c Call) error {
	c.N = int(d.calls.Add(1))
	if d.seam == nil {
		return nil
	}
	return d.seam(c)
}

// mkdir makes a directory if it is not there yet and checks that it is ours.
func (d *disk) mkdir(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := d.ask(Call{Op: OpMkdir, Path: path}); err != nil {
			return err
		}
		if err := makeDir(path); err != nil {
			return err
		}
		if err := d.syncDir(filepath.Dir(path)); err != nil {
			return err
		}
		info, err = os.Lstat(path)
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no directory: %w", path, ErrUnsafe)
	}
	return checkOwner(path, info)
}

// check refuses links, special files and files that others may have made or can write.
func check(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file: %w", path, ErrUnsafe)
	}
	return checkOwner(path, info)
}

// open opens a state file for reading.
func (d *disk) open(path string) (*os.File, error) {
	if err := d.ask(Call{Op: OpOpen, Path: path}); err != nil {
		return nil, err
	}
	if err := check(path); err != nil {
		return nil, err
	}
	return readOwn(path)
}

// readOwn opens one of the store's own files for reading.
func readOwn(path string) (*os.File, error) { return openOwn(path, os.O_RDONLY, 0) }

// openOwn opens one of the store's own files. What is opened is judged: something
// else may have taken its place since anybody looked.
func openOwn(path string, flag int, mode fs.FileMode) (*os.File, error) {
	return checked(os.OpenFile(path, flag|noFollow|noWait, mode))
}

// checked refuses what took a file's place between the look and the opening.
func checked(f *os.File, err error) (*os.File, error) {
	if f, err = plain(f, err); err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		err = checkOpen(f, info)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// hide makes a file private again that others can read. It was copied here or
// changed, for ours are private from their first moment; it holds people's names.
// A mode is set on the open file only: through a name, a link in the file's place
// would hand the change on to whatever it leads to.
func hide(path string) (err error) {
	info, err := os.Lstat(path)
	if err != nil || !modes || info.Mode().IsRegular() && info.Mode().Perm()&0o044 == 0 {
		return err
	}
	if err := check(path); err != nil {
		return err
	}
	f, err := readOwn(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if opened, err := f.Stat(); err != nil || !os.SameFile(info, opened) {
		return errors.Join(fmt.Errorf("%s was replaced while it was opened: %w", path, ErrUnsafe), err)
	}
	return f.Chmod(fileMode)
}

// readSmall reads a state file of a few kilobytes.
func (d *disk) readSmall(path string) ([]byte, error) {
	f, err := d.open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 1<<20))
}

// create makes a new file; it must not exist.
func (d *disk) create(path string) (*os.File, error) {
	if err := d.ask(Call{Op: OpCreate, Path: path}); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, fileMode)
}

// extend opens an existing file to append to it.
func (d *disk) extend(path string) (*os.File, error) {
	if err := d.ask(Call{Op: OpOpen, Path: path}); err != nil {
		return nil, err
	}
	if err := check(path); err != nil {
		return nil, err
	}
	return openOwn(path, os.O_WRONLY|os.O_APPEND, fileMode)
}

func (d *disk) write(f *os.File, b []byte) error {
	err := d.ask(Call{Op: OpWrite, Path: f.Name(), Size: len(b)})
	var torn *Torn
	if errors.As(err, &torn) {
		if _, werr := f.Write(b[:min(max(torn.Written, 0), len(b))]); werr != nil {
			return werr
		}
	}
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return err
}

// sync makes a file's bytes and length durable.
func (d *disk) sync(f *os.File) error {
	if err := d.ask(Call{Op: OpSync, Path: f.Name()}); err != nil {
		return pretend(err)
	}
	return datasync(f)
}

// syncDir makes the names in a directory durable.
func (d *disk) syncDir(path string) error {
	if err := d.ask(Call{Op: OpSyncDir, Path: path}); err != nil {
		return pretend(err)
	}
	return syncDirectory(path)
}

// rename puts from in the place of to.
func (d *disk) rename(from, to string) error {
	if err := d.ask(Call{Op: OpRename, Path: from, To: to}); err != nil {
		return err
	}
	return replace(from, to)
}

// remove deletes a file; one that is not there is no error.
func (d *disk) remove(path string) error {
	if err := d.ask(Call{Op: OpRemove, Path: path}); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// cut shortens a file and makes that durable.
func (d *disk) cut(path string, size int64) error {
	if err := check(path); err != nil {
		return err
	}
	if err := d.ask(Call{Op: OpTruncate, Path: path, Size: int(size)}); err != nil {
		return err
	}
	f, err := openOwn(path, os.O_WRONLY, fileMode) // a file opened to append cannot be cut on Windows
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		return err
	}
	return d.sync(f)
}

// writeFile makes a whole small file durable under its name: the old content or
// the new one is there, never a part.
func (d *disk) writeFile(path string, b []byte) error {
	tmp := path + tmpSuffix
	if err := d.remove(tmp); err != nil {
		return err
	}
	f, err := d.create(tmp)
	if err != nil {
		return err
	}
	err = d.write(f, b)
	if err == nil {
		err = d.sync(f)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	if err := d.rename(tmp, path); err != nil {
		return err
	}
	return d.syncDir(filepath.Dir(path))
}

// tmpSuffix marks files that are being made; they mean nothing after a stop.
const tmpSuffix = ".tmp"

// aside returns a free name for something that leaves the chain:
// "<path>.<why>-20261122T080000Z".
func (d *disk) aside(path, why string) (string, error) {
	base := path + "." + why + "-" + d.now().UTC().Format("20060102T150405Z")
	name := base
	for n := 2; n < 10000; n++ {
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			return name, nil
		} else if err != nil {
			return "", err
		}
		name = fmt.Sprintf("%s-%d", base, n)
	}
	return "", fmt.Errorf("no free name like %s", base)
}

// keep gives a file a second name that survives its replacement. It is a link,
// so there is no moment without the file; where links are not to be had, a copy.
func (d *disk) keep(path, why string) (string, error) {
	to, err := d.aside(path, why)
	if err != nil {
		return "", err
	}
	if err := d.ask(Call{Op: OpLink, Path: path, To: to}); err != nil {
		return "", err
	}
	if os.Link(path, to) == nil {
		return to, d.syncDir(filepath.Dir(to))
	}
	src, err := openPlain(path)
	if err != nil {
		return "", err
	}
	defer src.Close()
	dst, err := d.create(to)
	if err != nil {
		return "", err
	}
	defer dst.Close()
	if _, err := io.Copy(dst, src); err != nil {
		return "", err
	}
	if err := d.sync(dst); err != nil {
		return "", err
	}
	return to, d.syncDir(filepath.Dir(to))
}
