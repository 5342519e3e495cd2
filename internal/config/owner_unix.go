// SPDX-License-Identifier: Apache-2.0

//go:build unix

package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// privileged: what this process runs, it runs with all rights.
func privileged() bool { return os.Geteuid() == 0 }

// Changeable tells who else could change a file or folder, nil if only root and
// whoever runs this, as far as its owner and mode say. The error names the mend.
func Changeable(name string, info fs.FileInfo) error {
	owner := os.Geteuid()
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		owner = int(st.Uid)
	}
	return foreign(name, owner, os.Geteuid(), info.Mode())
}

// exposed tells who else could read or change a file.
func exposed(name string, info fs.FileInfo) error {
	owner := os.Geteuid()
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		owner = int(st.Uid)
	}
	return secret(name, owner, os.Geteuid(), info.Mode())
}

func secret(name string, owner, self int, mode fs.FileMode) error {
	switch {
	case owner != 0 && owner != self:
		return fmt.Errorf("%[1]s belongs to uid %[2]d, who could read and change it; mend it with: chown root %[1]s && chmod 600 %[1]s", name, owner)
	case mode.Perm()&0o077 != 0:
		return fmt.Errorf("%[1]s has mode %04[2]o, so others than its owner could read or change it; mend it with: chmod 600 %[1]s", name, mode.Perm())
	}
	return nil
}

// readableByAll reports whether the mode lets everybody read the file.
func readableByAll(mode fs.FileMode) bool { return mode.Perm()&0o004 != 0 }

// foreign judges an owner and a mode for whoever runs as self. That a folder is
// sticky helps nothing: what is added to it is read as well.
func foreign(name string, owner, self int, mode fs.FileMode) error {
	good := "644"
	if mode.IsDir() {
		good = "755"
	}
	switch {
	case owner != 0 && owner != self:
		return fmt.Errorf("%[1]s belongs to uid %[2]d, who could change what is run; mend it with: chown root %[1]s && chmod %[3]s %[1]s", name, owner, good)
	case mode&0o022 != 0:
		return fmt.Errorf("%[1]s has mode %04[2]o, so others than its owner could change what is run; mend it with: chmod %[3]s %[1]s", name, mode.Perm(), good)
	}
	return nil
}

// open opens a file to read it. A pipe returns at once instead of waiting for a
// writer.
func open(name string) (*os.File, error) { return os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) }

// passing reports whether an error of reading may be gone a moment later.
func passing(err error) bool {
	return errors.Is(err, syscall.EIO) || errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOMEM)
}
