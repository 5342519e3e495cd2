// SPDX-License-Identifier: Apache-2.0

package checks

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The words a rule begins with; what follows is the package's own text.
const (
	ruleDir     = "dir "
	ruleProcess = "process "
)

// ErrName is returned for an entry of a package's list of programs that is
// neither a file name nor an absolute path.
var ErrName = errors.New("not a program's name or absolute path")

// Place is a directory or an executable on disk that a rule speaks of. A host
// compares places by device and inode where paths do not tell.
type Place struct {
	Path string // absolute, links resolved where a resolver was given
	Rule string // the rule a hit is put down to
	Dir  bool   // a directory with everything below it, else one file
}

// Matcher tells whether a program's path is one of those a package speaks of.
// It does not change and may be used by several goroutines at once.
type Matcher struct {
	rules  PathRules
	dirs   map[string]string // folded directory -> rule
	files  map[string]string // folded full path -> rule
	names  map[string]string // folded file name -> rule
	filter filter            // holds the keys of all three maps
	places []Place
}

// NewMatcher returns a matcher for install directories and programs. A name is
// a file name or an absolute path; empty entries are passed over. resolve, if
// not nil, returns where a path really lies with all links followed; both forms
// are matched. Every directory must pass CheckDir in both forms: no matcher can
// be made that finds the programs of the system itself.
func NewMatcher(rules PathRules, dirs, names []string, resolve func(path string) (string, error)) (*Matcher, error) {
	m := &Matcher{rules: rules, dirs: map[string]string{}, files: map[string]string{}, names: map[string]string{}}
	for _, dir := range dirs {
		if dir == "" {
			continue
		}
		if err := CheckDir(rules, dir); err != nil {
			return nil, err
		}
		real, err := follow(resolve, dir)
		if err != nil {
			return nil, err
		}
		if err := CheckDir(rules, real); err != nil {
			return nil, fmt.Errorf("directory %q leads elsewhere: %w", dir, err)
		}
		m.add(m.dirs, ruleDir+dir, dir, real)
		m.places = append(m.places, Place{Path: real, Rule: ruleDir + dir, Dir: true})
	}
	for _, name := range names {
		if name == "" {
			continue
		}
		if err := checkName(rules, name); err != nil {
			return nil, err
		}
		if !rules.IsAbs(name) {
			m.add(m.names, ruleProcess+name, name)
			continue
		}
		real, err := follow(resolve, name)
		if err != nil {
			return nil, err
		}
		m.add(m.files, ruleProcess+name, name, real)
		m.places = append(m.places, Place{Path: real, Rule: ruleProcess + name})
	}
	return m, nil
}

func follow(resolve func(string) (string, error), path string) (string, error) {
	if resolve == nil {
		return path, nil
	}
	real, err := resolve(path)
	if err != nil {
		return "", fmt.Errorf("cannot find out where %q lies: %w", path, err)
	}
	return real, nil
}

func (m *Matcher) add(to map[string]string, rule string, paths ...string) {
	for _, p := range paths {
		key := m.rules.appendKey(nil, p)
		if _, ok := to[string(key)]; !ok { // the first of equal entries gives its name
			to[string(key)] = rule
			m.filter.add(key)
		}
	}
}

// Empty reports whether there is nothing to look for.
func (m *Matcher) Empty() bool { return len(m.dirs)+len(m.files)+len(m.names) == 0 }

// Places returns the directories and files the rules speak of, in their order.
func (m *Matcher) Places() []Place { return m.places }

// Match returns the rule that an executable's path falls under. A rule that
// names the program goes before one that names its directory, a directory
// before those above it. It allocates nothing for paths of up to 512 bytes.
func (m *Matcher) Match(exe string) (rule string, ok bool) {
	var room [512]byte
	sep := byte('\\')
	if !m.rules.windows {
		sep, exe = '/', m.rules.Clean(exe)
	}
	key := m.rules.appendKey(room[:0], exe)
	base, found := 0, "" // where the file name begins; the rule of the deepest directory so far
	for {
		n := bytes.IndexByte(key[base:], sep)
		if n < 0 {
			break
		}
		if dir := key[:base+n]; m.filter.has(dir) {
			if rule, ok := m.dirs[string(dir)]; ok {
				found = rule
			}
		}
		base += n + 1
	}
	if rule, ok := m.named(key, key[base:]); ok {
		return rule, true
	}
	return found, found != ""
}

// MatchName returns the rule that names a program by the file name of its
// executable alone. It is for a program whose path means something else on
// this machine than where the program runs, as in a container.
func (m *Matcher) MatchName(exe string) (rule string, ok bool) {
	var room [512]byte
	key := m.rules.appendKey(room[:0], m.rules.Base(exe))
	if !m.filter.has(key) {
		return "", false
	}
	rule, ok = m.names[string(key)]
	return rule, ok
}

func (m *Matcher) named(path, base []byte) (string, bool) {
	if len(m.files) > 0 && m.filter.has(path) {
		if rule, ok := m.files[string(path)]; ok {
			return rule, true
		}
	}
	if len(m.names) == 0 || !m.filter.has(base) {
		return "", false
	}
	rule, ok := m.names[string(base)]
	return rule, ok
}

// namedRule reports whether a rule names a program, not its directory.
func namedRule(rule string) bool { return strings.HasPrefix(rule, ruleProcess) }

func checkName(rules PathRules, name string) error {
	bad := func(why string) error {
		return fmt.Errorf("program %q: %s: %w", name, why, ErrName)
	}
	switch {
	case len(name) > maxPath:
		return bad("too long")
	case !utf8.ValidString(name):
		return bad("not UTF-8")
	case strings.ContainsFunc(name, hidden):
		return bad("holds a character that cannot be seen")
	case name == "." || name == ".." || strings.TrimSpace(name) == "":
		return bad("not a file name")
	case strings.ContainsAny(name, "*?"):
		return bad("patterns are not read")
	case rules.hasSeparator(name) && !rules.IsAbs(name):
		return bad("a path that does not begin at the root")
	}
	if rules.IsAbs(name) {
		parts := strings.FieldsFunc(name, func(c rune) bool { return c == '/' || rules.windows && c == '\\' })
		for _, part := range parts {
			if part == "." || part == ".." {
				return bad("not a straight path")
			}
		}
	}
	return nil
}

// hidden reports characters that have no place in a path: they cannot be seen,
// or change how the text around them is shown.
func hidden(c rune) bool {
	return unicode.In(c, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs)
}

// filter tells cheaply that a key is in none of the maps. It looks at the
// length and the last eight bytes only, so most parents of a path cost no hash
// of the whole text.
type filter struct{ bits [1024]uint64 }

func (f *filter) add(key []byte) {
	h := slot(key)
	f.bits[h>>6] |= 1 << (h & 63)
}

func (f *filter) has(key []byte) bool {
	h := slot(key)
	return f.bits[h>>6]&(1<<(h&63)) != 0
}

func slot(key []byte) uint64 {
	var tail uint64
	if n := len(key); n >= 8 {
		b := key[n-8:]
		tail = uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
	} else {
		for _, c := range key {
			tail = tail<<8 | uint64(c)
		}
	}
	return (tail + uint64(len(key))) * 0x9E3779B97F4A7C15 >> 48
}
