// SPDX-License-Identifier: Apache-2.0

package opsiclientd

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// maxFile is far more than an opsiclientd.conf has.
const maxFile = 1 << 20

// ReadText reads a small plain file and nothing else: a pipe would be waited for, a
// device never ends. judge sees what was opened before it is read (nil = nobody asks).
func ReadText(path string, judge func(name string, info fs.FileInfo) error) (string, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|noBlock, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a plain file", path)
	}
	if judge != nil {
		if err := judge(path, info); err != nil {
			return "", err
		}
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return "", err
	}
	if len(text) > maxFile {
		return "", fmt.Errorf("%s is larger than %d bytes", path, maxFile)
	}
	return strings.TrimPrefix(string(text), "\ufeff"), nil
}

// Section reads the options of one section of an INI text, names in lower case. Of an
// option that is there twice the last counts.
func Section(text, section string) map[string]string {
	return sections(text)[strings.ToLower(section)]
}

func sections(text string) map[string]map[string]string {
	out := map[string]map[string]string{}
	inside := map[string]string{} // what stands before the first section belongs to none
	for l := range strings.Lines(text) {
		l = strings.TrimSpace(withoutComment(l))
		if strings.HasPrefix(l, "[") {
			name, _, _ := strings.Cut(l[1:], "]")
			name = strings.ToLower(strings.TrimSpace(name))
			if out[name] == nil {
				out[name] = map[string]string{}
			}
			inside = out[name]
		} else if i := strings.IndexAny(l, "=:"); i >= 0 {
			inside[strings.ToLower(strings.TrimSpace(l[:i]))] = strings.TrimSpace(l[i+1:])
		}
	}
	return out
}

// withoutComment cuts a line where opsiclientd does: at a ; or #, wherever it stands,
// outside of quotes and not behind a backslash.
func withoutComment(l string) string {
	for _, mark := range []byte(";#") {
		single, double := false, false
		for i := range len(l) {
			if c := l[i]; c == '\'' {
				single = !single
			} else if c == '"' {
				double = !double
			} else if c == mark && !single && !double && (i == 0 || l[i-1] != '\\') {
				l = l[:i]
				break
			}
		}
	}
	return l
}
