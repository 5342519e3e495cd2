// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/quietsetup/quietsetup/events"
)

// maxVersionLine is how much of a file is read for its first line.
const maxVersionLine = 256

// detectFile looks whether a path is there. Only a regular file is read.
func detectFile(rule events.Detect) (found, error) {
	if !filepath.IsAbs(rule.Name) {
		return found{}, fmt.Errorf("%w: not an absolute path", errRule)
	}
	info, err := os.Stat(rule.Name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return found{}, nil
	}
	if err != nil {
		return found{}, err
	}
	if !info.Mode().IsRegular() {
		return found{installed: true}, nil
	}
	file, err := os.OpenFile(rule.Name, os.O_RDONLY|dontBlock, 0)
	if err != nil {
		return found{}, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxVersionLine))
	if err != nil {
		return found{}, err
	}
	if bytes.HasPrefix(text, []byte("MZ")) { // a program or library of Windows
		version, err := programVersion(rule.Name)
		return found{installed: err == nil, version: version, equal: shorterVersions(version)}, err
	}
	return found{installed: true, version: tells(firstLine(text), rule)}, nil
}
