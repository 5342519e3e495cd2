// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/quietsetup/quietsetup/internal/meant"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

// maxPrograms bounds directories and processes each; every one costs at each look.
const maxPrograms = 500

// dirs reads the directories whose programs are looked for. Without any the
// installer's own directory is meant: the metadata tools of opsi write an empty
// list, or one empty string, where they do not know better.
func (l *loading) dirs(t *tomlfile.Table) {
	const key, own = "check_processes_from_dirs", "install_dir"
	listed := t.Texts(key)
	if len(listed) > maxPrograms {
		t.Wrong(key, "more than %d directories", maxPrograms)
		return
	}
	some := false
	for i, dir := range listed {
		if dir != "" {
			some = true
			l.dir(t, tomlfile.Element(key, i), dir)
		}
	}
	if dir := t.Text(own, ""); !some && dir != "" {
		l.dir(t, own, dir)
	}
}

func (l *loading) dir(t *tomlfile.Table, key, raw string) {
	dir, ok := l.resolve(t, key, raw)
	if !ok {
		return
	}
	clean, err := l.machine.absolute(dir)
	if err != nil {
		l.badDirs = append(l.badDirs, t.Doubt(CodePath, key, "%q %v", dir, err))
		return
	}
	if err := l.searchable(clean); err != nil {
		l.badDirs = append(l.badDirs, t.Doubt(CodeUnsafe, key, "%v", err))
		return
	}
	if !slices.Contains(l.pkg.Dirs, clean) {
		l.pkg.Dirs = append(l.pkg.Dirs, clean)
	}
}

func (l *loading) searchable(dir string) error {
	if l.checkDir == nil {
		return fmt.Errorf("directory %q cannot be judged: nothing says which may be searched", dir)
	}
	return l.checkDir(dir)
}

// processes reads the programs that are looked for by name or full path.
func (l *loading) processes(t *tomlfile.Table) {
	const key = "processes"
	listed := t.Texts(key)
	if len(listed) > maxPrograms {
		t.Wrong(key, "more than %d processes", maxPrograms)
		return
	}
	for i, raw := range listed {
		at := tomlfile.Element(key, i)
		name, ok := l.resolve(t, at, raw)
		if !ok || name == "" {
			continue
		}
		if strings.ContainsAny(name, `/\`) {
			clean, err := l.machine.absolute(name)
			if err != nil {
				t.WrongAs(CodeProcess, at, "%q %v", name, err)
				continue
			}
			name = clean
		} else if name == "." || name == ".." {
			t.WrongAs(CodeProcess, at, "%q is no program", name)
			continue
		} else if strings.ContainsAny(name, "*?") {
			t.WrongAs(CodeProcess, at, "%q is a pattern; each program must be named whole", name)
			continue
		}
		if !slices.Contains(l.pkg.Processes, name) {
			l.pkg.Processes = append(l.pkg.Processes, name)
		}
	}
}

// resolve replaces the constants of a name or path and refuses what no name
// holds; the mistake is noted when the second result is false.
func (l *loading) resolve(t *tomlfile.Table, key, raw string) (string, bool) {
	s, err := l.constants.resolve(raw)
	if err != nil {
		l.unresolved(t, key, err)
		return "", false
	}
	if strings.ContainsFunc(s, unicode.IsControl) {
		t.WrongAs(CodeInvisible, key, "must not hold control characters")
		return "", false
	}
	return s, true
}

// unresolved notes a constant without a value, and the one that was meant.
func (l *loading) unresolved(t *tomlfile.Table, key string, err error) {
	code, hint := CodeConstant, ""
	if c := (*constantError)(nil); errors.As(err, &c) {
		code = c.code
		if near := meant.Word(strings.Trim(c.name, "%"), ConstantNames()...); near != "" && code == CodeConstant {
			hint = "%" + near + "%"
		}
	}
	m := t.Doubt(code, key, "%v", err)
	m.Hint = hint
	t.Add(m)
}

// oldDirs reads where earlier versions were installed: their programs are
// disturbed as well, when an installer replaces them. Every list counts.
func (l *loading) oldDirs(tables []*tomlfile.Table) {
	const key = "old_install_dirs"
	for _, t := range tables {
		listed := t.Texts(key)
		if len(listed) > maxPrograms {
			t.Wrong(key, "more than %d directories", maxPrograms)
			continue
		}
		for i, dir := range listed {
			if dir != "" {
				l.dir(t, tomlfile.Element(key, i), dir)
			}
		}
	}
}

// absolute normalises a path by the rules of the machine it is for, which need
// not be the one this runs on. A path with ".." is refused, not resolved: where
// it leads depends on links.
func (m Machine) absolute(s string) (string, error) {
	slashed := s
	if m.OS == "windows" {
		slashed = strings.ReplaceAll(s, `\`, "/")
	}
	if slices.Contains(strings.Split(slashed, "/"), "..") {
		return "", errors.New(`must not hold ".."`)
	}
	if m.OS != "windows" {
		if !path.IsAbs(s) {
			return "", errors.New("is not an absolute path")
		}
		return path.Clean(s), nil
	}
	if len(slashed) < 3 || slashed[1] != ':' || slashed[2] != '/' || !letter(slashed[0]) {
		return "", errors.New("is not an absolute path on a drive")
	}
	if i := strings.IndexAny(slashed[2:], `:*?"<>|`); i >= 0 {
		return "", fmt.Errorf("holds %q, which no path of Windows does", slashed[2+i])
	}
	return slashed[:2] + strings.ReplaceAll(path.Clean(slashed[2:]), "/", `\`), nil
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
