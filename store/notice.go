// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// notice keeps the findings that must not get lost before they are recorded: a
// fork, and lost records. It is durable before the first byte is mended, for
// afterwards nothing shows what was there. Every Open repeats it until a record
// of the input fork_observed was appended.
type notice struct {
	Fork *Fork `json:"fork,omitempty"`
	Lost *Lost `json:"lost,omitempty"`
	// Cut: the twins are still being cut back to Fork.Common. A stop in between
	// leaves one twin cut and the other not, which looks like one being behind.
	Cut bool `json:"cut,omitempty"`
}

const (
	fileNotice  = "notice.json"
	noticeInput = "fork_observed"
)

// readNotice returns what is still to be recorded. A notice that is not as
// it was written stands for the worst: that anything may be lost.
func readNotice(d *disk, dir string) (n notice, err error) {
	path := filepath.Join(dir, fileNotice)
	b, err := d.readSmall(path)
	if errors.Is(err, fs.ErrNotExist) {
		return n, nil
	}
	if err != nil {
		return n, fmt.Errorf("cannot read %s: %w", path, err)
	}
	return parseNotice(b), nil
}

func parseNotice(b []byte) (n notice) {
	if !unseal(b, &n) || n.Cut && n.Fork == nil {
		return notice{Lost: &Lost{From: 1, To: 1}}
	}
	return n
}

func (n notice) write(d *disk, dir string) error {
	b, err := seal(n)
	if err != nil {
		return err
	}
	return d.writeFile(filepath.Join(dir, fileNotice), b)
}

// dropNotice forgets the notice: it stands in the log now. When that fails it
// is merely told once more.
func (s *Store) dropNotice() {
	err := s.disk.remove(filepath.Join(s.opt.Dir, fileNotice))
	if err == nil {
		err = s.disk.syncDir(s.opt.Dir)
	}
	if err != nil {
		s.chore = fmt.Errorf("cannot remove %s: %w", fileNotice, err)
	}
}
