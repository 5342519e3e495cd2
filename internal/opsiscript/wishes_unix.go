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

// LeaveForAgent leaves the wish for a restart where opsi's agent looks for it. Without
// the agent there is no such place, and nobody would take it.
func LeaveForAgent() error { return Files(HandOver).leave("reboot") }

func (f Files) leave(name string) error {
	file, err := os.OpenFile(filepath.Join(string(f), name), os.O_WRONLY|os.O_CREATE, 0o644)
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		return fmt.Errorf("cannot leave the wish %s: %w", name, err)
	}
	return nil
}
