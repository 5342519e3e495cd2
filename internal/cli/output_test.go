// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/localclient"
	"github.com/quietsetup/quietsetup/internal/replay"
	"github.com/quietsetup/quietsetup/store"
)

type full struct{ err error }

func (f full) Write([]byte) (int, error) { return 0, f.err }

// TestLostOutput: what could not be printed is no success, except for a reader
// who went away.
func TestLostOutput(t *testing.T) {
	file := "../replay/testdata/histories/ok/later_then_closed.ndjson"
	for _, args := range [][]string{{"version"}, {"version", "--json"}, {"--file", file, "status"}, {"--file", file, "why", "editor"},
		{"--file", file, "events", "editor"}, {"replay", "--verify", file}, {"replay", file, "--json"}, {"help", "exit-codes"}, {"--help"}} {
		for _, lost := range []error{syscall.ENOSPC, &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.EBADF}} {
			var said bytes.Buffer
			code := Run(t.Context(), Outside{In: os.Stdin, Out: full{lost}, Err: &said, Getenv: func(string) string { return "" }}, args)
			if code != exitFailed || !strings.Contains(said.String(), lost.Error()) {
				t.Errorf("%v: exit %d, %q", args, code, &said)
			}
		}
	}
	for _, err := range []error{nil, done(exitDeferred), errors.New("other")} {
		if got := (&output{lost: syscall.EPIPE}).fault(err); got != err {
			t.Errorf("a closed pipe made %v of %v", got, err)
		}
	}
	if got := (&output{lost: syscall.ENOSPC}).fault(done(exitDeferred)); exitCode(got) != exitFailed {
		t.Errorf("%v", got)
	}
}

// TestSilentService: a service that does not answer is a failure with advice.
func TestSilentService(t *testing.T) {
	err := fmt.Errorf("%w within %v", localclient.ErrSilent, 10*time.Second)
	advice := "systemctl status quietsetupd"
	if runtime.GOOS == "windows" {
		advice = "service.log"
	}
	if exitCode(err) != exitFailed || !strings.Contains(hintOf(err), advice) {
		t.Errorf("exit %d, hint %q", exitCode(err), hintOf(err))
	}
}

// TestExitCodes: each error that a command can end with has its documented code.
func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
	}{
		{nil, exitOK}, {errors.New("other"), exitFailed}, {usage(errors.New("x")), exitUsage}, {localclient.ErrNotRunning, exitNotRunning},
		{localclient.ErrNotFound, exitNotFound}, {notFound(errors.New("x")), exitNotFound}, {waitOver("editor", time.Second), exitWaitOver},
		{config.ErrInvalid, exitInvalid}, {&replay.Divergence{}, exitDiverged}, {store.ErrDamaged, exitDiverged}, {store.ErrNewer, exitDiverged},
		{noLog("x"), exitDiverged}, {localclient.ErrForbidden, exitPrivileges}, {&os.PathError{Op: "open", Path: "x", Err: syscall.EACCES}, exitPrivileges},
		{store.ErrInUse, exitInUse}, {done(exitDeferred), exitDeferred}, {done(exitReboot), exitReboot},
	} {
		err := c.err
		if err != nil {
			err = fmt.Errorf("cannot do it: %w", err)
		}
		if got := exitCode(err); got != c.code {
			t.Errorf("%v: %d, want %d", c.err, got, c.code)
		}
		if !strings.Contains(exitCodesHelp, fmt.Sprintf("\n  %2d  ", c.code)) {
			t.Errorf("help exit-codes does not name %d", c.code)
		}
	}
}
