// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// memory makes a second run quick, and one that was stopped go on. A test that
// noticed a mutant is run first the next time; only with -believe is it not run at
// all. That a mutant lived is believed while nothing in the whole tree changed.
type memory struct {
	dir  string
	tree string
}

func (m memory) noticedBy(source string) string {
	text, err := os.ReadFile(filepath.Join(m.dir, source+".noticed"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func (m memory) lived(source string) bool {
	text, err := os.ReadFile(filepath.Join(m.dir, source+".lived"))
	return err == nil && string(text) == m.tree
}

func (m memory) keepNoticed(source, test string) error {
	if test == "" {
		return nil
	}
	return os.WriteFile(filepath.Join(m.dir, source+".noticed"), []byte(test+"\n"), 0o644)
}

func (m memory) keepLived(source string) error {
	return os.WriteFile(filepath.Join(m.dir, source+".lived"), []byte(m.tree), 0o644)
}

// hashSource names what a package does: its files without its tests.
func hashSource(dir string) (string, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %d\n%s", filepath.Base(name), len(text), text)
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

// hashTree names everything a test can depend on in the tree: Go files and what
// lies in testdata.
func hashTree(root string) (string, error) {
	h := sha256.New()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != root && strings.HasPrefix(name, ".") || path == "internal/mutation" {
				return filepath.SkipDir
			}
			return nil
		}
		base := filepath.Base(path)
		if !d.Type().IsRegular() || filepath.Ext(path) != ".go" && base != "go.mod" && base != "go.sum" && !strings.Contains(filepath.ToSlash(path), "/testdata/") {
			return nil
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // somebody else's file that went meanwhile
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%s %d\n%s", path, len(text), text)
		return nil
	})
	return hex.EncodeToString(h.Sum(nil)[:16]), err
}
