// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
)

// killWait is how long a killed process is given to disappear.
const killWait = 5 * time.Second

// poll is how often a wait looks at its context.
const poll = 100 * time.Millisecond

// target is one process to be closed, held by a handle that never means another.
type target struct {
	events.Process
	fd   int
	done bool // it has ended, or is no longer what was shown
}

// Close closes exactly the given processes: it asks each to end, waits up to
// grace, and with force ends those that are left. Before each signal a process
// is checked again on its open handle: start time and, where it is revealed,
// the path. One that has ended or runs something else by now is left alone and
// is no error. Close returns early when all are gone, or with the context's
// error, after which nothing more is signalled.
//
// The error names processes that were refused (ErrProtected) or could not be
// signalled; the others are closed all the same. Processes that outlive an
// unforced close are no error: a look afterwards finds them.
func (m *Machine) Close(ctx context.Context, targets []events.Process, grace time.Duration, force bool) error {
	people, _ := m.People(ctx) // without it no session leader is known; all other guards hold
	var open []*target
	defer func() {
		for _, t := range open {
			unix.Close(t.fd)
		}
	}()
	var errs []error
	for _, p := range targets {
		fd, err := unix.PidfdOpen(p.PID, 0)
		if err == unix.ESRCH {
			continue
		}
		if err == unix.ENOSYS {
			err = fmt.Errorf("%w: %w", err, errors.ErrUnsupported)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("cannot close process %d: %w", p.PID, err))
			continue
		}
		open = append(open, &target{Process: p, fd: fd})
	}
	errs = append(errs, m.signal(ctx, open, people.Leaders, unix.SIGTERM)...)
	if err := wait(ctx, open, grace); err != nil {
		return errors.Join(append(errs, err)...)
	}
	if force {
		errs = append(errs, m.signal(ctx, open, people.Leaders, unix.SIGKILL)...)
		if err := wait(ctx, open, killWait); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// signal checks each target that is left and signals it.
func (m *Machine) signal(ctx context.Context, open []*target, leaders []int, sig unix.Signal) (errs []error) {
	s := m.newSearch(ctx, nil)
	for _, t := range open {
		if t.done {
			continue
		}
		if err := ctx.Err(); err != nil {
			return append(errs, err)
		}
		same, err := s.same(t, leaders)
		if err == nil && same {
			err = unix.PidfdSendSignal(t.fd, sig, nil, 0)
			if err == nil && sig == unix.SIGTERM {
				// A stopped program hears nothing until it goes on.
				err = unix.PidfdSendSignal(t.fd, unix.SIGCONT, nil, 0)
			}
		}
		switch {
		case err != nil && gone(err):
			// It has ended, or is about to: what remains of it is waited for.
		case err != nil:
			t.done = true
			errs = append(errs, fmt.Errorf("cannot close process %d: %w", t.PID, err))
		case !same:
			t.done = true
		}
	}
	return errs
}

// same reports whether the process behind the handle is still the one that was
// shown, and one that may be closed.
//
// The handle is asked last: while it has not ended, its pid belongs to no other
// process, so what was read by pid was read of it.
func (s *search) same(t *target, leaders []int) (bool, error) {
	if !t.Class.Blocks() {
		return false, fmt.Errorf("class %q: %w", t.Class, ErrProtected)
	}
	if t.PID <= 1 || s.above(int32(t.PID), t.Start) {
		return false, fmt.Errorf("it is this process or one it was started by: %w", ErrProtected)
	}
	exe, err := s.exe(int32(t.PID))
	if err != nil {
		return false, err
	}
	p, err := s.describe(int32(t.PID), exe, exe)
	if errors.Is(err, errChanged) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if p.ID.Start != t.Start || ended(t.fd) {
		return false, nil
	}
	if t.Path.Ref() == "" && !t.Path.IsZero() && !s.runs(int32(t.PID), exe, t.Path.String()) {
		return false, nil
	}
	p.Rule = t.Rule
	if class := checks.Classify(s.rules, p); !class.Blocks() || slices.Contains(leaders, t.PID) {
		return false, fmt.Errorf("it is vital or a service: %w", ErrProtected)
	}
	return !ended(t.fd), nil
}

// runs reports whether a process with the executable exe runs path, itself or
// as a script.
func (s *search) runs(pid int32, exe, path string) bool {
	shown := func(p string) bool { return events.Plain(p).String() == path } // a path of any bytes, as the log has it
	if shown(s.rules.Clean(exe)) {
		return true
	}
	scripts, err := readScripts(pid, exe)
	return err == nil && slices.ContainsFunc(scripts, shown)
}

// wait waits until all targets have ended, at most as long as given.
func wait(ctx context.Context, open []*target, long time.Duration) error {
	for deadline := time.Now().Add(long); ; {
		var fds []unix.PollFd
		for _, t := range open {
			if !t.done {
				fds = append(fds, unix.PollFd{Fd: int32(t.fd), Events: unix.POLLIN})
			}
		}
		left := time.Until(deadline)
		if len(fds) == 0 || left <= 0 {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := unix.Poll(fds, int(min(left, poll).Milliseconds())+1); err != nil && err != unix.EINTR {
			return fmt.Errorf("cannot wait for processes to end: %w", err)
		}
		for _, t := range open {
			t.done = t.done || ended(t.fd)
		}
	}
}

// ended reports whether the process behind a handle has ended.
func ended(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, 0)
		if err == unix.EINTR {
			continue
		}
		return err == nil && n > 0
	}
}
