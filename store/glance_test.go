// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/quietsetup/quietsetup/store/storetest"
)

func TestTakeGlance(t *testing.T) {
	dir := newDir(t)
	if _, err := TakeGlance(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
	if _, err := TakeGlance(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty folder: %v", err)
	}
	s, _ := mustOpen(t, Options{Dir: dir})
	if g, err := TakeGlance(dir); err != nil || !g.InUse || g.Clean || g.Seq != 0 {
		t.Errorf("an empty log: %+v, %v", g, err)
	}
	storetest.Fill(t, s, 3)
	seq, sum := s.Last()
	long := storetest.Record(seq+1, sum, 300000)
	storetest.Put(t, s, long)
	g, err := TakeGlance(dir)
	if err != nil || !g.InUse || g.Seq != 4 || !g.At.Equal(long.At) {
		t.Errorf("a long last line: %+v, %v", g, err)
	}
	mustClose(t, s)
	before := fingerprint(t, dir)
	if g, err = TakeGlance(dir); err != nil || g.InUse || !g.Clean || g.Kept != 0 || g.Pending || g.Newer {
		t.Errorf("closed: %+v, %v", g, err)
	}
	if fingerprint(t, dir) != before {
		t.Error("it changed something")
	}
	writeFile(t, filepath.Join(dir, "log.db.corrupt-1"), "")
	writeFile(t, filepath.Join(dir, fileNotice), "{}")
	newer, err := seal(identity{Format: 9, Reader: 9, ID: "0123456789abcdef"})
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, fileIdentity), string(newer))
	remove(t, dir, fileClean)
	if g, err = TakeGlance(dir); err != nil || g.Clean || g.Kept != 1 || !g.Pending || !g.Newer {
		t.Errorf("spoiled: %+v, %v", g, err)
	}
	writeFile(t, lastSegment(t, dir), "rubbish\n")
	if _, err := TakeGlance(dir); err == nil {
		t.Error("rubbish was a record")
	}
}
