// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"regexp"
	"slices"
	"strings"

	"github.com/quietsetup/quietsetup/internal/metadata"
	"github.com/quietsetup/quietsetup/internal/metadata/tomlfile"
)

// programs judges what an installer says it disturbs.
func (f *metaFile) programs(t *tomlfile.Table, system string) {
	lists := []struct {
		t   *tomlfile.Table
		key string
	}{{t, "install_dir"}, {t, "check_processes_from_dirs"}, {t, "processes"}}
	if quiet, ok := t.Raw("quietsetup").(map[string]any); ok && quiet != nil {
		lists = append(lists, struct {
			t   *tomlfile.Table
			key string
		}{t.Table("quietsetup"), "old_install_dirs"})
	}
	for _, l := range lists {
		values, many := strings_(l.t.Raw(l.key))
		f.entries(l.t, l.key, values, many, system)
		_, arch := metadata.Requires(t)
		for i, v := range values {
			if strings.Contains(strings.ToLower(v), "%programfilesdir%") && system == "windows" && (arch == "x64" || arch == "arm64") {
				f.doubt(l.t, "wrong-program-files", element(l.key, i, many), "%%ProgramFilesDir%% is the folder for 32-bit programs, and the installer is for %s", arch)
			}
		}
	}
	names, _ := strings_(t.Raw("processes"))
	f.processes(t, names, system)
}

// strings_ are the strings of a list, or one alone; anything else is the reader's to say.
func strings_(raw any) (out []string, many bool) {
	switch v := raw.(type) {
	case string:
		return []string{v}, false
	case []any:
		for _, x := range v {
			s, _ := x.(string)
			out = append(out, s)
		}
	}
	return out, true
}

func element(key string, i int, many bool) string {
	if !many {
		return key
	}
	return tomlfile.Element(key, i)
}

// entries judges a list as a list.
func (f *metaFile) entries(t *tomlfile.Table, key string, values []string, many bool, system string) {
	closed := regexp.MustCompile(`%[A-Za-z][A-Za-z0-9_]*%`)
	seen := map[string]bool{}
	for i, v := range values {
		at := element(key, i, many)
		same := v
		if system == "windows" {
			same = strings.ToLower(strings.ReplaceAll(v, `\\`, `\`))
		}
		switch {
		case v == "" && i < len(values)-1:
			f.doubt(t, "empty-entry", at, "is empty and stands before others")
		case v != "" && seen[same] && slices.Contains(values[:i], v):
			f.doubt(t, "duplicate-entry", at, "%q is there already", v)
		case strings.Contains(closed.ReplaceAllString(v, ""), "%"):
			f.doubt(t, "unclosed-constant", at, "%q holds a single %%", v)
		}
		seen[same] = true
	}
}

// processes judges the names of programs.
func (f *metaFile) processes(t *tomlfile.Table, names []string, system string) {
	const key = "processes"
	for i, name := range names {
		at := tomlfile.Element(key, i)
		own := base(name)
		if own == "" || own == "." || own == ".." || strings.ContainsAny(own, "*?") {
			continue
		}
		f.ending(t, at, own, system)
		for j, other := range names {
			switch o := base(other); {
			case i == j || o == "":
			case o != own && strings.EqualFold(o, own):
				if j < i {
					f.doubt(t, "process-case", at, "%q is named as %q too", own, o)
				}
			case own == name && o != own && strings.Contains(strings.ToLower(o), strings.ToLower(own)):
				f.doubt(t, "process-substring", at, "%q is a part of %q", own, o)
			}
		}
		if stem, _, _ := strings.Cut(own, "."); own == name && system == "windows" && len(stem) <= 2 {
			f.doubt(t, "process-substring", at, "%q is a part of many names", own)
		}
	}
}

// ending judges how a program's name ends.
func (f *metaFile) ending(t *tomlfile.Table, at, own, system string) {
	low := strings.ToLower(own)
	runs := slices.ContainsFunc([]string{".exe", ".com", ".scr", ".bin", ".pif"}, func(e string) bool { return strings.HasSuffix(low, e) })
	switch {
	case system == "windows" && !runs:
		f.doubt(t, "process-exe", at, "%q has no ending of a program; did you mean %q? Names are compared whole", own, own+".exe")
	case system != "windows" && strings.HasSuffix(low, ".exe"):
		f.doubt(t, "process-exe", at, "%q ends like a program of Windows, and the installer is for %s", own, system)
	}
}

// base is the file name of a path of any system.
func base(s string) string { return s[strings.LastIndexAny(s, `/\`)+1:] }
