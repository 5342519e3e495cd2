// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

// asCrash makes the test's own program crash, with a state folder.
const asCrash = "QUIETSETUP_TEST_CRASH"

func crash(dir string) int {
	if _, err := keepCrash(dir); err != nil {
		return 3
	}
	ended := make(chan struct{})
	go func() {
		var nobody *logFile
		nobody.dir = "a panic that nobody catches"
		close(ended)
	}()
	<-ended
	return 0
}

func TestACrashIsTold(t *testing.T) {
	dir := t.TempDir()
	for n := range 2 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), asCrash+"="+dir)
		if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() == 3 {
			t.Fatalf("the program did not crash: %v", err)
		}
		text, err := os.ReadFile(filepath.Join(dir, crashName))
		if err != nil || !strings.Contains(string(text), "nil pointer") {
			t.Fatalf("crash %d left %q, %v", n+1, text, err)
		}
	}
	defer func() { _ = debug.SetCrashOutput(nil, debug.CrashOptions{}) }()
	last, err := keepCrash(dir)
	if err != nil || !strings.Contains(last, "nil pointer") || !strings.Contains(last, "crash_test.go") || len(last) > maxCrash {
		t.Errorf("told is %q, %v", last, err)
	}
	if aside, err := os.ReadFile(filepath.Join(dir, crashName+".1")); err != nil || !strings.HasPrefix(string(aside), last) {
		t.Errorf("put aside is %q, %v", aside, err)
	}
	if last, err := keepCrash(dir); last != "" || err != nil {
		t.Errorf("told once more is %q, %v", last, err)
	}
}
