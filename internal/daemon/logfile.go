// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/quietsetup/quietsetup/store"
)

// Where a service's log is that nobody else keeps, and how large it may become.
// An older part is kept beside it.
const (
	logName  = "service.log"
	olderLog = "service.log.1"
	maxLog   = 8 << 20
	maxEarly = 64 << 10
)

// logFile is the log in the state folder. The store makes that folder with the
// rights it must have; lines from before that are kept until it is there. Nothing is
// written into one that somebody else could change or replace: it might lead, with
// this program's rights, to any file.
type logFile struct {
	dir  string
	most int64

	mu    sync.Mutex
	early []byte
	file  *os.File
	size  int64
}

func newLogFile(dir string) *logFile { return &logFile{dir: dir, most: maxLog} }

// Write takes whole lines.
func (l *logFile) Write(lines []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		switch err := l.open(); {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, store.ErrUnsafe):
			if len(l.early)+len(lines) <= maxEarly {
				l.early = append(l.early, lines...)
			}
			return len(lines), nil
		case err != nil:
			return 0, err
		}
	}
	if l.size > 0 && l.size+int64(len(lines)) > l.most {
		if err := l.turn(); err != nil {
			return 0, err
		}
	}
	n, err := l.file.Write(lines)
	l.size += int64(n)
	return n, err
}

// open opens the file and writes what came too early.
func (l *logFile) open() error {
	if err := store.CheckPlace(l.dir); err != nil {
		return fmt.Errorf("cannot open the log: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(l.dir, logName), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("cannot open the log: %w", err)
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.Write(l.early)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("cannot go on with the log %s: %w", f.Name(), err), f.Close())
	}
	l.file, l.size, l.early = f, info.Size()+int64(len(l.early)), nil
	return nil
}

// turn begins a new file. What cannot be put aside is written on.
func (l *logFile) turn() error {
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("cannot close the log: %w", err)
	}
	l.file = nil
	moved := os.Rename(filepath.Join(l.dir, logName), filepath.Join(l.dir, olderLog))
	if err := l.open(); err != nil {
		return errors.Join(moved, err)
	}
	if moved != nil {
		l.size = 0 // tried again after as much as this
	}
	return nil
}

// Close closes the file, if there is one.
func (l *logFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}
