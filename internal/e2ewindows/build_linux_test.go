// SPDX-License-Identifier: Apache-2.0

//go:build wine

package e2ewindows

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

var shots = flag.String("shots", "", "folder in which pictures of the screens are kept")

// programs are built once for all tests of the package.
type programs struct {
	once sync.Once
	dir  string
	err  error
}

var built programs

func (b *programs) build(t testing.TB) string {
	t.Helper()
	b.once.Do(func() {
		if b.dir, b.err = os.MkdirTemp("", "quietsetup-e2ewindows"); b.err != nil {
			return
		}
		// As they are shipped, by the Makefile itself.
		cmd := exec.Command("make", "-s", "-C", "../..", "windows-programs", "WINDOWS_PROGRAMS="+filepath.Join(b.dir, "bin"))
		if out, err := cmd.CombinedOutput(); err != nil {
			b.err = fmt.Errorf("cannot build the programs: %w: %s", err, out)
			return
		}
		for _, name := range []string{"windowprogram", "setupprogram", "pipeprogram"} {
			cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -H windowsgui", "-o", filepath.Join(b.dir, name+".exe"), "./"+name)
			cmd.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
			if out, err := cmd.CombinedOutput(); err != nil {
				b.err = fmt.Errorf("cannot build %s: %w: %s", name, err, out)
				return
			}
		}
	})
	if b.err != nil {
		t.Fatal(b.err)
	}
	return b.dir
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}
