// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"path"
	"regexp"
	"strings"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/internal/metadata"
)

var (
	folderName = regexp.MustCompile(`(?i)(inst|target|app|prog|prg|dest|product|ziel)[a-z_]*(dir|directory|path|folder|ordner|verzeichnis|pfad)[a-z_]*(\d*)\$$`)
	noFolder   = regexp.MustCompile(`(?i)(log|temp|tmp|start|desktop|link|script|source|src|file|setup|licen|conf|appdata|profile|data|installer|user)`)
	lastDigits = regexp.MustCompile(`(\d{1,2})\$?$`)
)

// folderVariable takes a variable's value for a folder the product is installed
// into, if it is one by its name, or by its value alone and then weakly.
func (r *reader) folderVariable(name, text string, at origin, h hint) {
	named := folderName.MatchString(name) && !noFolder.MatchString(name)
	if strings.Contains(text, unknown) {
		if named {
			add(&r.facts.lost, value{text: name, at: at})
		}
		return
	}
	v := value{text: text, at: at, hint: h, weak: !named}
	if m := lastDigits.FindStringSubmatch(name); m != nil && m[1] != "32" && m[1] != "64" && m[1] != "86" {
		v.number = m[1]
	}
	if !named && (base(text) == "" || strings.Contains(base(text), ".")) {
		return // a file, or a program's own version folder: not sure enough
	}
	r.dir(v)
}

// dir notes a folder if it is one that may be searched for programs.
func (r *reader) dir(v value) {
	text, h, kind := folderOf(v.text)
	v.text, v.hint = text, v.hint.and(h)
	if h.os != "" {
		v.os = h.os // a path says more than the condition around it
	}
	if h.arch != "" {
		v.arch = h.arch
	}
	switch kind {
	case searchable:
		add(&r.facts.dirs, v)
	case personal:
		add(&r.facts.perUser, v)
	}
}

type folderKind int

const (
	notSearchable folderKind = iota
	searchable
	personal
)

// folderRoots are the constants that a product's folder may begin with, and
// what they tell of the product.
func folderRoots() []struct{ name, arch string } {
	return []struct{ name, arch string }{
		{"%ProgramFiles64Dir%", "x64"},
		{"%ProgramFilesSysnativeDir%", ""},
		{"%ProgramFiles32Dir%", "x86"},
		{"%ProgramFilesDir%", "x86"},
		{"%CommonAppDataDir%", ""},
		{"%Systemdrive%", ""},
	}
}

// folderOf judges a folder as a script writes it and gives it the form of the
// metadata file.
func folderOf(s string) (string, hint, folderKind) {
	s = strings.Trim(strings.TrimSpace(s), `"'`)
	if s == "" || len(s) > maxValue || strings.ContainsAny(s, unknown+"$*?<>|\"\r\n\t") {
		return "", hint{}, notSearchable
	}
	if s[0] == '/' {
		s = "/" + strings.Trim(s, "/")
		h := hint{os: "linux"}
		if strings.HasPrefix(s, "/Applications/") || strings.HasPrefix(s, "/Library/") {
			h.os = "macos"
		}
		if strings.Contains(s, "%") || strings.Contains(s+"/", "/../") || checks.CheckDir(checks.Unix(), s) != nil {
			return "", hint{}, notSearchable
		}
		return s, h, searchable
	}
	// Doubled and mixed separators come from joining; a trailing one says nothing.
	parts := strings.FieldsFunc(s, func(c rune) bool { return c == '\\' || c == '/' })
	s = strings.Join(parts, `\`)
	h := hint{os: "windows"}
	stands := s
	if strings.HasPrefix(s, "%") {
		lower := strings.ToLower(parts[0])
		if strings.Contains(lower, "profile") || strings.Contains(lower, "appdata") && !strings.Contains(lower, "common") {
			return s, hint{os: "windows"}, personal
		}
		known := metadata.StandardConstants(metadata.Machine{OS: "windows", Arch: "x64"})
		for _, r := range folderRoots() {
			if strings.EqualFold(parts[0], r.name) {
				stands, h.arch = known[strings.Trim(lower, "%")]+s[len(parts[0]):], r.arch
				s = r.name + s[len(parts[0]):]
			}
		}
	}
	if strings.Contains(stands, "%") || len(parts) < 2 || checks.CheckDir(checks.Windows(), stands) != nil {
		return "", hint{}, notSearchable
	}
	return s, h, searchable
}

// base is the last part of a path of either kind.
func base(s string) string { return s[strings.LastIndexAny(s, `/\`)+1:] }

// parent is what comes before it, "" if nothing does.
func parent(s string) string {
	i := strings.LastIndexAny(s, `/\`)
	if i <= 0 {
		return ""
	}
	return s[:i]
}

// inPackage turns a path of a script into a name below CLIENT_DATA.
func inPackage(s string) (string, bool) {
	s = strings.ReplaceAll(strings.Trim(s, `"' `), `\`, "/")
	lower := strings.ToLower(s)
	for _, c := range []string{"%scriptpath%/", "%scriptdir%/", "%realscriptpath%/", "$scriptpath$/", "./", "%~dp0"} {
		if strings.HasPrefix(lower, c) {
			s = s[len(c):]
			break
		}
	}
	s = path.Clean(s)
	if s == "." || s == ".." || strings.HasPrefix(s, "../") || strings.HasPrefix(s, "/") || strings.Contains(s, ":") || strings.Contains(s, "%") {
		return "", false
	}
	return s, true
}
