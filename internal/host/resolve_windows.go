// SPDX-License-Identifier: Apache-2.0

package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/checks"
)

// maxLinks bounds links that lead to links and to nothing in the end.
const maxLinks = 40

// Resolve follows junctions, symbolic links, short names and drives that stand
// for folders: it opens the path and asks where that is. What does not exist yet
// is left as written below the part that does, also behind a link that leads
// nowhere, and so is what lies on a drive that is not there. A path of the network
// is not followed: to open it would be to log on to another machine.
func (m *Machine) Resolve(path string) (string, error) {
	return resolve(m.Rules(), path, finalPath, os.Readlink)
}

// resolve does it with the system's two answers: where something that can be
// opened really lies, and where a link leads.
func resolve(rules checks.PathRules, path string, final, link func(string) (string, error)) (string, error) {
	head, tail := filepath.Clean(path), ""
	for links := 0; ; {
		if plain := rules.Clean(head); strings.HasPrefix(plain, `\\`) {
			return filepath.Join(plain, tail), nil
		}
		real, err := final(head)
		if err == nil {
			return filepath.Join(rules.Clean(real), tail), nil
		}
		up := filepath.Dir(head)
		missing := errors.Is(err, fs.ErrNotExist) || errors.Is(err, windows.ERROR_NOT_READY)
		switch {
		case !missing || links >= maxLinks:
			return "", fmt.Errorf("cannot follow the links of %s: %w", path, err)
		case up == head:
			return filepath.Join(rules.Clean(head), tail), nil
		}
		if to, err := link(head); err == nil {
			links++
			if !filepath.IsAbs(to) {
				to = filepath.Join(up, to)
			}
			head = filepath.Clean(to)
			continue
		}
		head, tail = up, filepath.Join(filepath.Base(head), tail)
	}
}

// finalPath is where an open file really lies, with the prefix `\\?\`.
func finalPath(path string) (string, error) {
	h, err := openPlace(path)
	if err != nil {
		return "", err
	}
	defer windows.CloseHandle(h)
	const normalized, withDrive = 0, 0 // FILE_NAME_NORMALIZED, VOLUME_NAME_DOS
	buf := make([]uint16, maxImage)
	n, err := windows.GetFinalPathNameByHandle(h, &buf[0], uint32(len(buf)), normalized|withDrive)
	if err != nil {
		return "", err
	}
	if n >= uint32(len(buf)) {
		return "", errors.New("its path is too long")
	}
	return windows.UTF16ToString(buf[:n]), nil
}

// openPlace opens a file or folder without the right to do anything with it, so
// that it is in nobody's way.
func openPlace(path string) (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return windows.InvalidHandle, err
	}
	return windows.CreateFile(name, 0, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE, nil,
		windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS, 0)
}
