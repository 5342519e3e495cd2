// SPDX-License-Identifier: Apache-2.0

//go:build unix

package opsiscript

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// HandOver is the folder where opsi-script leaves wishes for opsi's agent.
const HandOver = "/var/run/opsiclientd"

// Files are wishes as empty files in a folder. Unix has no file for a logout.
type Files string

func files() map[string]Wish { return map[string]Wish{"reboot": Reboot, "shutdown": Shutdown} }

// Look implements Wishes.
func (f Files) Look() (Wish, error) {
	wish := NoWish
	for name, w := range files() {
		_, err := os.Lstat(filepath.Join(string(f), name))
		switch {
		case err == nil:
			wish = max(wish, w)
		case !errors.Is(err, fs.ErrNotExist):
			return wish, fmt.Errorf("cannot look for the wish %s: %w", name, err)
		}
	}
	return wish, nil
}

// Clear implements Wishes.
func (f Files) Clear() error {
	for name := range files() {
		if err := os.Remove(filepath.Join(string(f), name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot take the wish %s away: %w", name, err)
		}
	}
	return nil
}
