// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"path"
	"regexp"
	"strings"
)

var shellVariable = regexp.MustCompile(`^(?:export\s+|readonly\s+|local\s+)?([A-Za-z_][A-Za-z0-9_]{0,63})=(.*)$`)

// shell reads a script of a Unix shell: variables that name a folder, programs
// that are ended, services that are stopped, packages that are installed.
func (r *reader) shell(name string, text []byte) {
	set := map[string]string{}
	n := 0
	for line := range strings.Lines(decode(text)) {
		n++
		if r.lines++; r.lines > maxLines {
			return
		}
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || len(line) > maxLine {
			continue
		}
		line = shellExpand(line, set)
		at := origin{file: r.shown + name, line: n}
		if m := shellVariable.FindStringSubmatch(line); m != nil {
			v := strings.Trim(m[2], `"'`)
			set[m[1]] = v
			at.what = m[1]
			if strings.HasPrefix(v, "/") {
				r.folderVariable("$"+m[1]+"$", v, at, hint{os: "linux"})
			}
			continue
		}
		r.commands = append(r.commands, command{line, at, hint{os: "linux"}, programs})
		for _, w := range split(line) {
			if e, ok := r.folder.find(besides(w, name)); ok && installs(e.name) {
				r.facts.called(call{name: e.name, at: at, hint: hint{os: "linux"}})
			}
		}
	}
}

// besides is a word of a script taken as a file next to it.
func besides(w, script string) string {
	w = strings.TrimPrefix(strings.TrimPrefix(w, "$(dirname $0)/"), "./")
	if strings.ContainsAny(w, "$`") || strings.HasPrefix(w, "/") || strings.HasPrefix(w, "..") {
		return ""
	}
	return path.Join(path.Dir(script), w)
}

// shellExpand replaces the variables that were set before, $NAME and ${NAME}.
func shellExpand(line string, set map[string]string) string {
	if !strings.Contains(line, "$") {
		return line
	}
	out := shellUse.ReplaceAllStringFunc(line, func(use string) string {
		if v, ok := set[strings.Trim(use, "${}")]; ok {
			return v
		}
		return use
	})
	if len(out) > maxLine {
		return line
	}
	return out
}

var shellUse = regexp.MustCompile(`\$(?:\{[A-Za-z_][A-Za-z0-9_]*\}|[A-Za-z_][A-Za-z0-9_]*)`)
