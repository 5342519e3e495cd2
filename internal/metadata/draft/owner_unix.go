// SPDX-License-Identifier: Apache-2.0

//go:build unix

package draft

import (
	"io/fs"
	"os"
	"syscall"
)

// keepOwner gives a new file the owner of its folder. Only root can, and only
// root needs it: anybody else owns what they write.
func keepOwner(f *os.File, folder fs.FileInfo) error {
	st, ok := folder.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 {
		return nil
	}
	return f.Chown(int(st.Uid), int(st.Gid))
}
