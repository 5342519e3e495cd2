// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/internal/winfile"
)

// privileged: what this process runs, it runs as the system or with an
// administrator's rights.
func privileged() bool { return winfile.Privileged() }

// Changeable tells who else could change a file or folder or put another one in its
// place, nil if only the system, the administrators and whoever runs this. The error
// names the mend; it names groups by their numbers, which are the same in every
// language. Of what lies on another machine the way to it is not judged.
func Changeable(name string, info fs.FileInfo) error {
	way := name
	if !info.IsDir() {
		way = filepath.Dir(name)
	}
	if filepath.IsAbs(way) && !strings.HasPrefix(filepath.VolumeName(way), `\\`) {
		if err := winfile.CheckWay(way); err != nil {
			return fmt.Errorf("%s: %w, and so could change what is run; let the administrators own that folder and nobody else write to it", name, err)
		}
	}
	err := winfile.Check(name)
	if err == nil {
		return nil
	}
	down := ""
	if info.IsDir() {
		down = "(OI)(CI)"
	}
	return fmt.Errorf("%[1]s: %[2]w, who could change what is run; mend it with: icacls \"%[1]s\" /setowner *S-1-5-32-544 && icacls \"%[1]s\" /inheritance:r /grant:r *S-1-5-18:%[3]sF *S-1-5-32-544:%[3]sF *S-1-5-32-545:%[3]sRX", name, err, down)
}

// exposed tells who else could read or change a file, or put another one in its place.
func exposed(name string, _ fs.FileInfo) error {
	if way := filepath.Dir(name); filepath.IsAbs(way) && !strings.HasPrefix(filepath.VolumeName(way), `\\`) {
		if err := winfile.CheckWay(way); err != nil {
			return fmt.Errorf("%s: %w; let the administrators own that folder and nobody else write to it", name, err)
		}
	}
	if err := winfile.CheckSecret(name); err != nil {
		return fmt.Errorf("%[1]s: %[2]w; mend it with: icacls \"%[1]s\" /setowner *S-1-5-32-544 && icacls \"%[1]s\" /inheritance:r /grant:r *S-1-5-18:F *S-1-5-32-544:F", name, err)
	}
	return nil
}

// readableByAll believes so: whoever cannot read it is shown no logo.
func readableByAll(fs.FileMode) bool { return true }

// open opens a file to read it. An editor or a virus scanner may hold it for a moment.
func open(name string) (f *os.File, err error) {
	err = winfile.Patiently(func() error {
		f, err = os.Open(name)
		return err
	})
	return f, err
}

// passing reports whether an error of reading may be gone a moment later.
func passing(err error) bool {
	for _, e := range []error{windows.ERROR_SHARING_VIOLATION, windows.ERROR_LOCK_VIOLATION, windows.ERROR_NOT_READY,
		windows.ERROR_CRC, windows.ERROR_SEEK, windows.ERROR_READ_FAULT, windows.ERROR_GEN_FAILURE, windows.ERROR_IO_DEVICE,
		windows.ERROR_NO_SYSTEM_RESOURCES, windows.ERROR_NOT_ENOUGH_MEMORY, windows.ERROR_DELETE_PENDING} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
