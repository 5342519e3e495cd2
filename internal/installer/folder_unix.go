// SPDX-License-Identifier: Apache-2.0

//go:build unix

package installer

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// ours refuses an open file or folder that belongs to another user or can be
// written by one.
func ours(_ *os.File, info fs.FileInfo) error { return looksOurs(info) }

// looksOurs is ours for what bears a name and is not opened yet.
func looksOurs(info fs.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("its owner cannot be read")
	}
	if int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("it belongs to uid %d, not to uid %d", st.Uid, os.Geteuid())
	}
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("others can write to it (%v)", info.Mode().Perm())
	}
	return nil
}

// removeName deletes a name, renameName gives a file another one.
func removeName(root *os.Root, name string) error { return root.Remove(name) }

func renameName(root *os.Root, from, to string) error { return root.Rename(from, to) }

// syncDir makes the names in a directory durable.
func syncDir(root *os.Root) error {
	d, err := root.Open(".")
	if err != nil {
		return err
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	return err
}

// logFlags open the log for cutting; whatever is added goes to its end.
const logFlags = os.O_RDWR | os.O_APPEND

// executableBits: a file must be marked as a program to be run.
const executableBits = true

// dontBlock keeps the opening of a pipe that took a file's place from hanging.
const dontBlock = syscall.O_NONBLOCK
