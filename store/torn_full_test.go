// SPDX-License-Identifier: Apache-2.0

package store

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/quietsetup/quietsetup/store/storetest"
)

// TestTornTailOnAFullDisk: a daemon that died on a full disk leaves a torn line,
// and the next one finds no room to put it aside. The store opens all the same,
// with every record that was acknowledged, and without the line.
func TestTornTailOnAFullDisk(t *testing.T) {
	dir := newDir(t)
	s, _ := mustOpen(t, Options{Dir: dir})
	want := storetest.Fill(t, s, 5)
	mustClose(t, s)
	path := filepath.Join(dir, dirJournal, segmentName(1))
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"v":1,"seq":6,"prod`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	torn := 0
	s, found := mustOpen(t, Options{Dir: dir, Seam: func(c Call) error {
		if c.Op == OpWrite && strings.Contains(c.Path, ".torn-") {
			torn++
			return &Torn{Written: 7, Err: syscall.ENOSPC}
		}
		return nil
	}})
	if torn != 1 || found.Torn != "" {
		t.Errorf("%d tries to put it aside, told: %+v", torn, found)
	}
	storetest.Equal(t, "opened", storetest.Lines(t, s.Records(1)), want)
	storetest.Put(t, s, storetest.Record(6, lastSum(s), 0))
	mustClose(t, s)
	left, err := filepath.Glob(filepath.Join(dir, dirJournal, "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("in the journal: %v, %v", left, err)
	}
}

func lastSum(s *Store) string {
	_, sum := s.Last()
	return sum
}
