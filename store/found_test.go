// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/store/storetest"
)

// What the rigs have found, each in its smallest form.

// TestFoundSmallFiles: one changed bit made store.json name another store, made the
// store refuse to open for ever as one of a newer version, or made notice.json
// forget a fork; in the mark of a clean stop it let the log begin anew.
func TestFoundSmallFiles(t *testing.T) {
	dir, want := original(t)
	s, _ := mustOpen(t, Options{Dir: dir})
	id := s.ID()
	mustClose(t, s)
	if err := (notice{Fork: &Fork{Common: 3, Products: []string{"java"}}}).write(s.disk, dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{fileIdentity, fileNotice, fileClean} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for i := range b {
			d := copyDir(t, dir)
			patch(t, filepath.Join(d, name), int64(i), b[i]^1<<(i%8))
			what := fmt.Sprintf("%s, bit %d of byte %d", name, i%8, i)
			s, f, err := Open(Options{Dir: d, Probe: passProbe})
			if err != nil {
				t.Errorf("%s: %v", what, err)
				continue
			}
			if seq, _ := s.Last(); int(seq) != len(want) || s.ID() != id {
				t.Errorf("%s: store %s ends with record %d", what, s.ID(), seq)
			}
			if name == fileNotice && f.Lost == nil && f.Fork == nil || name != fileNotice && (f.Lost != nil || f.Fork == nil) {
				t.Errorf("%s: told as lost %v, as a fork %v", what, f.Lost, f.Fork)
			}
			drop(t, s)
			_ = os.RemoveAll(filepath.Dir(d))
		}
	}
}

// TestFoundIdentity: a changed byte of log.db's own name let the store never open again.
func TestFoundIdentity(t *testing.T) {
	dir, want := original(t)
	b, err := os.ReadFile(filepath.Join(dir, nameDB))
	if err != nil {
		t.Fatal(err)
	}
	probes := server{kind: "probes"}
	defer func() { _ = probes.end() }()
	n := 0
	for at := 0; at < len(b); at++ { // every place where the meta bucket stands or stood
		i := bytes.Index(b[at:], []byte("check"))
		if i < 0 {
			break
		}
		at += i
		for k := max(0, at-4); k < min(len(b), at+60); k++ {
			d := copyDir(t, dir)
			remove(t, d, fileClean)
			patch(t, filepath.Join(d, nameDB), int64(k), b[k]+1)
			s, f, err := Open(Options{Dir: d, Probe: probes.probe})
			if err != nil {
				t.Fatalf("byte %d: %v", k, err)
			}
			if seq, _ := s.Last(); int(seq) != len(want) || f.Lost != nil || f.Fork != nil {
				t.Errorf("byte %d: ends with %d, %+v", k, seq, f)
			}
			drop(t, s)
			_ = os.RemoveAll(filepath.Dir(d))
			n++
		}
	}
	if n == 0 {
		t.Error("log.db does not say what it is")
	}
}

// TestFoundArchive: a line that was missing, doubled or moved in the archive was not
// noticed by who reads the whole log.
func TestFoundArchive(t *testing.T) {
	dir, want := original(t)
	segs, err := listSegments(filepath.Join(dir, dirArchive))
	if err != nil || len(segs) == 0 {
		t.Fatal(segs, err)
	}
	noticed := 0
	for _, m := range ofLines() {
		for seed := range uint64(8) {
			d := copyDir(t, dir)
			did, err := mutate(filepath.Join(d, dirArchive, segmentName(segs[0])), m, rand.New(rand.NewPCG(seed, 1)))
			if err != nil {
				t.Fatal(err)
			}
			s, _ := mustOpen(t, Options{Dir: d})
			var got []string
			var r events.Record
			for r, err = range s.Records(1) {
				if err == nil {
					got = append(got, storetest.Line(t, r))
				}
			}
			if err == nil {
				storetest.Equal(t, fmt.Sprintf("%s, seed %d", m.name, seed), got, want)
			} else if !did || !errors.Is(err, ErrDamaged) && !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s, seed %d: %v", m.name, seed, err)
			} else {
				noticed++
			}
			drop(t, s)
		}
	}
	if noticed < 10 {
		t.Errorf("only %d noticed", noticed)
	}
}

// TestFoundTails: what stands behind the last record of the journal, with log.db
// sound and not.
func TestFoundTails(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, d string, lines [][]byte)
		lost  bool
	}{
		// Told as a loss, though log.db is sound and the lines are known.
		"a line twice": {func(t *testing.T, d string, l [][]byte) {
			writeFile(t, lastSegment(t, d), string(bytes.Join(append(l, l[len(l)-1]), nil)))
		}, false},
		"an end twice": {func(t *testing.T, d string, l [][]byte) {
			all := bytes.Join(l, nil)
			writeFile(t, lastSegment(t, d), string(all)+string(all[len(l[0])/2:]))
		}, false},
		// Not told, though nothing says any more where the log ended.
		"log.db and the current segment empty": {func(t *testing.T, d string, _ [][]byte) {
			writeFile(t, filepath.Join(d, nameDB), "")
			writeFile(t, lastSegment(t, d), "")
		}, true},
		"log.db a commit back, the last line torn": {func(t *testing.T, d string, l [][]byte) {
			spoilMeta(t, d)
			cutFile(t, lastSegment(t, d), int64(len(l[len(l)-1])/2))
		}, true},
		"log.db a commit back, the current segment empty": {func(t *testing.T, d string, _ [][]byte) {
			spoilMeta(t, d)
			writeFile(t, lastSegment(t, d), "")
		}, true},
		"log.db a commit back": {func(t *testing.T, d string, _ [][]byte) { spoilMeta(t, d) }, false},
		"log.db gone, the last line torn": {func(t *testing.T, d string, _ [][]byte) {
			remove(t, d, nameDB)
			cutFile(t, lastSegment(t, d), 20)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir, want := original(t)
			remove(t, dir, fileClean)
			b, err := os.ReadFile(lastSegment(t, dir))
			if err != nil {
				t.Fatal(err)
			}
			lines := bytes.SplitAfter(b, []byte("\n"))
			c.spoil(t, dir, lines[:len(lines)-1])
			s, f := mustOpen(t, Options{Dir: dir, Probe: childProbe})
			if (f.Lost != nil) != c.lost || f.Fork != nil {
				t.Errorf("lost %v, fork %v", f.Lost, f.Fork)
			}
			if seq, _ := s.Last(); !c.lost {
				storetest.Equal(t, "all", storetest.Lines(t, s.Records(1)), want)
			} else if int(seq) >= len(want) {
				t.Errorf("nothing is lost: %d", seq)
			}
		})
	}
}

// spoilMeta breaks the newer of the two pages that say where log.db ends.
func spoilMeta(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, nameDB)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	old := rolledBack(bytes.Clone(b))
	for i := range b {
		if b[i] != old[i] {
			patch(t, path, int64(i), b[i]+1)
			break
		}
	}
	if worn, err := metaWorn(path, os.Getpagesize()); err != nil || !worn {
		t.Fatal(errors.Join(err, errors.New("the file is as before")))
	}
}

// TestFoundFullDiskByName: where bbolt could not make its file longer, the full disk
// was told in words alone. Recovering then wanted to write both twins anew, for
// which there was no room.
func TestFoundFullDiskByName(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		s := &Store{}
		err := s.fail(nil, named(fmt.Errorf("file resize error: %s", &os.PathError{Op: "truncate", Path: "log.db", Err: errno})))
		if !errors.Is(err, errno) || s.renew {
			t.Errorf("%v, writes anew: %v", err, s.renew)
		}
	}
	if named(nil) != nil || errors.Is(named(syscall.EIO), syscall.ENOSPC) {
		t.Error("an error that is none")
	}
}
