// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/quietsetup/quietsetup/store"
)

// target is the file that an export goes to.
type target struct {
	path  string // "" = standard output
	force bool   // replace a file that is there
}

// open opens the folder of a target and says the file's name in it. It
// refuses a place that belongs to one of some logs: state folders, or a copy. What
// was opened is judged and is written into, whatever bears its name by then.
func (to target) open(logs []string) (root *os.Root, name string, err error) {
	path, err := filepath.Abs(to.path)
	if err != nil {
		return nil, "", err
	}
	if root, err = os.OpenRoot(filepath.Dir(path)); err != nil {
		return nil, "", err
	}
	name = filepath.Base(path)
	if err := to.apart(logs, root, name); err != nil {
		return nil, "", errors.Join(err, root.Close())
	}
	return root, name, nil
}

// apart wants the place to belong to none of some logs.
func (to target) apart(logs []string, root *os.Root, name string) error {
	folder, err := root.Stat(".")
	if err != nil {
		return err
	}
	file, err := root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		file, err = nil, nil
	}
	if err != nil {
		return err
	}
	for _, log := range logs {
		inside, err := store.Inside(log, folder, file)
		if err != nil {
			return err
		}
		if inside {
			return fmt.Errorf("%s belongs to the log in %s: choose a place outside of it", to.path, log)
		}
	}
	return nil
}
