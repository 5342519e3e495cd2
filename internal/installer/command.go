// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/quietsetup/quietsetup/events"
)

// environment is an installer's environment.
func (s Spec) environment() []string {
	return append(append(fixedEnv(),
		"QUIETSETUP_PRODUCT="+s.Product,
		"QUIETSETUP_ACTION="+string(s.Action),
		"QUIETSETUP_TOKEN="+s.Token,
	), s.Env...)
}

// checkEnv refuses additions that would change what a fixed variable means.
func checkEnv(env []string) error {
	fixed := Spec{Action: events.ActionNone}.environment()
	for _, e := range env {
		name, _, ok := strings.Cut(e, "=")
		if !ok || !variableName(name) || strings.ContainsRune(e, 0) || !utf8.ValidString(e) {
			return fmt.Errorf("%w: %.80q is not NAME=value", ErrSpec, e)
		}
		taken := slices.ContainsFunc(fixed, func(f string) bool {
			other, _, _ := strings.Cut(f, "=")
			return sameVariable(other, name)
		})
		if taken || strings.HasPrefix(name, "LD_") || strings.HasPrefix(name, "DYLD_") {
			return fmt.Errorf("%w: the variable %s cannot be set", ErrSpec, name)
		}
	}
	return nil
}

func variableName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// resolve finds the file that argv[0] names. What is not absolute stays inside
// dir, symlinks included, or comes from the fixed PATH.
func resolve(dir, name string) (string, error) {
	if info, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("cannot use the package's folder: %w", err)
	} else if !info.IsDir() {
		return "", fmt.Errorf("cannot use the package's folder: %s is not a directory", dir)
	}
	if filepath.IsAbs(name) {
		path := filepath.Clean(name)
		info, err := os.Stat(path)
		if err != nil {
			return "", fmt.Errorf("cannot run the command: %w", err)
		}
		return path, runnable(path, info)
	}
	if !strings.ContainsRune(name, '/') && !strings.ContainsRune(name, filepath.Separator) {
		for _, d := range programFolders() {
			for _, file := range spellings(name) {
				path := filepath.Join(d, file)
				if info, err := os.Stat(path); err == nil && runnable(path, info) == nil {
					return path, nil
				}
			}
		}
	}
	return inside(dir, name)
}

// inside resolves a path below dir. os.Root follows no symlink out of it.
func inside(dir, name string) (string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", fmt.Errorf("cannot use the package's folder: %w", err)
	}
	defer root.Close()
	name = filepath.Clean(name)
	if !filepath.IsLocal(name) {
		return "", fmt.Errorf("cannot run the command: %.200q leads out of the package's folder", name)
	}
	var missing error
	for _, file := range spellings(name) {
		info, err := root.Stat(file)
		if err == nil {
			path := filepath.Join(dir, file)
			return path, runnable(path, info)
		}
		if missing == nil {
			missing = err
		}
	}
	return "", fmt.Errorf("cannot run the command in %s: %w", dir, missing)
}

func runnable(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("cannot run %s: it is not a file", path)
	}
	if !program(path, info.Mode()) {
		return fmt.Errorf("cannot run %s: it is not executable", path)
	}
	return nil
}
