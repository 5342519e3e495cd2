// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxReport is how much of an installer's own log is read, from its end.
const maxReport = 16 << 20

// reportFile is where Windows Installer writes an attempt's log.
func reportFile(stateDir, token string) string {
	return filepath.Join(stateDir, folderName, token+endReport)
}

// addReport puts the log that Windows Installer wrote behind what was printed, in
// UTF-8, and removes it. It is for people: its loss changes no outcome.
func (s *supervisor) addReport() {
	text, err := s.f.takeReport(s.spec.Token)
	if err == nil && text != "" {
		err = add(s.log, []byte(text))
	}
	if err == nil {
		_ = cut(s.log, s.spec.LogMax)
	}
}

// takeReport reads and removes an installer's own log.
func (f *folder) takeReport(token string) (string, error) {
	name := token + endReport
	text, err := f.readReport(name)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return "", err
	}
	return legible(text), f.remove(name)
}

func (f *folder) readReport(name string) ([]byte, error) {
	file, err := f.root.OpenFile(name, os.O_RDONLY|dontBlock, 0)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", f.name(name), err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = ErrUntrusted
	}
	if err == nil && info.Size() > maxReport {
		_, err = file.Seek((info.Size()-maxReport)&^1, io.SeekStart)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", f.name(name), err)
	}
	return io.ReadAll(io.LimitReader(file, maxReport))
}
