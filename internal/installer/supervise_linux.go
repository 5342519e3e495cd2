// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/quietsetup/quietsetup/events"
)

// File descriptors that the two parts are started with.
const (
	fdReady   = 3 // supervisor: to the starter
	fdRelease = 3 // blocked process: from the supervisor
	fdFailed  = 4 // blocked process: to the supervisor, why it could not become the installer
)

// detached puts the supervisor into a session of its own, so that nothing that
// is sent to the daemon's terminal or group reaches it.
func detached() (*syscall.SysProcAttr, error) {
	return &syscall.SysProcAttr{Setsid: true}, nil
}

// giveReady hands the pipe to a supervisor that is about to be started.
func giveReady(cmd *exec.Cmd, ready *os.File) { cmd.ExtraFiles = []*os.File{ready} }

// startAnyway has no weaker way to start a supervisor.
func startAnyway(cmd *exec.Cmd) error { return cmd.Start() }

// readyPipe is the pipe to the starter, nil if this was started by hand.
func readyPipe() *os.File {
	if !isPipe(fdReady) {
		return nil
	}
	unix.CloseOnExec(fdReady)
	return os.NewFile(fdReady, "ready")
}

// blockedPipes reports whether a supervisor started this.
func blockedPipes() bool { return isPipe(fdRelease) && isPipe(fdFailed) }

func isPipe(fd int) bool {
	var st unix.Stat_t
	return unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFIFO
}

// outliveSignals keeps signals that ask a process to end from ending this one.
// They are caught and not ignored: the installer would inherit ignored ones.
func outliveSignals() {
	signal.Notify(make(chan os.Signal, 1), unix.SIGTERM, unix.SIGHUP, unix.SIGINT, unix.SIGQUIT,
		unix.SIGPIPE, unix.SIGXFSZ, unix.SIGUSR1, unix.SIGUSR2, unix.SIGALRM, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU)
}

// adopt makes what the installer starts and abandons this process's child.
func adopt() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("cannot become the reaper of the installer's processes: %w", err)
	}
	return nil
}

// watchWindows has nothing to watch: an installer has no display to open one on.
func (s *supervisor) watchWindows(*blocked, <-chan struct{}) {}

// addReport has nothing to add: what an installer tells is what it prints.
func (s *supervisor) addReport() {}

// wait waits for the installer.
func (p *blocked) wait() (ending, error) {
	status, err := reap(p.id.PID)
	switch {
	case err != nil:
		return ending{}, err
	case status.Signaled():
		return ending{exit: -1, signal: unix.SignalName(status.Signal())}, nil
	}
	return ending{exit: status.ExitStatus()}, nil
}

// reap waits for the installer, and on the way for every other child that ends.
func reap(pid int) (unix.WaitStatus, error) {
	for {
		var status unix.WaitStatus
		got, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 0, fmt.Errorf("cannot wait for the installer: %w", err)
		case got == pid:
			return status, nil
		}
	}
}

// linger waits, at most for a time, until the installer's session is empty. It
// returns what still runs: the rest of the session, and what left it and became
// this process's child.
func (p *blocked) linger(most time.Duration) ([]Leftover, error) {
	deadline := time.Now().Add(most)
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		for {
			got, err := unix.Wait4(-1, nil, unix.WNOHANG, nil)
			if err == unix.ECHILD {
				return nil, nil // every process below this one has ended
			}
			if err != nil && err != unix.EINTR {
				return nil, fmt.Errorf("cannot wait for the installer's processes: %w", err)
			}
			if err == nil && got == 0 {
				break
			}
		}
		left, members, err := descendants(p.id)
		if err != nil {
			return nil, err
		}
		if members == 0 || time.Now().After(deadline) {
			return left, nil
		}
		time.Sleep(min(wait, time.Until(deadline)+time.Millisecond))
	}
}

// descendants lists the installer's session and this process's other children,
// and counts the former. The list is bounded, the count is not.
func descendants(installer events.ProcessID) (left []Leftover, members int, err error) {
	all, err := processes()
	if err != nil {
		return nil, 0, err
	}
	for _, p := range all {
		member := p.session == installer.PID
		if member {
			members++
		}
		if (member || p.parent == os.Getpid()) && len(left) < maxLeft {
			left = append(left, Leftover{p.id, plain(p.name)})
		}
	}
	return left, members, nil
}
