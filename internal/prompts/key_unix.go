// SPDX-License-Identifier: Apache-2.0

//go:build unix

package prompts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// onlyOurs checks that nobody else can read or write the file.
func onlyOurs(fi fs.FileInfo) error {
	st, ok := fi.Sys().(*syscall.Stat_t)
	switch {
	case !ok:
		return errors.New("its owner cannot be told")
	case int(st.Uid) != os.Geteuid():
		return fmt.Errorf("it belongs to user %d", st.Uid)
	case fi.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("its mode is %04o, must be 0600", fi.Mode().Perm())
	case st.Nlink != 1:
		return errors.New("it has another name elsewhere")
	}
	return nil
}

// noBlock makes opening a pipe return at once instead of waiting for a writer.
const noBlock = syscall.O_NONBLOCK
