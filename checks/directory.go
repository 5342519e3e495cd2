// SPDX-License-Identifier: Apache-2.0

package checks

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// ErrUnsafeDir is returned for a directory that may not be named as an install
// directory: it is not one exact place, or programs below it belong to the
// system or to everybody.
var ErrUnsafeDir = errors.New("not a directory to look for programs in")

// maxPath is the longest path that is read, in bytes.
const maxPath = 4096

// CheckDir returns an error that wraps ErrUnsafeDir if every program below dir
// must not be taken for a part of one product: dir is a root, a folder directly
// below one, a folder of the system or above one, a person's home, on another
// machine, or not written as one exact place. It does not look at the disk;
// links and short names must be followed before.
func CheckDir(rules PathRules, dir string) error {
	var err error
	if rules.windows {
		err = checkWindowsDir(dir)
	} else {
		err = checkUnixDir(dir)
	}
	if err != nil {
		return fmt.Errorf("directory %q: %w: %w", dir, err, ErrUnsafeDir)
	}
	return nil
}

// checkText refuses what no exact path is made of, on any system.
func checkText(dir string) error {
	switch {
	case strings.TrimSpace(dir) == "":
		return errors.New("empty")
	case len(dir) > maxPath:
		return errors.New("too long")
	case !utf8.ValidString(dir):
		return errors.New("not UTF-8")
	case strings.ContainsFunc(dir, hidden):
		return errors.New("holds a character that cannot be seen")
	case strings.ContainsAny(dir, "*?\"<>|"):
		return errors.New("patterns are not read")
	case strings.Contains(dir, "${") || strings.Contains(dir, "$("):
		return errors.New("variables are not read")
	}
	for _, part := range strings.FieldsFunc(dir, func(c rune) bool { return c == '/' || c == '\\' }) {
		if i := strings.IndexByte(part, '%'); i >= 0 && strings.IndexByte(part[i+1:], '%') > 0 {
			return errors.New("variables are not read")
		}
		if strings.TrimSpace(part) != part {
			return errors.New("a part begins or ends with a blank")
		}
	}
	return nil
}

func checkUnixDir(dir string) error {
	if err := checkText(dir); err != nil {
		return err
	}
	switch {
	case !strings.HasPrefix(dir, "/"):
		return errors.New("does not begin at the root")
	case strings.HasPrefix(dir, "//"):
		return errors.New("on another machine")
	case strings.ContainsRune(dir, '\\'):
		return errors.New(`"\" does not separate here`)
	case strings.ContainsRune(dir, '$'):
		return errors.New("variables are not read")
	case strings.HasSuffix(strings.TrimRight(dir, "/"), deletedSuffix):
		return errors.New("a name only the kernel gives")
	}
	// Some file systems do not count case, so a system folder is one in any case.
	parts := strings.FieldsFunc(strings.ToLower(dir), func(c rune) bool { return c == '/' })
	if err := checkParts(parts); err != nil {
		return err
	}
	return checkFolders(parts, unixFolders())
}

func checkWindowsDir(dir string) error {
	dir = trimDevicePrefix(dir)
	if err := checkText(dir); err != nil {
		return err
	}
	switch {
	case len(dir) >= 2 && isBackOrSlash(dir[0]) && isBackOrSlash(dir[1]):
		return errors.New("on another machine or a device")
	case len(dir) < 3 || !isDriveLetter(dir[0]) || dir[1] != ':' || !isBackOrSlash(dir[2]):
		return errors.New("does not begin with a drive and its root")
	case strings.ContainsRune(dir[2:], ':'):
		return errors.New(`a part holds ":"`)
	}
	parts := strings.FieldsFunc(string(appendWindowsKey(nil, dir[3:])), func(c rune) bool { return c == '\\' })
	for _, part := range parts {
		switch {
		case strings.HasSuffix(part, ".") && part != "." && part != "..":
			return errors.New("a part ends with a dot")
		case shortName(part):
			return errors.New("a short name that was not resolved")
		case deviceName(part):
			return errors.New("a device")
		}
	}
	if err := checkParts(parts); err != nil {
		return err
	}
	return checkFolders(parts, windowsFolders())
}

func checkParts(parts []string) error {
	if slices.Contains(parts, ".") || slices.Contains(parts, "..") {
		return errors.New("not a straight path")
	}
	if len(parts) == 0 {
		return errors.New("the root")
	}
	if len(parts) < 2 {
		return errors.New("a folder directly below the root")
	}
	return nil
}

// checkFolders refuses a directory that a folder of the list stands for, or
// that lies above one.
func checkFolders(parts []string, folders []folder) error {
	for _, f := range folders {
		n := 0
		for n < len(parts) && n < len(f.parts) && f.matches(n, parts[n]) {
			n++
		}
		switch {
		case n == len(f.parts) && (f.below || n == len(parts)):
			return errors.New(f.what)
		case n == len(parts):
			return errors.New("above " + f.what)
		}
	}
	return nil
}

// shortName reports a name such as PROGRA~1, which stands for another.
func shortName(part string) bool {
	base, ext, _ := strings.Cut(part, ".")
	stem, digits, found := strings.Cut(base, "~")
	return found && stem != "" && len(base) <= 8 && len(ext) <= 3 && digits != "" &&
		strings.Trim(digits, "0123456789") == ""
}

// deviceName reports the names that mean a device in every folder of Windows.
func deviceName(part string) bool {
	base, _, _ := strings.Cut(part, ".")
	base = strings.TrimRight(base, " ")
	if slices.Contains([]string{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}, base) {
		return true
	}
	n, ok := strings.CutPrefix(base, "COM")
	if !ok {
		n, ok = strings.CutPrefix(base, "LPT")
	}
	return ok && slices.Contains([]string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³"}, n)
}
