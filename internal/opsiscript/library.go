// SPDX-License-Identifier: Apache-2.0

package opsiscript

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Limits of the search; what lies beyond is not a script of a sane package.
const (
	maxScripts = 500
	maxScript  = 1 << 20 // bytes of a script
	maxDepth   = 4
)

// AsksTwice says why users would be asked once more after we have asked them, ""
// if they would not. theirs is the config id opsi-script.backgroundinstall.active:
// opsi-script's own check, which is in its Windows build alone. scripts are what
// AsksItself found. Such a product can be run when nobody is there.
func AsksTwice(system string, theirs bool, scripts []string) string {
	switch {
	case theirs && system == "windows":
		return "opsi-script asks users itself: its own background check is on for this client (opsi-script.backgroundinstall.active)"
	case len(scripts) > 0:
		return "the script " + scripts[0] + " asks users itself: it imports the library uib_win_background_install"
	}
	return ""
}

// AsksItself finds the scripts below a package's folder that ask users themselves:
// they import the library with which background installation was tried out before
// opsi-script had it. Such a product would ask twice, and its own asking knows no
// deferral of ours. The paths are below folder.
func AsksItself(folder fs.FS) ([]string, error) {
	var found []string
	n := 0
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.Count(name, "/") >= maxDepth:
			return fs.SkipDir
		case !d.Type().IsRegular() || !isScript(name):
			return nil
		}
		if n++; n > maxScripts {
			return fs.SkipAll
		}
		f, err := folder.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		text, err := io.ReadAll(io.LimitReader(f, maxScript))
		if err != nil {
			return err
		}
		if importsCheck(string(text)) {
			found = append(found, name)
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot search the scripts for a check of their own: %w", err)
	}
	return found, nil
}

func isScript(name string) bool {
	return slices.Contains([]string{".opsiscript", ".opsiinc", ".opsifunc", ".ins", ".opsilib"}, strings.ToLower(path.Ext(name)))
}

// importsCheck looks for the statement at the beginning of a line, so that a
// comment is none. UTF-16 has a zero beside each letter.
func importsCheck(text string) bool {
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\x00", "")
	return regexp.MustCompile(`(?im)^[^\S\n]*importlib\s*\(?\s*["']?(?:[^"'\n]*[\\/])?uib_win_background_install(?:\.\w+)?["'\s)]*$`).MatchString(text)
}
