// SPDX-License-Identifier: Apache-2.0

//go:build unix

package config

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// changeable tells who else could change the file, nil if only root and whoever
// runs this.
func changeable(name string, info fs.FileInfo) error {
	owner := os.Geteuid()
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		owner = int(st.Uid)
	}
	return foreign(name, owner, os.Geteuid(), info.Mode().Perm())
}

// readableByAll reports whether the mode lets everybody read the file.
func readableByAll(mode fs.FileMode) bool { return mode.Perm()&0o004 != 0 }

// foreign judges a file's owner and mode for whoever runs as self.
func foreign(name string, owner, self int, mode fs.FileMode) error {
	switch {
	case owner != 0 && owner != self:
		return fmt.Errorf("%s belongs to uid %d, who could change what is run; mend it with: chown root %s && chmod 644 %[1]s", name, owner, name)
	case mode&0o022 != 0:
		return fmt.Errorf("%s has mode %04o, so others than its owner could change what is run; mend it with: chmod 644 %s", name, mode, name)
	}
	return nil
}
