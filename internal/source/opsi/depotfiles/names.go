// SPDX-License-Identifier: Apache-2.0

package depotfiles

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"unicode"
	"unicode/utf16"
)

// Limits of names. 255 is what file systems take for one part: bytes on Linux,
// UTF-16 units on Windows.
const (
	maxName  = 1024
	maxPart  = 255
	maxDepth = 32
)

// Names are what the names of files mean on a system.
type Names struct {
	Windows  bool // devices, forbidden characters, what is dropped from an end
	FoldCase bool // names that differ in case only are one
}

// NamesHere are those of this machine.
func NamesHere() Names {
	return Names{Windows: runtime.GOOS == "windows", FoldCase: runtime.GOOS == "windows" || runtime.GOOS == "darwin"}
}

// Check returns nil for a name that means one file below a folder and nothing else,
// to the system and to whoever reads it on a screen.
func (n Names) Check(name string) error {
	if name == "" {
		return errors.New("a name is empty")
	}
	if len(name) > maxName {
		return fmt.Errorf("the name is longer than %d bytes", maxName)
	}
	parts := strings.Split(name, "/")
	if len(parts) > maxDepth {
		return fmt.Errorf("it lies deeper than %d folders", maxDepth)
	}
	if len(name) >= 2 && name[1] == ':' && (name[0]|0x20) >= 'a' && (name[0]|0x20) <= 'z' {
		return errors.New("the name begins with a drive of Windows")
	}
	for _, c := range name {
		switch {
		case c == '\\':
			return errors.New("the name holds a backslash, which separates folders on Windows")
		case c == unicode.ReplacementChar, unicode.IsControl(c), unicode.In(c, unicode.Cf, unicode.Zl, unicode.Zp):
			return errors.New("the name holds a control character")
		}
	}
	for _, p := range parts {
		if err := n.part(p); err != nil {
			return err
		}
	}
	return nil
}

func (n Names) part(p string) error {
	switch {
	case p == "":
		return errors.New("the name begins or ends with a slash, or has two in a row")
	case p == "." || p == "..":
		return errors.New("the name leads through \".\" or \"..\"")
	case len(p) > maxPart && !n.Windows || len(utf16.Encode([]rune(p))) > maxPart:
		return fmt.Errorf("a part of the name is longer than %d", maxPart)
	case !n.Windows:
		return nil
	case strings.ContainsAny(p, `<>:"|?*`):
		return errors.New("the name holds a character that Windows does not allow")
	case strings.HasSuffix(p, ".") || strings.HasSuffix(p, " "):
		return errors.New("a part of the name ends with a dot or blank, which Windows drops")
	case device(p):
		return errors.New("the name is that of a device of Windows")
	}
	return nil
}

// device reports whether Windows takes a part, with any extension and in any case,
// for a device ("Naming Files, Paths, and Namespaces"; the raised digits too).
func device(p string) bool {
	base, _, _ := strings.Cut(p, ".")
	base = strings.ToLower(strings.TrimRight(base, " "))
	switch base {
	case "con", "prn", "aux", "nul", "conin$", "conout$":
		return true
	}
	rest, ok := strings.CutPrefix(base, "com")
	if !ok {
		rest, ok = strings.CutPrefix(base, "lpt")
	}
	return ok && len([]rune(rest)) == 1 && strings.ContainsAny(rest, "0123456789¹²³")
}

// key is the same for names that the system takes for one.
func (n Names) key(name string) string {
	if !n.FoldCase {
		return name
	}
	return strings.Map(func(c rune) rune {
		least := c
		for next := unicode.SimpleFold(c); next != c; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, name)
}

// tree are the names of a list.
type tree struct {
	names   Names
	spelled map[string]string // by key
	kinds   map[string]byte   // by name: d, f or l
}

// add takes a name in, with the folders above it.
func (t *tree) add(name string, kind byte) error {
	if err := t.names.Check(name); err != nil {
		return err
	}
	for i, c := range name {
		if c == '/' {
			if err := t.put(name[:i], 'd', false); err != nil {
				return err
			}
		}
	}
	return t.put(name, kind, true)
}

func (t *tree) put(name string, kind byte, listed bool) error {
	key := t.names.key(name)
	if other, ok := t.spelled[key]; ok && other != name {
		return fmt.Errorf("this system takes it for the same as %.300q", other)
	}
	before, ok := t.kinds[name]
	switch {
	case !ok:
		t.spelled[key], t.kinds[name] = name, kind
	case before != kind:
		return errors.New("it is listed as a folder and as something else")
	case listed && kind != 'd':
		return errors.New("it is listed twice")
	}
	return nil
}
