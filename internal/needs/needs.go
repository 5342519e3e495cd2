// SPDX-License-Identifier: Apache-2.0

package needs

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// Tool needs every named program to be found in PATH.
func Tool(t testing.TB, names ...string) {
	t.Helper()
	var missing []string
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		Missing(t, "needs "+strings.Join(missing, ", ")+" in PATH")
	}
}

// Wine needs what Windows programs are run and watched with here: Wine itself,
// the compiler for the one library that it lacks, and a display in memory.
func Wine(t testing.TB) {
	t.Helper()
	Linux(t)
	Tool(t, "wine", "wineserver", "x86_64-w64-mingw32-gcc", "Xvfb", "openbox", "xdotool", "import")
}

// Root needs the rights of root.
func Root(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		Missing(t, "needs root")
	}
}

// Linux needs the test to run on Linux.
func Linux(t testing.TB) {
	t.Helper()
	if runtime.GOOS != "linux" {
		Missing(t, "needs Linux, this is "+runtime.GOOS)
	}
}

// Missing ends a test whose need, named by reason, is not met: it skips, and
// with QUIETSETUP_CI=1 fails. It is for needs that only the test itself can find
// out, such as a mount that the kernel refuses.
func Missing(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("QUIETSETUP_CI") == "1" {
		t.Fatalf("%s, and QUIETSETUP_CI=1 says that it is here", reason)
		return
	}
	t.Skip(reason)
}
