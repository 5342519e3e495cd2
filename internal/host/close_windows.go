// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/windows"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
)

// killWait is how long a terminated process is given to disappear.
const killWait = 5 * time.Second

// poll is how often a wait looks at its context.
const poll = 100 * time.Millisecond

// askWait is how long those who ask programs to close are given at least.
const askWait = 2 * time.Second

// terminated is the exit code of a program that was ended by force.
const terminated = 1

// target is one process to be closed, held by a handle that never means another.
type target struct {
	events.Process
	h       windows.Handle
	mayEnd  bool   // the handle has the right to terminate
	session string // the kernel's word, not that of the finding
	done    bool   // it has ended, or is no longer what was shown
}

// Close closes exactly the given processes: it has the windows of each asked to
// close, waits up to grace, and with force terminates those that are left. Before
// each of both steps a process is checked again on its open handle: start time
// and, where it is revealed, the path. One that has ended or is another by now is
// left alone and is no error. Close returns early when all are gone, or with the
// context's error, after which nothing more is done.
//
// The error names processes that were refused (ErrProtected) or could not be
// asked or terminated; the others are closed all the same. Processes that outlive
// an unforced close are no error: a look afterwards finds them.
func (m *Machine) Close(ctx context.Context, targets []events.Process, grace time.Duration, force bool) error {
	var open []*target
	defer func() {
		for _, t := range open {
			windows.CloseHandle(t.h)
		}
	}()
	var errs []error
	for _, p := range targets {
		t, err := openTarget(p)
		switch {
		case err == nil:
			open = append(open, t)
		case !gone(err):
			errs = append(errs, fmt.Errorf("cannot close process %d: %w", p.PID, err))
		}
	}
	errs = append(errs, m.check(ctx, open)...)
	if err := ctx.Err(); err != nil {
		return errors.Join(append(errs, err)...)
	}
	unasked, err := m.askAndWait(ctx, open, grace)
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	if force {
		errs = append(errs, m.check(ctx, open)...)
		errs = append(errs, terminate(ctx, open)...)
		if err := waitForEnd(ctx, open, killWait); err != nil {
			errs = append(errs, err)
		}
	}
	// Who could not be asked is no matter once nothing of theirs is left.
	for session, err := range unasked {
		if slices.ContainsFunc(open, func(t *target) bool { return !t.done && t.session == session }) {
			errs = append(errs, fmt.Errorf("cannot close the programs of session %s: %w", session, err))
		}
	}
	return errors.Join(errs...)
}

// openTarget opens a process with the rights to wait for it and, where they are
// given, to end it. The right to wait is in none of x/sys's collections.
func openTarget(p events.Process) (*target, error) {
	if p.PID <= systemPID {
		return nil, fmt.Errorf("it is none of a person's: %w", ErrProtected)
	}
	t := &target{Process: p, mayEnd: true}
	var err error
	t.h, err = windows.OpenProcess(lookInto|windows.PROCESS_TERMINATE, false, uint32(p.PID))
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		t.mayEnd = false
		t.h, err = windows.OpenProcess(lookInto, false, uint32(p.PID))
	}
	if err != nil {
		return nil, err
	}
	t.session = sessionOf(int32(p.PID))
	return t, nil
}

// check drops the targets that have ended or are not what was shown, and refuses
// those that must not be closed.
func (m *Machine) check(ctx context.Context, open []*target) (errs []error) {
	s, err := m.newSearch(nil)
	for _, t := range open {
		switch {
		case t.done:
			continue
		case ctx.Err() != nil:
			return append(errs, ctx.Err())
		case err != nil:
			t.done = true
			errs = append(errs, fmt.Errorf("cannot close process %d: %w", t.PID, err))
			continue
		}
		same, err := s.same(t)
		if err != nil && !gone(err) && !ended(t.h) { // it may end between two looks
			errs = append(errs, fmt.Errorf("cannot close process %d: %w", t.PID, err))
		}
		t.done = err != nil || !same
	}
	return errs
}

// same reports whether the process behind the handle is the one that was shown,
// and one that may be closed.
func (s *search) same(t *target) (bool, error) {
	if !t.Class.Blocks() {
		return false, fmt.Errorf("class %q: %w", t.Class, ErrProtected)
	}
	if s.above(int32(t.PID)) {
		return false, fmt.Errorf("it is this process or one it was started by: %w", ErrProtected)
	}
	if ended(t.h) {
		return false, nil
	}
	exe, err := imageOf(t.h)
	if err != nil {
		return false, err
	}
	p, err := s.describe(t.h, int32(t.PID), s.known(exe))
	if err != nil {
		return false, err
	}
	if p.ID.Start != t.Start {
		return false, nil
	}
	if t.Path.Ref() == "" && !t.Path.IsZero() && !s.rules.Same(events.Plain(p.Path).String(), t.Path.String()) {
		return false, nil
	}
	if s.err != nil {
		return false, s.err // what may be a service is not closed
	}
	p.Rule = t.Rule
	if !checks.Classify(s.rules, p).Blocks() {
		return false, fmt.Errorf("it is vital or a service: %w", ErrProtected)
	}
	return true, nil
}

// errNobodyAsks says that there is no way to the windows of a session.
var errNobodyAsks = fmt.Errorf("nobody can ask them: %w", errors.ErrUnsupported)

// askAndWait has each session's programs asked and waits until all have ended, at
// most for the grace. It returns the sessions that could not be asked. A session
// whose agent has not answered by then counts as asked: its windows may be
// closing.
func (m *Machine) askAndWait(ctx context.Context, open []*target, grace time.Duration) (unasked map[string]error, err error) {
	by := map[string][]events.ProcessID{}
	for _, t := range open {
		if !t.done {
			by[t.session] = append(by[t.session], t.ProcessID)
		}
	}
	if len(by) == 0 {
		return nil, nil
	}
	unasked = map[string]error{}
	if m.options.AskToClose == nil {
		for session := range by {
			unasked[session] = errNobodyAsks
		}
		return unasked, waitForEnd(ctx, open, grace)
	}
	type answer struct {
		session string
		err     error
	}
	answers := make(chan answer, len(by))
	asking, stop := context.WithTimeout(ctx, max(grace, askWait))
	defer stop()
	for session, ids := range by {
		go func() { answers <- answer{session, m.options.AskToClose(asking, session, ids)} }()
	}
	err = waitForEnd(ctx, open, grace)
	if !slices.ContainsFunc(open, func(t *target) bool { return !t.done }) {
		stop()
	}
	for range by { // the pids that are asked for are held by handles that are open here
		if a := <-answers; a.err != nil && asking.Err() == nil {
			unasked[a.session] = a.err
		}
	}
	return unasked, err
}

// terminate ends what is left.
func terminate(ctx context.Context, open []*target) (errs []error) {
	for _, t := range open {
		if t.done || ctx.Err() != nil {
			continue
		}
		err := error(windows.ERROR_ACCESS_DENIED)
		if t.mayEnd {
			err = windows.TerminateProcess(t.h, terminated)
		}
		// A process that is about to end may not be terminated any more.
		if err != nil && !ended(t.h) {
			t.done = true
			errs = append(errs, fmt.Errorf("cannot close process %d: %w", t.PID, err))
		}
	}
	return errs
}

// waitForEnd waits until all targets have ended, at most as long as given.
func waitForEnd(ctx context.Context, open []*target, long time.Duration) error {
	for deadline := time.Now().Add(long); ; {
		var left *target
		for _, t := range open {
			t.done = t.done || ended(t.h)
			if !t.done && left == nil {
				left = t
			}
		}
		rest := time.Until(deadline)
		if left == nil || rest <= 0 {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := windows.WaitForSingleObject(left.h, uint32(min(rest, poll).Milliseconds())+1); err != nil {
			return fmt.Errorf("cannot wait for process %d to end: %w", left.PID, err)
		}
	}
}
