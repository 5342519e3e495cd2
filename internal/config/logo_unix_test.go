// SPDX-License-Identifier: Apache-2.0

//go:build unix

package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLogo: an image that cannot be shown is warned of, and keeps nothing from
// starting.
func TestLogo(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		size int64
		mode os.FileMode
		warn string // "" = it is used
	}{
		"good.png":  {100, 0o644, ""},
		"GOOD.SVG":  {MaxLogo, 0o604, ""},
		"empty.png": {0, 0o644, "has 0 bytes, may have 1 to 1048576"},
		"huge.jpg":  {MaxLogo + 1, 0o644, "has 1048577 bytes"},
		"mine.png":  {100, 0o640, "mend it with: chmod 644"},
		"gone.png":  {-1, 0, "no such file"},
		"dir.png":   {-2, 0, "is not a regular file"},
	} {
		path := filepath.Join(dir, name)
		switch {
		case c.size >= 0:
			if err := os.WriteFile(path, make([]byte, c.size), c.mode); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, c.mode); err != nil { // whatever the umask
				t.Fatal(err)
			}
		case c.size == -2:
			if err := os.Mkdir(path, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		got, err := Load(file(t, "[ui]\nlogo = '"+path+"'\n"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		warned := ""
		for _, w := range got.Warnings() {
			warned += w.String()
		}
		if (got.UI.Logo == path) != (c.warn == "") || !strings.Contains(warned, c.warn) || (warned == "") != (c.warn == "") {
			t.Errorf("%s: the logo is %q, the warning %q", name, got.UI.Logo, warned)
		}
	}
}
