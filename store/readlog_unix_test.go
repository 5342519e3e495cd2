// SPDX-License-Identifier: Apache-2.0

//go:build unix

package store

import (
	"errors"
	"hash/maphash"
	"os"
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

// TestOpenNeverWaits: a pipe that takes a file's place after the look is refused,
// whatever the file is opened for; with O_RDONLY or O_WRONLY alone the opening would
// wait for the other end.
func TestOpenNeverWaits(t *testing.T) {
	path := filepath.Join(t.TempDir(), nameDB)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	for what, open := range map[string]func() (*os.File, error){
		"own log.db":        func() (*os.File, error) { return openOwn(path, os.O_RDONLY, 0) },
		"own log.db, write": func() (*os.File, error) { return openOwn(path, os.O_RDWR, fileMode) },
		"any log.db":        func() (*os.File, error) { return openAny(path, os.O_RDONLY, 0) },
		"plain":             func() (*os.File, error) { return openPlain(path) },
	} {
		if f, err := open(); !errors.Is(err, ErrUnsafe) {
			t.Errorf("%s: %v, %v", what, f, err)
		}
	}
	if _, err := readAt(path, 0, 1); !errors.Is(err, ErrUnsafe) {
		t.Errorf("a line of it: %v", err)
	}
	if f, err := openOwn(path, os.O_WRONLY, fileMode); err == nil {
		t.Errorf("%s is opened to append", f.Name())
	}
}

// TestOwnFilesAreNoLinks: what is read from raw bytes is the store's own file, not
// what a link leads to that took its place.
func TestOwnFilesAreNoLinks(t *testing.T) {
	dir := t.TempDir()
	evil := writeFile(t, filepath.Join(dir, "evil"), strings.Join(script(t, 3), "\n")+"\n")
	link := filepath.Join(dir, nameDB)
	if err := os.Symlink(evil, link); err != nil {
		t.Fatal(err)
	}
	seed := maphash.MakeSeed()
	if got, err := salvage(readOwn, evil, seed); err != nil || len(got.links) != 3 {
		t.Fatalf("the file itself: %v, %v", got, err)
	}
	if got, err := salvage(readOwn, link, seed); err == nil {
		t.Errorf("%d records of a link's target are believed", len(got.links))
	}
	if worn, err := metaWorn(link, os.Getpagesize()); err == nil {
		t.Errorf("a link's target is asked for its end: %v", worn)
	}
}
