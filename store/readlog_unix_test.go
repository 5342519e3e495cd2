// SPDX-License-Identifier: Apache-2.0

//go:build unix

package store

import (
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestReadLogRefusesPipes: a pipe under a log's name is refused, not waited for.
func TestReadLogRefusesPipes(t *testing.T) {
	for name, file := range map[string]string{
		"segment": segmentName(2), "other name": "kept.ndjson", "copy": nameDB, "in journal": filepath.Join(dirJournal, segmentName(2)),
	} {
		t.Run(name, func(t *testing.T) {
			d := &disk{}
			dir := t.TempDir()
			if err := d.mkdir(filepath.Join(dir, dirJournal)); err != nil {
				t.Fatal(err)
			}
			if name == "segment" { // between others, so that not the first alone is looked at
				writeFile(t, filepath.Join(dir, segmentName(1)), script(t, 1)[0]+"\n")
			}
			if err := syscall.Mkfifo(filepath.Join(dir, file), 0o600); err != nil {
				t.Fatal(err)
			}
			var last error
			for _, last = range ReadLog(dir) {
			}
			if !errors.Is(last, ErrUnsafe) || !strings.Contains(last.Error(), filepath.Base(file)) {
				t.Errorf("got %v", last)
			}
		})
	}
}
