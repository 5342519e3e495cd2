// SPDX-License-Identifier: Apache-2.0

package checks

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// PathRules says how a system reads paths. The zero value is Unix.
type PathRules struct{ windows bool }

// Unix returns the rules of Linux and macOS: "/" separates, case counts.
func Unix() PathRules { return PathRules{} }

// Windows returns the rules of Windows: "\" and "/" separate, case does not
// count in any script, "\\?\" means nothing.
func Windows() PathRules { return PathRules{windows: true} }

// deletedSuffix is what the Linux kernel adds to the path of a running
// executable whose file was removed or replaced.
const deletedSuffix = " (deleted)"

// Clean returns the path of an executable as the system means it, for people
// and for comparing with Same: without the kernel's mark of a deleted file and
// without the prefix "\\?\".
func (r PathRules) Clean(exe string) string {
	if !r.windows {
		return strings.TrimSuffix(exe, deletedSuffix)
	}
	return trimDevicePrefix(exe)
}

// Base returns the file name of an executable's path.
func (r PathRules) Base(exe string) string {
	exe = r.Clean(exe)
	if r.windows {
		return exe[strings.LastIndexAny(exe, `\/`)+1:]
	}
	return exe[strings.LastIndexByte(exe, '/')+1:]
}

// Same reports whether two paths are the same by these rules. It does not look
// at the disk: links are different paths.
func (r PathRules) Same(a, b string) bool {
	return a == b || string(r.appendKey(nil, a)) == string(r.appendKey(nil, b))
}

// Within reports whether path is dir or lies below it, by these rules. Nothing
// lies within "" or a root: that would be everything.
func (r PathRules) Within(dir, path string) bool {
	above := string(r.appendKey(nil, dir))
	if above == "" || r.windows && len(above) == 2 && above[1] == ':' {
		return false
	}
	rest, ok := strings.CutPrefix(string(r.appendKey(nil, path)), above)
	return ok && (rest == "" || strings.HasPrefix(rest, r.separator()))
}

// IsAbs reports whether a path names one place without anything else being known.
func (r PathRules) IsAbs(path string) bool {
	if !r.windows {
		return strings.HasPrefix(path, "/")
	}
	path = trimDevicePrefix(path)
	return len(path) >= 3 && isDriveLetter(path[0]) && path[1] == ':' && isBackOrSlash(path[2]) ||
		len(path) > 2 && isBackOrSlash(path[0]) && isBackOrSlash(path[1])
}

// Private reports whether a path gives away who uses the machine: it lies in a
// home directory or on a medium that is mounted for one person.
func (r PathRules) Private(path string) bool {
	parts := strings.Split(string(r.appendKey(nil, path)), r.separator())
	if r.windows {
		return len(parts) > 2 && len(parts[0]) == 2 && slices.Contains([]string{"USERS", "DOCUMENTS AND SETTINGS"}, parts[1])
	}
	parts = parts[1:]
	for _, home := range [][]string{{"home"}, {"root"}, {"Users"}, {"var", "home"}, {"export", "home"}, {"media"}, {"run", "media"}} {
		if len(parts) > len(home) && slices.Equal(parts[:len(home)], home) {
			return true
		}
	}
	return false
}

func (r PathRules) separator() string {
	if r.windows {
		return `\`
	}
	return "/"
}

// hasSeparator reports whether s is more than one file name.
func (r PathRules) hasSeparator(s string) bool {
	return strings.ContainsRune(s, '/') || r.windows && strings.ContainsAny(s, `\:`)
}

// appendKey appends the form of path that is compared: separators single and
// of one kind, none at the end, case folded where it does not count. The root
// of a Unix system becomes "", that of a drive "C:".
func (r PathRules) appendKey(dst []byte, path string) []byte {
	if r.windows {
		return appendWindowsKey(dst, path)
	}
	for i := 0; i < len(path); i++ {
		if path[i] != '/' {
			dst = append(dst, path[i])
		} else if i+1 < len(path) && path[i+1] != '/' {
			dst = append(dst, '/')
		}
	}
	return dst
}

func appendWindowsKey(dst []byte, path string) []byte {
	path = trimDevicePrefix(path)
	start := len(dst)
	for i := 0; i < len(path); {
		c := path[i]
		switch {
		case 'a' <= c && c <= 'z':
			dst = append(dst, c-('a'-'A')) // upper case is the smallest of an ASCII letter's fold
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(path[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(dst, c) // not UTF-8: only equal to itself
			} else {
				dst = utf8.AppendRune(dst, smallestFold(r))
			}
			i += n
			continue
		case c == '\\' || c == '/':
			// Doubled separators mean one, but for the two that begin a UNC path.
			if len(dst)-start <= 1 || dst[len(dst)-1] != '\\' {
				dst = append(dst, '\\')
			}
		default:
			dst = append(dst, c)
		}
		i++
	}
	for len(dst) > start && dst[len(dst)-1] == '\\' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// smallestFold returns the smallest rune that equals r when case does not count.
func smallestFold(r rune) rune {
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	return least
}

// trimDevicePrefix takes away the prefixes that tell Windows to read the rest
// of a path as it stands.
func trimDevicePrefix(path string) string {
	if len(path) < 4 || !isBackOrSlash(path[0]) || !isBackOrSlash(path[3]) {
		return path
	}
	if !(isBackOrSlash(path[1]) && path[2] == '?' || path[1] == '?' && path[2] == '?') {
		return path
	}
	rest := path[4:]
	if len(rest) >= 4 && strings.EqualFold(rest[:3], "UNC") && isBackOrSlash(rest[3]) {
		return `\` + rest[3:]
	}
	return rest
}

func isBackOrSlash(c byte) bool { return c == '\\' || c == '/' }

func isDriveLetter(c byte) bool { return 'A' <= c&^0x20 && c&^0x20 <= 'Z' }
