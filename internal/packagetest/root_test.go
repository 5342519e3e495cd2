// SPDX-License-Identifier: Apache-2.0

//go:build packaged && linux

package packagetest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/quietsetup/quietsetup/internal/needs"
)

// top is the top of the repository, seen from this package.
const top = "../.."

// What the root is made of. The packages are there for the tests: systemd to be
// run, dbus as what the service asks it through.
const (
	suite   = "bookworm"
	include = "systemd,systemd-sysv,dbus"
)

// base makes the Debian root once, and keeps it for the next run under a name
// that says what it was made of.
var base = sync.OnceValues(func() (string, error) {
	cache, err := filepath.Abs(filepath.Join(top, ".ci/cache"))
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(suite + " " + include))
	dir := filepath.Join(cache, fmt.Sprintf("root-%s-%x", suite, sum[:6]))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	from, err := mirror()
	if err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(cache, "root-unfinished-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	// What it mounts for the time must not be seen, and removed with the rest, here.
	cmd := exec.Command("unshare", "--mount", "debootstrap", "--variant=minbase", "--include="+include, suite, work, from)
	cmd.Env = proxied()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("debootstrap: %w\n%s", err, out)
	}
	if err := os.RemoveAll(filepath.Join(work, "var/cache/apt/archives")); err != nil {
		return "", err
	}
	if err := os.Chmod(work, 0o755); err != nil {
		return "", err
	}
	return dir, os.Rename(work, dir)
})

// mirror is where this machine gets its own Debian packages from, whatever release
// it is of. Security updates are another archive, with another label.
func mirror() (string, error) {
	out, err := exec.Command("apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)", "Created-By: Packages").Output()
	if err != nil {
		return "", fmt.Errorf("cannot ask apt for its sources: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		if uri, ok := strings.CutPrefix(strings.TrimSpace(line), "Debian|Debian|"); ok {
			return uri, nil
		}
	}
	return "", errors.New("apt knows no source of Debian: is there one, and has apt-get update been run?")
}

// proxied is the environment with the proxy that apt uses, which debootstrap does
// not know of.
func proxied() []string {
	out, err := exec.Command("apt-config", "shell", "http_proxy", "Acquire::http::Proxy", "https_proxy", "Acquire::https::Proxy").Output()
	if err != nil {
		return os.Environ()
	}
	return append(os.Environ(), strings.Fields(strings.ReplaceAll(string(out), "'", ""))...)
}

// freshRoot is a copy of the base for one machine.
func freshRoot(t *testing.T) string {
	t.Helper()
	needs.Linux(t)
	needs.Root(t)
	needs.Tool(t, "debootstrap", "apt-get", "unshare", "nsenter", "mount", "cp")
	from, err := base()
	if err != nil {
		needs.Missing(t, "needs a Debian root: "+err.Error())
	}
	dir, err := os.MkdirTemp("", "packagetest")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	root := filepath.Join(dir, "root")
	if out, err := exec.Command("cp", "-a", from, root).CombinedOutput(); err != nil {
		t.Fatalf("cannot copy the root: %v\n%s", err, out)
	}
	return root
}
