// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/quietsetup/quietsetup/events"
)

// kill ends a process so that it can do nothing about it.
func kill(pid int) { _ = syscall.Kill(pid, syscall.SIGKILL) }

// pace is how much longer the start of a process takes than on Linux.
const pace = 1

// stillborn is a matter of Windows.
func stillborn(testing.TB, events.ProcessID) bool { return false }

// endStillborn is a matter of Windows.
func endStillborn(testing.TB, string) {}

// playInstaller is not needed: installers are shell scripts here.
func playInstaller([]string) int { return 2 }

// spec is an attempt whose installer runs a shell script of the package. The
// token gets the world's own beginning.
func (w *world) spec(t testing.TB, token, script string) Spec {
	t.Helper()
	token = w.id + token
	write(t, filepath.Join(w.dir, token+".sh"), "#!/bin/sh\necho \"$QUIETSETUP_TOKEN\" >> "+w.side+"\n"+script+"\n", 0o755)
	return Spec{Token: token, Product: "firefox", Action: events.ActionSetup, Argv: []string{"./" + token + ".sh"}, Dir: w.dir}
}

// gated is an attempt whose installer prints until a file is there.
func (w *world) gated(t testing.TB, token, gate string, code int) Spec {
	t.Helper()
	return w.spec(t, token, fmt.Sprintf("while [ ! -e %s ]; do echo works; sleep 0.01; done; exit %d", gate, code))
}
