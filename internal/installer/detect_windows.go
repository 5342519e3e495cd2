// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"errors"
	"fmt"
	"os/exec"
	"unsafe"

	"golang.org/x/sys/windows"
)

// endsAsGroup leaves the default: the command itself is ended.
func endsAsGroup(*exec.Cmd) {}

// programVersion reads the version that a program or library carries in its
// resources; "" if it carries none. What Windows calls the version of a file are
// four numbers ("VS_FIXEDFILEINFO structure").
func programVersion(path string) (string, error) {
	size, err := windows.GetFileVersionInfoSize(path, nil)
	if err != nil || size == 0 {
		if noVersion(err) {
			return "", nil
		}
		return "", fmt.Errorf("cannot read the version of %s: %w", path, err)
	}
	block := make([]byte, size)
	if err := windows.GetFileVersionInfo(path, 0, size, unsafe.Pointer(&block[0])); err != nil {
		return "", fmt.Errorf("cannot read the version of %s: %w", path, err)
	}
	var fixed *windows.VS_FIXEDFILEINFO
	length := uint32(unsafe.Sizeof(*fixed))
	if err := windows.VerQueryValue(unsafe.Pointer(&block[0]), `\`, unsafe.Pointer(&fixed), &length); err != nil || fixed == nil {
		return "", nil
	}
	return fmt.Sprintf("%d.%d.%d.%d", fixed.FileVersionMS>>16, fixed.FileVersionMS&0xffff,
		fixed.FileVersionLS>>16, fixed.FileVersionLS&0xffff), nil
}

// noVersion is true of the errors that say: this file has no resources, or none of
// this kind.
func noVersion(err error) bool {
	for _, none := range []error{windows.ERROR_RESOURCE_DATA_NOT_FOUND, windows.ERROR_RESOURCE_TYPE_NOT_FOUND,
		windows.ERROR_RESOURCE_NAME_NOT_FOUND, windows.ERROR_BAD_EXE_FORMAT} {
		if errors.Is(err, none) {
			return true
		}
	}
	return err == nil
}
