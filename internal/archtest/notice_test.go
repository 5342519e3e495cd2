// SPDX-License-Identifier: Apache-2.0

package archtest

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/internal/needs"
)

// TestNoticeIsComplete wants every module that a binary contains, on any
// platform, to stand in NOTICE with its licence.
func TestNoticeIsComplete(t *testing.T) {
	needs.Tool(t, "go")
	text, err := os.ReadFile(root + "/NOTICE")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) >= 3 && strings.Contains(f[0], "/") {
			named[f[0]] = true
		}
	}
	s := load(t)
	if !slices.ContainsFunc(s.dirs(), func(d string) bool { return within(d, "cmd") && d != "cmd" }) {
		return // no binary, nothing to name
	}
	for _, goos := range []string{"linux", "windows", "darwin"} {
		modules := deps(t, goos, "{{with .Module}}{{.Path}}{{end}}", "./cmd/...")
		slices.Sort(modules)
		for _, m := range slices.Compact(modules) {
			if m != module && !named[m] {
				t.Errorf("the binaries for %s contain %s, which NOTICE does not name", goos, m)
			}
		}
	}
}
