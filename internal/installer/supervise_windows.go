// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
)

// detached starts a process without a console and in a group of its own, so that
// neither the end of a console nor Ctrl+C or Ctrl+Break reach it, and out of the
// daemon's job, which could end it with the daemon ("Process Creation Flags").
func detached() (*syscall.SysProcAttr, error) {
	return &syscall.SysProcAttr{
		HideWindow:    true,
		CreationFlags: windows.DETACHED_PROCESS | windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_BREAKAWAY_FROM_JOB,
	}, nil
}

// giveReady hands the pipe to a supervisor that is about to be started. There are
// no other handles than the three of every program that all libraries pass on.
func giveReady(cmd *exec.Cmd, ready *os.File) { cmd.Stdout = ready }

// startAnyway starts the supervisor inside the daemon's job if that lets nobody
// out. A service is in none.
func startAnyway(cmd *exec.Cmd) error {
	err := cmd.Start()
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) && cmd.SysProcAttr.CreationFlags&windows.CREATE_BREAKAWAY_FROM_JOB != 0 {
		cmd.SysProcAttr.CreationFlags &^= windows.CREATE_BREAKAWAY_FROM_JOB
		again := exec.Command(cmd.Path, cmd.Args[1:]...)
		again.Dir, again.Env, again.Stdin, again.Stdout, again.SysProcAttr = cmd.Dir, cmd.Env, cmd.Stdin, cmd.Stdout, cmd.SysProcAttr
		if err = again.Start(); err == nil {
			*cmd = *again
		}
	}
	return err
}

// readyPipe is the pipe to the starter, nil if this was started by hand.
func readyPipe() *os.File {
	if !isPipe(os.Stdin) || !isPipe(os.Stdout) {
		return nil
	}
	return os.Stdout
}

// blockedPipes reports whether a supervisor started this.
func blockedPipes() bool { return isPipe(os.Stdin) && isPipe(os.Stdout) }

func isPipe(f *os.File) bool {
	kind, err := windows.GetFileType(windows.Handle(f.Fd()))
	return err == nil && kind == windows.FILE_TYPE_PIPE
}

// outliveSignals has nothing to do: see detached.
func outliveSignals() {}

// adopt has nothing to do: the job keeps what the installer starts and abandons.
func adopt() error { return nil }

// linger waits, at most for a time, until the installer's job is empty. It returns
// what still runs.
func (p *blocked) linger(most time.Duration) ([]Leftover, error) {
	deadline := time.Now().Add(most)
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		all, err := processes()
		if err != nil {
			return nil, err
		}
		left, err := members(all, p.job)
		if err != nil {
			return nil, err
		}
		if len(left) == 0 || time.Now().After(deadline) {
			return shortened(left), nil
		}
		time.Sleep(min(wait, time.Until(deadline)+time.Millisecond))
	}
}

// shortened bounds what the file keeps of a list.
func shortened(left []Leftover) []Leftover {
	left = left[:min(len(left), maxLeft)]
	for i := range left {
		left[i].Name = plain(left[i].Name)
	}
	return left
}
