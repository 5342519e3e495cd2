// SPDX-License-Identifier: Apache-2.0

//go:build unix

package installer

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// ours refuses what belongs to another user or can be written by one.
func ours(info fs.FileInfo) error {
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

// executableBits: a file must be marked as a program to be run.
const executableBits = true

// dontBlock keeps the opening of a pipe that took a file's place from hanging.
const dontBlock = syscall.O_NONBLOCK
