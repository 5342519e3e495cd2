// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// cutMark stands where output was left out.
const cutMark = "\n[... output left out ...]\n"

// logPoll is how often a growing log is looked at.
const logPoll = 100 * time.Millisecond

// createLog makes the file an installer prints to. The installer gets the file
// itself and not a pipe: a pipe would kill it when its reader, the supervisor,
// is killed, and would hang what it leaves running.
func (f *folder) createLog(token string) (*os.File, error) {
	name := token + endLog
	if err := removeName(f.root, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot replace %s: %w", f.name(name), err)
	}
	file, err := f.root.OpenFile(name, logFlags|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot create %s: %w", f.name(name), err)
	}
	return file, nil
}

// cutLog bounds a log that nobody watches any more.
func (f *folder) cutLog(name string) error {
	file, err := f.root.OpenFile(name, logFlags, 0)
	if err != nil {
		return fmt.Errorf("cannot cut %s: %w", f.name(name), err)
	}
	err = cut(file, maxLog)
	if cerr := file.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("cannot cut %s: %w", f.name(name), err)
	}
	return nil
}

// cut brings a log that is longer than most down to three quarters of it: the
// beginning and the end stay. The file is written by others meanwhile, in append
// mode; a line they add at this very moment may be lost.
func cut(file *os.File, most int64) error {
	info, err := file.Stat()
	if err != nil || info.Size() <= most {
		return err
	}
	tail := make([]byte, most/4-int64(len(cutMark)))
	n, err := file.ReadAt(tail, info.Size()-int64(len(tail)))
	if err != nil && err != io.EOF {
		return err
	}
	tail = tail[:n]
	if i := bytes.IndexByte(tail, '\n'); i >= 0 && i < len(tail)/2 {
		tail = tail[i+1:]
	}
	if err := file.Truncate(most / 2); err != nil {
		return err
	}
	return add(file, append([]byte(cutMark), tail...))
}

// add writes at the end of a log.
func add(file *os.File, text []byte) error {
	if _, err := file.Seek(0, io.SeekEnd); err != nil {
		return err
	}
	_, err := file.Write(text)
	return err
}

// watchLog keeps a log short until stop is closed. A failure to cut is no reason
// to disturb the installer; the next look tries again.
func watchLog(file *os.File, most int64, stop <-chan struct{}) error {
	t := time.NewTicker(logPoll)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			_ = cut(file, most)
		case <-stop:
			return cut(file, most)
		}
	}
}
