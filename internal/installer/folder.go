// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// folderName is the directory of all attempts inside the state directory.
const folderName = "outcome"

// ErrUntrusted is returned when the folder of outcomes, or a file in it, could
// be another user's work.
var ErrUntrusted = errors.New("not safe to use")

// ErrFolder is returned when the folder of outcomes as a whole cannot be used.
var ErrFolder = errors.New("no attempt can be kept")

// folder is the opened directory of outcomes. Everything in it is reached
// through the open directory, so no path is resolved twice.
type folder struct {
	root *os.Root
	path string // for messages
}

// openFolder opens <stateDir>/outcome. It returns fs.ErrNotExist if there is
// none and create is false.
func openFolder(stateDir string, create bool) (*folder, error) {
	path := filepath.Join(stateDir, folderName)
	if !filepath.IsAbs(stateDir) {
		return nil, fmt.Errorf("cannot open %s: the state directory must be an absolute path", path)
	}
	state, err := os.OpenRoot(stateDir)
	if err != nil {
		return nil, fmt.Errorf("cannot open the state directory: %w", err)
	}
	defer state.Close()
	before, err := state.Lstat(folderName)
	if errors.Is(err, fs.ErrNotExist) && create {
		if err = state.Mkdir(folderName, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("cannot create %s: %w", path, err)
		}
		if err = syncDir(state); err != nil {
			return nil, fmt.Errorf("cannot sync %s: %w", stateDir, err)
		}
		before, err = state.Lstat(folderName)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot open %s: %w", path, err)
	}
	if !before.IsDir() {
		return nil, fmt.Errorf("cannot open %s: %w: it is %s, not a directory", path, ErrUntrusted, before.Mode().Type())
	}
	root, err := state.OpenRoot(folderName)
	if err != nil {
		return nil, fmt.Errorf("cannot open %s: %w", path, err)
	}
	f := &folder{root: root, path: path}
	if err := f.trust(before); err != nil {
		root.Close()
		return nil, err
	}
	return f, nil
}

// trust makes sure that the opened directory is the one that was looked at, is
// ours, and that nobody else can write to it.
func (f *folder) trust(before fs.FileInfo) error {
	info, err := f.root.Stat(".")
	if err != nil {
		return fmt.Errorf("cannot open %s: %w", f.path, err)
	}
	if !os.SameFile(before, info) {
		return fmt.Errorf("cannot open %s: %w: it was replaced meanwhile", f.path, ErrUntrusted)
	}
	self, err := f.root.Open(".")
	if err != nil {
		return fmt.Errorf("cannot open %s: %w", f.path, err)
	}
	defer self.Close()
	if err := ours(self, info); err != nil {
		return fmt.Errorf("cannot open %s: %w: %v", f.path, ErrUntrusted, err)
	}
	return nil
}

func (f *folder) close() { f.root.Close() }

// load reads and checks an attempt's file. No file is a zero outcome.
func (f *folder) load(token string) (outcome, error) {
	text, err := f.read(token + endOutcome)
	if errors.Is(err, fs.ErrNotExist) {
		return outcome{}, nil
	}
	if err != nil {
		return outcome{}, err
	}
	o, err := decode(token, text)
	if err != nil {
		return outcome{}, fmt.Errorf("cannot read %s: %w", f.name(token+endOutcome), err)
	}
	return o, nil
}

// read returns the content of a small regular file of ours.
func (f *folder) read(name string) ([]byte, error) {
	before, err := f.root.Lstat(name)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", f.name(name), err)
	}
	if !before.Mode().IsRegular() {
		return nil, fmt.Errorf("cannot read %s: %w: it is %s, not a file", f.name(name), ErrUntrusted, before.Mode().Type())
	}
	if err := looksOurs(before); err != nil {
		return nil, fmt.Errorf("cannot read %s: %w: %v", f.name(name), ErrUntrusted, err)
	}
	file, err := f.root.OpenFile(name, os.O_RDONLY|dontBlock, 0)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", f.name(name), err)
	}
	defer file.Close()
	// An outcome is replaced while it is read, so it need not be the same file,
	// but it must be as good a one.
	after, err := file.Stat()
	if err == nil && !after.Mode().IsRegular() {
		err = fmt.Errorf("%w: it is %s, not a file", ErrUntrusted, after.Mode().Type())
	} else if err == nil {
		if mine := ours(file, after); mine != nil {
			err = fmt.Errorf("%w: %v", ErrUntrusted, mine)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", f.name(name), err)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxFile))
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", f.name(name), err)
	}
	return text, nil
}

// create makes an attempt's file, durable and complete from its first moment
// on. It returns fs.ErrExist if the attempt has a file already.
func (f *folder) create(o outcome) error {
	temp, err := f.temp(o)
	if err != nil {
		return err
	}
	name := o.Token + endOutcome
	err = f.root.Link(temp, name)
	if rerr := removeName(f.root, temp); err == nil {
		err = rerr
	}
	if err == nil {
		err = syncDir(f.root)
	}
	if err != nil {
		return fmt.Errorf("cannot create %s: %w", f.name(name), err)
	}
	return nil
}

// replace puts a new state in the place of the old one, durable.
func (f *folder) replace(o outcome) error {
	temp, err := f.temp(o)
	if err != nil {
		return err
	}
	return f.rename(temp, o.Token+endOutcome)
}

func (f *folder) rename(from, to string) error {
	err := renameName(f.root, from, to)
	if err == nil {
		err = syncDir(f.root)
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", f.name(to), err)
	}
	return nil
}

// temp writes a state under a name that nobody else uses, and syncs it.
func (f *folder) temp(o outcome) (string, error) {
	text, err := o.encode()
	if err != nil {
		return "", err
	}
	name := o.Token + "." + rand.Text() + endTemp
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", fmt.Errorf("cannot create %s: %w", f.name(name), err)
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	if cerr := file.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("cannot write %s: %w", f.name(name), err), removeName(f.root, name))
	}
	return name, nil
}

// remove deletes a file of an attempt, durable. A missing one is no error.
func (f *folder) remove(name string) error {
	err := removeName(f.root, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = syncDir(f.root)
	}
	if err != nil {
		return fmt.Errorf("cannot remove %s: %w", f.name(name), err)
	}
	return nil
}

// quarantine keeps a broken file under another name and says "lost" in its
// place. There is no moment without a file, in which the attempt could run.
func (f *folder) quarantine(token, boot string) error {
	name, kept := token+endOutcome, token+endBroken
	if err := f.root.Link(name, kept); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("cannot keep %s as %s: %w", f.name(name), kept, err)
	}
	return f.replace(outcome{Token: token, State: KindLost, Boot: boot, At: now(), Exit: -1})
}

func (f *folder) name(file string) string { return filepath.Join(f.path, file) }
