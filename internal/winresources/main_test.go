// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"debug/pe"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tc-hib/winres"
	"github.com/tc-hib/winres/version"

	"github.com/quietsetup/quietsetup/internal/needs"
)

const root = "../.."

// The committed files are what the generator gives.
func TestResourcesAreCurrent(t *testing.T) {
	for _, p := range programs() {
		for _, arch := range arches() {
			want, err := p.object(arch)
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join(root, p.file(arch)))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s is not what the generator gives: run go run ./internal/winresources (%v)", p.file(arch), err)
			}
		}
	}
}

// Every main package is one of the programs.
func TestEveryProgram(t *testing.T) {
	dirs, err := filepath.Glob(root + "/cmd/*")
	if err != nil || len(dirs) != len(programs()) {
		t.Fatalf("there are %q, %v", dirs, err)
	}
	for _, p := range programs() {
		if _, err := os.Stat(filepath.Join(root, "cmd", p.name, "main.go")); err != nil {
			t.Error(err)
		}
	}
}

// The built programs hold manifest, icon and version; the agent has no console.
// Wine shows task dialogs without a manifest too, Windows does not.
func TestBuiltPrograms(t *testing.T) {
	needs.Tool(t, "go")
	for _, arch := range arches() {
		t.Run(string(arch), func(t *testing.T) {
			dir := t.TempDir()
			for _, p := range programs() {
				exe := filepath.Join(dir, p.name+".exe")
				cmd := exec.Command("go", "build", "-ldflags", "-s -w "+p.linked(), "-o", exe, "./cmd/"+p.name)
				cmd.Dir = root
				cmd.Env = append(os.Environ(), "GOOS=windows", "GOARCH="+string(arch), "CGO_ENABLED=0")
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("cannot build %s: %v: %s", p.name, err, out)
				}
				if err := stamp(exe, [4]uint16{1, 2, 3, 65535}); err != nil {
					t.Fatal(err)
				}
				p.check(t, exe)
			}
		})
	}
}

// linked are the linker's flags for the program in the Makefile.
func (p program) linked() string {
	if p.name == "quietsetup-prompt" {
		return "-H windowsgui"
	}
	return ""
}

func (p program) check(t *testing.T, exe string) {
	t.Helper()
	f, err := pe.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Section(".rsrc") == nil {
		t.Fatalf("%s has no resources", p.name)
	}
	subsystem := f.OptionalHeader.(*pe.OptionalHeader64).Subsystem
	if gui := subsystem == pe.IMAGE_SUBSYSTEM_WINDOWS_GUI; gui != (p.name == "quietsetup-prompt") {
		t.Errorf("%s is of subsystem %d", p.name, subsystem)
	}
	r, err := os.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	rs, err := winres.LoadFromEXE(r)
	if err != nil {
		t.Fatal(err)
	}
	manifest := string(rs.Get(winres.RT_MANIFEST, winres.ID(1), english))
	for _, want := range []string{"Microsoft.Windows.Common-Controls", `version="6.0.0.0"`, "permonitorv2", `level="asInvoker"`, "{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}"} {
		if !strings.Contains(strings.ToLower(manifest), strings.ToLower(want)) {
			t.Errorf("the manifest of %s lacks %s:\n%s", p.name, want, manifest)
		}
	}
	if icon, err := rs.GetIcon(iconID); err != nil || icon == nil {
		t.Errorf("%s has no icon: %v", p.name, err)
	}
	info, err := version.FromBytes(rs.Get(winres.RT_VERSION, winres.ID(1), english))
	if err != nil {
		t.Fatalf("%s has no version information: %v", p.name, err)
	}
	if want := [4]uint16{1, 2, 3, 65535}; info.FileVersion != want || info.ProductVersion != want {
		t.Errorf("%s has version %v of product %v, want %v", p.name, info.FileVersion, info.ProductVersion, want)
	}
}

func TestNumbers(t *testing.T) {
	for text, want := range map[string][4]uint16{"0.0.1234": {0, 0, 1234}, "1.2.3.4": {1, 2, 3, 4}, "7": {7}} {
		if got, err := numbers(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "1.", "1.2.3.4.5", "65536", "-1", "1.x", "v1"} {
		if got, err := numbers(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}
