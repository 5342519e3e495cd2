// SPDX-License-Identifier: Apache-2.0

//go:build unix

package installer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckCommand(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "p", "CLIENT_DATA")
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{"setup.sh": 0o755, "plain.sh": 0o644, "bin/tool": 0o755, "../../outside": 0o755} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"out": "../../outside", "in": "setup.sh"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ name, want string }{
		{"./setup.sh", ""},
		{"setup.sh", ""},
		{"bin/tool", ""},
		{"in", ""},
		{"sh", ""},
		{"/bin/sh", ""},
		{"", "there is no command"},
		{"./missing.sh", "no such file"},
		{"no-such-program-anywhere", "no such file"},
		{"/no/such/program", "no such file"},
		{"./plain.sh", "is not executable"},
		{"plain.sh", "is not executable"},
		{"./bin", "is not a file"},
		{"/bin", "is not a file"},
		{".", "is not a file"},
		{"../../../../../../../../bin/sh", "leads out of the package's folder"},
		{"bin/../../x", "leads out of the package's folder"},
		{"./out", "escapes"},
	} {
		err := CheckCommand(dir, []string{c.name, "argument"})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.name, err, c.want)
		}
	}
	if err := CheckCommand(dir, nil); err == nil {
		t.Error("no command at all is accepted")
	}
	if err := CheckCommand(filepath.Join(dir, "gone"), []string{"sh"}); err == nil {
		t.Error("a folder that is not there is accepted")
	}
}
