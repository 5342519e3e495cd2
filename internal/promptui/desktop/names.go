// SPDX-License-Identifier: Apache-2.0

package desktop

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Names finds what people call a program: the desktop's menu knows "Firefox Web
// Browser" for firefox-esr.
type Names struct {
	dirs []string
	lang string

	mu   sync.Mutex
	read time.Time
	by   map[string]string // file name of a program -> name in the menu
}

const (
	// namesFor is how long what was read counts. Menus change seldom.
	namesFor = 10 * time.Minute
	// What a menu may have at most; the rest is not read.
	maxEntries   = 5000
	maxEntrySize = 256 << 10
)

// NewNames returns the names of the desktop's menu in a language ("de").
func NewNames(getenv func(string) string, lang string) *Names {
	dirs := filepath.SplitList(getenv("XDG_DATA_DIRS"))
	if len(dirs) == 0 {
		dirs = []string{"/usr/local/share", "/usr/share"}
	}
	n := &Names{lang: lang}
	for _, d := range dirs {
		if filepath.IsAbs(d) {
			n.dirs = append(n.dirs, filepath.Join(d, "applications"))
		}
	}
	return n
}

// Of is what people call the program of a file name; "" = not known, or the menu
// knows several things by that program, such as an interpreter.
func (n *Names) Of(program string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.by == nil || time.Since(n.read) > namesFor {
		n.by, n.read = n.load(), time.Now()
	}
	return n.by[program]
}

func (n *Names) load() map[string]string {
	by := map[string]string{}
	count := 0
	seen := map[string]bool{} // an entry of an earlier folder hides those of later ones
	for _, dir := range n.dirs {
		files, _ := os.ReadDir(dir) // a folder that is not there has no names
		for _, f := range files {
			if count == maxEntries || seen[f.Name()] || !strings.HasSuffix(f.Name(), ".desktop") {
				continue
			}
			count++
			seen[f.Name()] = true
			program, name := n.entry(filepath.Join(dir, f.Name()))
			if program == "" || name == "" {
				continue
			}
			if old, ok := by[program]; ok && old != name {
				name = "" // several: the program alone does not say which
			}
			by[program] = name
		}
	}
	return by
}

// entry reads the program and the name of one entry of the menu.
func (n *Names) entry(path string) (program, name string) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxEntrySize {
		return "", ""
	}
	f, err := os.Open(path)
	if err != nil {
		return "", ""
	}
	defer f.Close()
	return parseEntry(f, n.lang)
}

// parseEntry reads a desktop entry (freedesktop.org, Desktop Entry
// Specification): the program it starts and what it is called.
func parseEntry(r io.Reader, lang string) (program, name string) {
	s := bufio.NewScanner(io.LimitReader(r, maxEntrySize))
	here := false
	plain, kind, hidden := "", "", false
	for s.Scan() {
		line := strings.TrimSpace(s.Text())
		if strings.HasPrefix(line, "[") {
			here = line == "[Desktop Entry]"
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !here || !ok {
			continue
		}
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(key) {
		case "Type":
			kind = value
		case "NoDisplay", "Hidden":
			hidden = hidden || value == "true"
		case "Name":
			plain = value
		case "Name[" + lang + "]":
			name = value
		case "Exec":
			program = programOf(value)
		}
	}
	if kind != "Application" || hidden {
		return "", ""
	}
	if name == "" {
		name = plain
	}
	return program, name
}

// programOf is the file name of the program that an Exec line starts.
func programOf(exec string) string {
	for _, word := range strings.Fields(exec) {
		word = filepath.Base(strings.Trim(word, `"`))
		if word == "env" || strings.Contains(word, "=") {
			continue
		}
		return word
	}
	return ""
}
