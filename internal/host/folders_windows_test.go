// SPDX-License-Identifier: Apache-2.0

package host

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/checks"
)

func TestSystemFolders(t *testing.T) {
	f := SystemFolders()
	v := reflect.ValueOf(f)
	for i := range v.NumField() {
		name, dir := v.Type().Field(i).Name, v.Field(i).String()
		if !checks.Windows().IsAbs(dir) || strings.Contains(dir, "%") {
			t.Errorf("%s is %q", name, dir)
			continue
		}
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			t.Logf("%s is %q: %v", name, dir, err)
		}
	}
	if strings.Contains(f.ProgramFiles, "(x86)") || !strings.Contains(f.ProgramFilesX86, "(x86)") {
		t.Errorf("programs lie in %q and %q", f.ProgramFiles, f.ProgramFilesX86)
	}
	if root := os.Getenv("SystemRoot"); !strings.EqualFold(f.Windows, root) {
		t.Errorf("Windows lies in %q, not in %q", f.Windows, root)
	}
}

func TestLocal(t *testing.T) {
	for dir, want := range map[string]string{`C:\Users`: `C:\Users`, `C:\Users\`: `C:\Users`, `C:\`: "", `\\server\profiles`: "", `Users`: "", "": "", `C:Users`: ""} {
		if got := local(dir); got != want {
			t.Errorf("%q is %q", dir, got)
		}
	}
}
