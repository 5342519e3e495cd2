// SPDX-License-Identifier: Apache-2.0

//go:build unix

package prompts

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/quietsetup/quietsetup/internal/needs"
)

func TestKeyIsKept(t *testing.T) {
	dir := t.TempDir()
	first, err := LoadKey(dir)
	if err != nil || len(first) != keySize {
		t.Fatalf("got %d bytes, %v", len(first), err)
	}
	again, err := LoadKey(dir)
	if err != nil || !bytes.Equal(first, again) {
		t.Errorf("the second time it is another key, %v", err)
	}
	other, err := LoadKey(t.TempDir())
	if err != nil || bytes.Equal(first, other) {
		t.Errorf("another directory has the same key, %v", err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Errorf("there are %d files, %v", len(files), err)
	}
}

func TestBadKeysAreRefused(t *testing.T) {
	good := bytes.Repeat([]byte{1}, keySize)
	for name, make := range map[string]func(path string) error{
		"readable by others": func(p string) error { return os.WriteFile(p, good, 0o644) },
		"short":              func(p string) error { return os.WriteFile(p, good[1:], 0o600) },
		"long":               func(p string) error { return os.WriteFile(p, append(good, 1), 0o600) },
		"empty":              func(p string) error { return os.WriteFile(p, nil, 0o600) },
		"a folder":           func(p string) error { return os.Mkdir(p, 0o700) },
		"a link": func(p string) error {
			if err := os.WriteFile(p+".real", good, 0o600); err != nil {
				return err
			}
			return os.Symlink(filepath.Base(p)+".real", p)
		},
		"with another name": func(p string) error {
			if err := os.WriteFile(p, good, 0o600); err != nil {
				return err
			}
			return os.Link(p, p+".also")
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := make(filepath.Join(dir, keyFile)); err != nil {
				t.Fatal(err)
			}
			if _, err := LoadKey(dir); err == nil {
				t.Error("the key is used")
			}
		})
	}
	if _, err := LoadKey(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("there is a key without a directory")
	}
}

func TestKeyOfAnotherUser(t *testing.T) {
	needs.Root(t)
	dir := t.TempDir()
	if _, err := LoadKey(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(filepath.Join(dir, keyFile), 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKey(dir); err == nil {
		t.Error("another user's key is used")
	}
}
