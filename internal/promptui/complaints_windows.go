// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// maxComplaints is how long the file of complaints gets before it begins anew.
const maxComplaints = 64 << 10

// complaints is where the agent says why it ends. It has no console, so that
// none flashes up at each logon: what it was given for errors counts if it is
// something, and else they go to a file of the person's.
func complaints(err *os.File) (*os.File, func()) {
	if h := windows.Handle(err.Fd()); h != 0 && h != windows.InvalidHandle {
		if kind, failed := windows.GetFileType(h); failed == nil && kind != windows.FILE_TYPE_UNKNOWN {
			return err, func() {}
		}
	}
	dir, failed := os.UserCacheDir() // %LocalAppData%
	if failed != nil {
		return err, func() {}
	}
	path := filepath.Join(dir, "quietsetup", "prompt.log")
	if os.MkdirAll(filepath.Dir(path), 0o700) != nil {
		return err, func() {}
	}
	mode := os.O_APPEND
	if info, failed := os.Stat(path); failed == nil && info.Size() > maxComplaints {
		mode = os.O_TRUNC
	}
	f, failed := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|mode, 0o600)
	if failed != nil {
		return err, func() {}
	}
	// What the Go runtime says when the program breaks belongs there, too; it asks
	// for the handle each time.
	_ = windows.SetStdHandle(windows.STD_ERROR_HANDLE, windows.Handle(f.Fd()))
	return f, func() { f.Close() }
}
