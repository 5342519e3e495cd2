// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/needs"
)

// TestNothingIsLeftBehind interrupts the demo and kills it, in the middle of its
// story, and looks for what it started.
func TestNothingIsLeftBehind(t *testing.T) {
	needs.Tool(t, "go")
	exe := filepath.Join(t.TempDir(), "quietsetup")
	if out, err := exec.Command("go", "build", "-o", exe, "../../cmd/quietsetup").CombinedOutput(); err != nil {
		t.Fatalf("cannot build: %v\n%s", err, out)
	}
	for _, c := range []struct {
		name  string
		with  syscall.Signal
		after string // text of the story
		clean bool   // the folder is gone too
	}{
		{"interrupted while the program is busy", syscall.SIGINT, "is requested", true},
		{"terminated after the restart", syscall.SIGTERM, "it still knows", true},
		{"killed after the restart", syscall.SIGKILL, "it still knows", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tmp, err := os.MkdirTemp("/tmp", "qsd") // short: a socket's path has a limit
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := os.RemoveAll(tmp); err != nil {
					t.Error(err)
				}
			})
			cmd := exec.Command(exe, "demo", "--answer", "close", "--lang", "en")
			cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			told := false
			for s := bufio.NewScanner(out); s.Scan(); {
				if strings.Contains(s.Text(), c.after) {
					told = true
					if err := cmd.Process.Signal(c.with); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := cmd.Wait(); err == nil || !told {
				t.Fatalf("the demo ended with %v; told: %v", err, told)
			}
			deadline := time.Now().Add(20 * time.Second)
			for left := running(t, tmp); len(left) > 0; left = running(t, tmp) {
				if time.Now().After(deadline) {
					t.Fatalf("still running: %q", left)
				}
				time.Sleep(20 * time.Millisecond)
			}
			names, err := filepath.Glob(filepath.Join(tmp, "*"))
			if err != nil {
				t.Fatal(err)
			}
			if c.clean && len(names) > 0 {
				t.Errorf("left behind: %q", names)
			}
		})
	}
}

// running lists the processes whose command line names the folder.
func running(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err == nil && strings.Contains(string(text), dir) { // one that has ended meanwhile is fine
			out = append(out, strings.ReplaceAll(string(text), "\x00", " "))
		}
	}
	return out
}
