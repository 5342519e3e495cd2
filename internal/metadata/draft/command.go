// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	folderOption = regexp.MustCompile(`(?i)^[-/]{0,2}(installdir|installpath|installfolder|installlocation|installation_dir|targetdir|target|appdir|applicationfolder|instdir|dir|d|prefix|root)=(.+)$`)
	toTheEnd     = regexp.MustCompile(`^(.*\s)/D=([^"]+)$`)
	menuTarget   = regexp.MustCompile(`(?i)^target:\s*(.+)$`)
	copied       = regexp.MustCompile(`(?i)^(?:copy|zip)\b(.+)$`)
	removed      = regexp.MustCompile(`(?i)^(?:del|delete)\b(.+)$`)
	uninstaller  = regexp.MustCompile(`(?i)^(unins\d{3}|uninst|uninstall|uninstaller|uninst\w*)\.exe$`)
	windowsKill  = regexp.MustCompile(`(?i)/im\s+("[^"]+"|'[^']+'|[^\s&|]+)`)
	stopProcess  = regexp.MustCompile(`(?i)stop-process\b.*?-(?:process)?name\s+("[^"]+"|'[^']+'|[^\s;|]+)`)
)

// judge looks at the command lines, once all variables are known.
func (r *reader) judge() {
	for _, c := range r.commands {
		for _, line := range r.vars.expand(c.text) {
			r.command(line, c)
		}
	}
}

func (r *reader) command(line string, c command) {
	switch c.kind {
	case links:
		if m := menuTarget.FindStringSubmatch(line); m != nil {
			c.at.what = "an entry of the start menu"
			r.dir(value{text: parent(strings.Trim(m[1], `"'`)), at: c.at, hint: c.hint, weak: true})
		}
	case copies:
		m := copied.FindStringSubmatch(line)
		c.at.what = "files are copied there"
		if m == nil {
			m = removed.FindStringSubmatch(line)
			c.at.what = "files are removed there"
		}
		if m != nil {
			if words := split(m[1]); len(words) > 0 {
				last := words[len(words)-1]
				if name := base(last); strings.ContainsAny(name, "*?.") {
					last = parent(last)
				}
				r.dir(value{text: last, at: c.at, hint: c.hint, weak: true})
			}
		}
	case programs:
		r.program(line, c)
	}
}

// program looks at one command line of any system.
func (r *reader) program(line string, c command) {
	if strings.HasPrefix(strings.ToLower(line), "rem ") || strings.HasPrefix(line, "::") {
		return
	}
	for _, m := range windowsKill.FindAllStringSubmatch(line, 16) {
		if strings.Contains(strings.ToLower(line), "taskkill") {
			c.at.what = "taskkill"
			r.kill(m[1], c.at, c.hint.and(hint{os: "windows"}))
		}
	}
	for _, m := range stopProcess.FindAllStringSubmatch(line, 16) {
		c.at.what = "Stop-Process"
		name := strings.Trim(m[1], `"'`)
		if !strings.Contains(name, ".") {
			name += ".exe"
		}
		r.kill(name, c.at, c.hint.and(hint{os: "windows"}))
	}
	words := split(line)
	r.unixKill(words, c)
	if takesAway(words) {
		return
	}
	var dirs []value
	// NSIS reads its option to the end of the line, blanks and all.
	if m := toTheEnd.FindStringSubmatch(line); m != nil {
		words = append(split(m[1]), "/D="+m[2])
	}
	for _, w := range words {
		if m := folderOption.FindStringSubmatch(w); m != nil {
			at := c.at
			at.what = "option " + m[1]
			v := value{text: m[2], at: at, hint: c.hint}
			if text, h, kind := folderOf(m[2]); kind == searchable {
				v.text, v.hint = text, h.and(c.hint)
				dirs = append(dirs, v)
			}
			r.dir(v)
		}
	}
	for _, w := range words {
		name, ok := inPackage(w)
		e, there := r.folder.find(name)
		if ok && there && installs(e.name) {
			r.facts.called(call{name: e.name, at: c.at, hint: c.hint, dirs: dirs})
		}
	}
	for _, w := range words[:min(len(words), 3)] {
		if uninstaller.MatchString(base(w)) && parent(w) != "" {
			c.at.what = "an uninstaller is started there"
			r.dir(value{text: parent(w), at: c.at, hint: c.hint})
		}
	}
}

// takesAway tells a command that uninstalls by a file of the package.
func takesAway(words []string) bool {
	if len(words) < 2 {
		return false
	}
	name := strings.ToLower(base(words[0]))
	if name == "start" && len(words) > 2 {
		name = strings.ToLower(base(words[1]))
	}
	return strings.HasPrefix(name, "msiexec") && slices.ContainsFunc(words, func(w string) bool {
		w = strings.ToLower(w)
		return w == "/x" || strings.HasPrefix(w, "/x{") || w == "/uninstall" || w == "-x"
	})
}

// unixKill looks for programs and services that are ended by name.
func (r *reader) unixKill(words []string, c command) {
	for i, w := range words {
		switch tool := base(w); tool {
		case "killall", "pkill":
			names := words[i+1:]
			for j, n := range names {
				if n == "" || strings.ContainsAny(n, "&|;<>") {
					break
				}
				// An option's value: -u name, -s signal.
				if n[0] == '-' || j > 0 && slices.Contains([]string{"-u", "-s", "-o", "-y", "-U", "-g"}, names[j-1]) {
					continue
				}
				c.at.what = tool
				r.kill(n, c.at, c.hint.and(hint{os: "linux"}))
			}
		case "systemctl":
			if i+2 < len(words) && slices.Contains([]string{"stop", "restart"}, words[i+1]) {
				for _, n := range words[i+2:] {
					if n == "" || strings.ContainsAny(n, "&|;<>$*?[]/") {
						break
					}
					if n[0] != '-' {
						c.at.what = "systemctl " + words[i+1]
						add(&r.facts.stops, value{text: n, at: c.at, hint: hint{os: "linux"}})
					}
				}
			}
		}
	}
}

// installs tells by its name whether a file may install something.
func installs(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".exe", ".msi", ".msp", ".msu", ".msix", ".msixbundle", ".appx", ".appxbundle", ".deb", ".rpm", ".run", ".bin", ".appimage", ".pkg", ".dmg":
		return true
	}
	return false
}

// split cuts a command line into words as both systems' shells do, roughly:
// quotes hold a word together and go away.
func split(line string) []string {
	var out []string
	var word strings.Builder
	quote, open := byte(0), false
	for i := range len(line) {
		switch c := line[i]; {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, open = c, true
		case quote == 0 && (c == ' ' || c == '\t'):
			if open {
				out = append(out, word.String())
			}
			word.Reset()
			open = false
		default:
			word.WriteByte(c)
			open = true
		}
	}
	if open {
		out = append(out, word.String())
	}
	return out
}
