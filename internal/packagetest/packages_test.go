// SPDX-License-Identifier: Apache-2.0

//go:build packaged && linux

package packagetest

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/quietsetup/quietsetup/internal/needs"
)

// dist is where make packages has put what is tested.
const dist = top + "/dist"

// newer is the version that upgrades go to.
const newer = "v99.0.0-rc.1"

// find returns the one package of this machine's architecture in a folder.
func find(t *testing.T, dir, format string) string {
	t.Helper()
	arch := map[string]map[string]string{
		"deb": {"amd64": "_amd64.deb", "arm64": "_arm64.deb"},
		"rpm": {"amd64": ".x86_64.rpm", "arm64": ".aarch64.rpm"},
	}[format][runtime.GOARCH]
	found, err := filepath.Glob(filepath.Join(dir, "quietsetup*"+arch))
	if err != nil || len(found) != 1 {
		t.Fatalf("want one %s for %s in %s, found %v (%v): run make packages", format, runtime.GOARCH, dir, found, err)
	}
	path, err := filepath.Abs(found[0])
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// build runs make packages into a folder of its own. The script may prepare the
// surroundings it runs in.
func build(t *testing.T, before string, settings ...string) string {
	t.Helper()
	needs.Tool(t, "make", "git", "go")
	dir := t.TempDir()
	make := append([]string{"-c", before + `exec make -C "$@"`, "sh", top, "packages", "DIST=" + dir, "PACKAGE_ARCHS=" + runtime.GOARCH}, settings...)
	if out, err := exec.Command("sh", make...).CombinedOutput(); err != nil {
		t.Fatalf("make packages: %v\n%s", err, out)
	}
	return dir
}

// buildNewer builds the version that upgrades go to. Its shipped configuration
// differs, or no package manager would ask itself which one to keep.
func buildNewer(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(top + "/packaging/quietsetup.toml")
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "quietsetup.toml")
	if err := os.WriteFile(config, append(text, "\n# This came with the newer version.\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	return build(t, "", "VERSION="+newer, "CONFIG="+config)
}

// TestSameBytes packs the commit again under other surroundings: who has a commit
// can check that a package was made from it.
func TestSameBytes(t *testing.T) {
	again := build(t, "umask 077; export TZ=Asia/Tokyo LANG=C.UTF-8; ")
	for _, format := range []string{"deb", "rpm"} {
		a, b := find(t, dist, format), find(t, again, format)
		if filepath.Base(a) != filepath.Base(b) {
			t.Errorf("the names differ: %s, %s", a, b)
		}
		if out, err := exec.Command("cmp", a, b).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	}
}
