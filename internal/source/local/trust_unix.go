// SPDX-License-Identifier: Apache-2.0

//go:build unix

package local

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// ours refuses what belongs to another user or can be written by one: a row says
// what root installs.
func ours(_ *os.File, info fs.FileInfo) error {
	if st, ok := info.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("it belongs to uid %d, not to uid %d", st.Uid, os.Geteuid())
	}
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("others can write to it (%v)", info.Mode().Perm())
	}
	return nil
}

// noBlock makes opening a pipe return at once instead of waiting for a writer.
const noBlock = syscall.O_NONBLOCK
