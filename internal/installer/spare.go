// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// createSpare writes a file of blanks, on the disk before the installer may
// run. The outcome is later written over them, so that an installer which fills
// the disk cannot keep its own outcome from being recorded.
func (f *folder) createSpare(token string) (*os.File, error) {
	name := token + endSpare
	if err := removeName(f.root, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot replace %s: %w", f.name(name), err)
	}
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot create %s: %w", f.name(name), err)
	}
	_, err = file.Write(bytes.Repeat([]byte{' '}, spareSize))
	if err == nil {
		err = file.Sync()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot write %s: %w", f.name(name), err), file.Close(), removeName(f.root, name))
	}
	return file, nil
}

// finish writes the last state. It does not give up while the attempt's file is
// there: an exit code that is not written down is lost for ever.
func (f *folder) finish(o outcome, spare *os.File) error {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 10*time.Second) {
		err := f.fromSpare(o, spare)
		if err != nil {
			// The disk may be one that needs new room even to write over old.
			err = f.replace(o)
		}
		if err == nil {
			return errors.Join(spare.Close(), f.remove(o.Token+endSpare))
		}
		if _, gone := f.root.Lstat(o.Token + endOutcome); errors.Is(gone, fs.ErrNotExist) {
			return errors.Join(err, spare.Close())
		}
		time.Sleep(wait)
	}
}

// fromSpare writes the state over the spare's blanks and renames it.
func (f *folder) fromSpare(o outcome, spare *os.File) error {
	text, err := o.encode()
	if err != nil {
		return err
	}
	if len(text) > spareSize {
		return fmt.Errorf("cannot write the outcome of %s: %d bytes", o.Token, len(text))
	}
	text = append(text, bytes.Repeat([]byte{' '}, spareSize-len(text))...)
	if _, err := spare.WriteAt(text, 0); err != nil {
		return fmt.Errorf("cannot write %s: %w", f.name(o.Token+endSpare), err)
	}
	if err := spare.Sync(); err != nil {
		return fmt.Errorf("cannot sync %s: %w", f.name(o.Token+endSpare), err)
	}
	// The name must still be the file that was written: a rename of anything else
	// would put a stranger's text in the place of the outcome.
	here, err := f.root.Lstat(o.Token + endSpare)
	if err != nil {
		return fmt.Errorf("cannot look at %s: %w", f.name(o.Token+endSpare), err)
	}
	if own, err := spare.Stat(); err != nil || !os.SameFile(here, own) {
		return fmt.Errorf("cannot use %s: %w", f.name(o.Token+endSpare), ErrUntrusted)
	}
	return f.rename(o.Token+endSpare, o.Token+endOutcome)
}
