// SPDX-License-Identifier: Apache-2.0

package winfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// patience is how long a name that somebody else holds open is tried again.
const patience = 2 * time.Second

// Patiently repeats an act that failed because somebody holds the file open just
// now. Windows says "access denied" for that as well, and for lasting refusals.
func Patiently(act func() error) error {
	deadline := time.Now().Add(patience)
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		err := act()
		held := errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_ACCESS_DENIED)
		if !held || time.Now().After(deadline) {
			return err
		}
		time.Sleep(wait)
	}
}

// Rename gives a file another name below a root, in place of a file that bears it.
func Rename(root *os.Root, from, to string) error {
	return Patiently(func() error { return root.Rename(from, to) })
}

// Remove deletes a file or an empty folder below a root.
func Remove(root *os.Root, name string) error {
	err := root.Remove(name)
	if unknownWay(err) {
		return removeOld(root, name)
	}
	return err
}

// RemoveAll deletes a folder of our own with all that is in it.
func RemoveAll(path string) error {
	err := os.RemoveAll(path)
	if !unknownWay(err) {
		return err
	}
	var names []string
	err = filepath.WalkDir(path, func(name string, _ fs.DirEntry, err error) error {
		names = append(names, name)
		return err
	})
	for _, name := range slices.Backward(names) { // what is in a folder before the folder
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

// unknownWay is true of the errors of a file system that does not know the way to
// delete that is asked for first.
func unknownWay(err error) bool {
	return errors.Is(err, windows.ERROR_INVALID_FUNCTION) || errors.Is(err, windows.ERROR_NOT_SUPPORTED)
}

// removeOld deletes as Windows did before version 1607: the name goes when the
// last handle is closed ("FILE_DISPOSITION_INFORMATION structure"). Only the
// first step of name is resolved here, so a name with folders is not taken.
func removeOld(root *os.Root, name string) error {
	failed := func(err error) error { return &os.PathError{Op: "remove", Path: name, Err: err} }
	if !plainName(name) {
		return failed(windows.ERROR_INVALID_NAME)
	}
	folder, err := root.Open(".")
	if err != nil {
		return err
	}
	defer folder.Close()
	file, err := openBelow(folder, name, windows.DELETE|windows.SYNCHRONIZE, windows.FILE_OPEN_REPARSE_POINT)
	if err != nil {
		return failed(err)
	}
	defer windows.CloseHandle(file)
	var gone byte = 1
	err = windows.SetFileInformationByHandle(file, windows.FileDispositionInfo, &gone, 1)
	if err != nil {
		return failed(err)
	}
	return nil
}

func plainName(name string) bool {
	if name == "" || name == "." || name == ".." {
		return false
	}
	for i := range len(name) {
		if name[i] == '/' || name[i] == '\\' || name[i] == ':' {
			return false
		}
	}
	return true
}

// openBelow opens what bears a name in an open folder, the folder itself if the
// name is empty. No path is resolved again.
func openBelow(folder *os.File, name string, access, options uint32) (windows.Handle, error) {
	text, err := windows.NewNTUnicodeString(name)
	if err != nil {
		return 0, err
	}
	what := windows.OBJECT_ATTRIBUTES{RootDirectory: windows.Handle(folder.Fd()), ObjectName: text}
	what.Length = uint32(unsafe.Sizeof(what))
	var file windows.Handle
	var status windows.IO_STATUS_BLOCK
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	err = windows.NtCreateFile(&file, access, &what, &status, nil, 0, share, windows.FILE_OPEN,
		options|windows.FILE_SYNCHRONOUS_IO_NONALERT|windows.FILE_OPEN_FOR_BACKUP_INTENT, 0, 0)
	var nt windows.NTStatus
	if errors.As(err, &nt) {
		err = nt.Errno()
	}
	return file, err
}

// Flush makes the names in a folder durable. NTFS writes names to its log in the
// order in which they were made, and flushing any handle, a folder's too, brings
// the log to the disk ("FlushFileBuffers function": the handle needs the right to
// write). Where a folder cannot be flushed, that order is all there is; it is no
// error.
func Flush(root *os.Root) error {
	folder, err := root.Open(".")
	if err != nil {
		return err
	}
	defer folder.Close()
	writable, err := openBelow(folder, "", windows.FILE_GENERIC_WRITE, windows.FILE_DIRECTORY_FILE)
	if err == nil {
		err = windows.FlushFileBuffers(writable)
		_ = windows.CloseHandle(writable)
	}
	for _, cannot := range []error{windows.ERROR_ACCESS_DENIED, windows.ERROR_INVALID_FUNCTION,
		windows.ERROR_INVALID_HANDLE, windows.ERROR_INVALID_PARAMETER, windows.ERROR_NOT_SUPPORTED} {
		if errors.Is(err, cannot) {
			return nil
		}
	}
	return err
}
