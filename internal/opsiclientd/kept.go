// SPDX-License-Identifier: Apache-2.0

package opsiclientd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/quietsetup/quietsetup/internal/atomicfile"
)

// keptFile lies in the folder opsi of the state folder.
const keptFile = "opsiclientd.json"

// Kept is what was there before this client's events were handed over.
type Kept struct {
	V      int    `json:"v"` // 1
	Client string `json:"client"`
	// Command and Notifier stood in opsiclientd.conf; "" = they were not there.
	Command  string `json:"command"`
	Notifier string `json:"notifier"`
	// Had are values that this client had at the server, by config id.
	Had map[string][]any `json:"had,omitempty"`
	// Quieted: the desktop of the notifier was changed, too.
	Quieted bool `json:"quieted,omitempty"`
	// Undone: it was taken back, and only opsiclientd has to fetch that.
	Undone bool `json:"undone,omitempty"`
}

// ReadKept reads what was kept in a state folder for a client ("" = whichever);
// fs.ErrNotExist if nothing was. A machine may have been one of another site before.
func ReadKept(stateDir, client string) (k Kept, err error) {
	path := filepath.Join(stateDir, "opsi", keptFile)
	text, err := ReadText(path, nil)
	if err == nil {
		err = json.Unmarshal([]byte(text), &k)
	}
	if err == nil && k.V != 1 {
		err = fmt.Errorf("it has format %d, this build knows 1", k.V)
	}
	if err == nil && client != "" && k.Client != client {
		err = fmt.Errorf("it is of %s: %w", k.Client, fs.ErrNotExist)
	}
	if err != nil {
		return Kept{}, fmt.Errorf("cannot read what opsiclientd.conf was: %s: %w", path, err)
	}
	return k, nil
}

// Keep writes it into a state folder that is there, for nobody else to read.
func (k Kept) Keep(stateDir string) error {
	k.V = 1
	text, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("cannot keep what opsiclientd.conf is: %w", err)
	}
	dir := filepath.Join(stateDir, "opsi")
	if err := os.Mkdir(dir, 0o700); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot keep what opsiclientd.conf is: there is no state folder yet: start the service first: %w", err)
	} else if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("cannot keep what opsiclientd.conf is: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("cannot keep what opsiclientd.conf is: %w", err)
	}
	defer root.Close()
	return atomicfile.Write(root, keptFile, atomicfile.Options{Mode: 0o600}, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// Forget removes it.
func Forget(stateDir string) error {
	if err := os.Remove(filepath.Join(stateDir, "opsi", keptFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot forget what opsiclientd.conf was: %w", err)
	}
	return nil
}

// HandedOver reports whether a client's events are meant to go through us. The value
// that counts at the server says so, or that they are not any more; without one ("")
// what was kept does.
func HandedOver(system, value string, kept Kept) bool {
	if value != "" {
		_, ours := Ours(system, value)
		return ours
	}
	return kept.V != 0 && !kept.Undone
}
