// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/quietsetup/quietsetup/store"
)

// crashName is the file that a crash of this program is written to where nobody
// reads its standard error.
const crashName = "crash.log"

// maxCrash is how much of a crash is told at the next start. Its beginning says
// what happened and where.
const maxCrash = 4 << 10

// keepCrash has a crash from now on written to a file in the state folder. It
// returns what the last one left there, "" if nothing, and puts that aside.
func keepCrash(dir string) (last string, err error) {
	path := filepath.Join(dir, crashName)
	failed := func(err error) (string, error) {
		return last, fmt.Errorf("cannot keep what a crash would say: %w", err)
	}
	if err := store.CheckPlace(dir); err != nil { // else it might lead to any file
		return failed(err)
	}
	if old, err := os.Open(path); err == nil {
		text, err := io.ReadAll(io.LimitReader(old, maxCrash))
		if err = errors.Join(err, old.Close()); err != nil {
			return failed(err)
		}
		if last = string(text); last != "" {
			if err := os.Rename(path, path+".1"); err != nil {
				return failed(err)
			}
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return failed(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return failed(err)
	}
	if err := errors.Join(debug.SetCrashOutput(f, debug.CrashOptions{}), f.Close()); err != nil { // it keeps a handle of its own
		return failed(err)
	}
	return last, nil
}
