// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/quietsetup/quietsetup/events"
)

// blocked is the process that will become the installer: our own program,
// waiting on a pipe. Its pid and start time stay the same when it does.
type blocked struct {
	id events.ProcessID
	gate
}

// block starts the process in a session of its own. What it prints goes to log.
func block(stateDir, path string, spec Spec, log *os.File) (*blocked, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, fmt.Errorf("cannot open %s: %w", os.DevNull, err)
	}
	defer null.Close()
	releaseR, releaseW, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("cannot make a pipe: %w", err)
	}
	defer releaseR.Close()
	failedR, failedW, err := os.Pipe()
	if err != nil {
		releaseW.Close()
		return nil, fmt.Errorf("cannot make a pipe: %w", err)
	}
	defer failedW.Close()
	// The link leads to the running program even when its file was removed.
	const self = "/proc/self/exe"
	argv := append([]string{self, Entry, roleBecome, stateDir, spec.Token, path}, spec.Argv...)
	child, err := os.StartProcess(self, argv, &os.ProcAttr{
		Dir:   spec.Dir,
		Env:   spec.environment(),
		Files: []*os.File{null, log, log, releaseR, failedW},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	p := &blocked{gate: gate{unblock: releaseW, failed: failedR}}
	if err == nil {
		pid := child.Pid
		_ = child.Release() // it is waited for by pid, together with all others
		if p.id, err = identify(pid); err != nil {
			p.id.PID = pid
			p.abandon()
		}
	}
	if err != nil {
		releaseW.Close()
		failedR.Close()
		return nil, fmt.Errorf("cannot start the process for the installer: %w", err)
	}
	return p, nil
}

// abandon ends the process without an installer having run.
func (p *blocked) abandon() {
	p.shut()
	_, _ = reap(p.id.PID) // it has nothing to tell
}

// become waits for the release and turns this process into the installer. It
// returns only if that did not happen.
func become(stateDir, token, path string, argv []string) int {
	release, failed := os.NewFile(fdRelease, "release"), os.NewFile(fdFailed, "failed")
	unix.CloseOnExec(fdRelease)
	unix.CloseOnExec(fdFailed)
	if !released(release, stateDir, token) {
		return 1
	}
	// The daemon keeps its files to itself; what an installer puts on the machine
	// is for everybody.
	unix.Umask(0o022)
	_, err := busyRetry(func() (struct{}, error) {
		return struct{}{}, syscall.Exec(path, argv, os.Environ())
	})
	var number syscall.Errno
	if errors.As(err, &number) {
		err = &os.PathError{Op: "exec", Path: path, Err: number}
	}
	_, _ = io.WriteString(failed, plain(err.Error())) // its reader gone, nobody wants to know
	return 127
}
