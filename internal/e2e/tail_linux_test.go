// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// tail follows the journal of a daemon, from outside. It sees a record as soon as
// its bytes are in the file, which is before it is durable.
type tail struct {
	path   string
	at     int64 // read up to here
	notify int   // inotify of the journal
	gone   int   // inotify of the outcomes' folder
}

// outcomeRemoved is a moment like an event: an attempt's file was deleted.
const outcomeRemoved = "outcome removed"

// follow begins at the journal's end. The daemon must have run once.
func (m *machine) follow() *tail {
	m.t.Helper()
	t := &tail{path: filepath.Join(m.state, "journal", "00000001.ndjson")}
	outcomes := filepath.Join(m.state, "outcome")
	if err := os.MkdirAll(outcomes, 0o700); err != nil {
		m.t.Fatal(err)
	}
	t.notify = m.watch(filepath.Dir(t.path), unix.IN_MODIFY)
	t.gone = m.watch(outcomes, unix.IN_DELETE)
	return t
}

func (m *machine) watch(dir string, mask uint32) int {
	m.t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err == nil {
		_, err = unix.InotifyAddWatch(fd, dir, mask)
	}
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// skip forgets what was written until now.
func (t *tail) skip() {
	t.read()
	t.deleted()
}

// deleted reports whether an attempt's file was deleted since it was last asked.
func (t *tail) deleted() bool {
	var b [4096]byte
	n, err := unix.Read(t.gone, b[:])
	return err == nil && bytes.Contains(b[:n], []byte(".json\x00"))
}

// await returns as soon as an event of the kind is written, false after the limit.
func (t *tail) await(kind string, limit time.Duration) bool {
	want := []byte(`{"type":"` + kind + `",`)
	for end := time.Now().Add(limit); ; {
		if kind == outcomeRemoved && t.deleted() || bytes.Contains(t.read(), want) {
			return true
		}
		left := time.Until(end)
		if left <= 0 {
			return false
		}
		fds := []unix.PollFd{{Fd: int32(t.notify), Events: unix.POLLIN}, {Fd: int32(t.gone), Events: unix.POLLIN}}
		_, _ = unix.Poll(fds, int(left.Milliseconds())+1) // interrupted is as good as early
		var drop [4096]byte
		_, _ = unix.Read(t.notify, drop[:])
	}
}

// read returns what was added. A torn line that a start has cut off is forgotten.
func (t *tail) read() []byte {
	f, err := os.Open(t.path)
	if err != nil {
		return nil
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() < t.at {
		t.at = info.Size()
	}
	text, err := io.ReadAll(io.NewSectionReader(f, t.at, 1<<30))
	if err != nil {
		return nil
	}
	t.at += int64(len(text))
	return text
}
