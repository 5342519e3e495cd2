// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/quietsetup/quietsetup/events"
)

// ErrNotStarted is returned when the supervisor could not start the attempt. It
// is certain that nothing ran, and the same attempt may be started again.
var ErrNotStarted = errors.New("the attempt was not started")

// Entry is the hidden command of the supervisor's program: "quietsetupd attempt
// …". Its main function hands the arguments after it to Supervise, before it
// does anything else.
const Entry = "attempt"

// Options say how supervisors are started.
type Options struct {
	Exe      string // the supervisor's program, absolute; see CopySelf
	StateDir string // absolute, writable by its owner only
	// Scope, if set, takes the supervisor out of the daemon's control group. It
	// is called before the supervisor may claim anything; its error means that
	// nothing runs. Without it the service must not kill its whole group when it
	// stops (systemd: KillMode=process).
	Scope func(pid int) error

	// step, in tests, is told how far Start came.
	step func(string)
}

// Start runs an attempt under a supervisor of its own and returns when the
// attempt's file says that the installer was released, or that it ended. It does
// not wait for the installer.
//
// An attempt runs at most once: if its file says that it was started before,
// Start runs nothing and returns what the file says. ErrVoided: it was taken
// back. ErrTaken: use Probe. ErrNotStarted, ErrSpec, ErrToken, ErrUntrusted:
// nothing ran, nor with ErrOccupied. An installer that cannot be run (no such file, not executable) is
// no error but an outcome, with a zero Installer.
//
// When ctx ends before the supervisor has claimed the attempt, the attempt is
// voided, and ErrVoided and ctx's error returned. If the supervisor was faster, Start returns
// as if ctx had not ended, because the installer runs.
func Start(ctx context.Context, opt Options, spec Spec) (events.InstallerStarted, error) {
	none := events.InstallerStarted{}
	if err := spec.check(); err != nil {
		return none, err
	}
	if !filepath.IsAbs(opt.Exe) {
		return none, fmt.Errorf("%w: the supervisor's program %q is not an absolute path", ErrNotStarted, opt.Exe)
	}
	if opt.step == nil {
		opt.step = func(string) {}
	}
	text, err := order{StateDir: opt.StateDir, Spec: spec.filled()}.encode()
	if err != nil {
		return none, err
	}
	f, err := openFolder(opt.StateDir, true)
	if err != nil {
		return none, fmt.Errorf("%w: %w", ErrNotStarted, err)
	}
	defer f.close()
	if begun, done, err := f.begunBefore(spec.Token); done || err != nil {
		return begun, err
	}
	if err := ctx.Err(); err != nil {
		return none, fmt.Errorf("%w: %w", ErrNotStarted, err)
	}
	if err := Occupied(opt.StateDir); err != nil { // the supervisor asks for good
		return none, fmt.Errorf("cannot start %s: %w", spec.Token, err)
	}
	s, err := launch(opt, spec.Token)
	if err != nil {
		return none, fmt.Errorf("%w: %w", ErrNotStarted, err)
	}
	return s.hand(ctx, opt, f, spec.Token, text)
}

// begunBefore answers from the file if the attempt has one.
func (f *folder) begunBefore(token string) (begun events.InstallerStarted, done bool, err error) {
	s, err := f.inspect(token)
	if err != nil {
		return begun, false, err
	}
	switch s.Kind {
	case KindNone:
		return begun, false, nil
	case KindVoid:
		return begun, false, fmt.Errorf("cannot start %s: %w", token, ErrVoided)
	case KindStarted, KindEnded:
		return s.Started, true, nil
	}
	return begun, false, fmt.Errorf("cannot start %s: %w (%s)", token, ErrTaken, s.Kind)
}

// launched is a supervisor that has not been told yet what to run.
type launched struct {
	pid   int
	order *os.File      // written once, then closed
	ready *os.File      // ends when the installer was released, or with an error's text
	gone  chan struct{} // closed when the supervisor has ended and was reaped
}

// launch starts the supervisor's process, detached from ours.
func launch(opt Options, token string) (*launched, error) {
	attr, err := detached()
	if err != nil {
		return nil, err
	}
	orderR, orderW, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("cannot make a pipe: %w", err)
	}
	readyR, readyW, err := os.Pipe()
	if err != nil {
		orderR.Close()
		orderW.Close()
		return nil, fmt.Errorf("cannot make a pipe: %w", err)
	}
	cmd, err := busyRetry(func() (*exec.Cmd, error) {
		cmd := exec.Command(opt.Exe, Entry, roleSupervise, token)
		cmd.Dir = neutralDir()
		cmd.Env = fixedEnv()
		cmd.Stdin = orderR
		giveReady(cmd, readyW)
		cmd.SysProcAttr = attr
		return cmd, startAnyway(cmd)
	})
	orderR.Close()
	readyW.Close()
	if err != nil {
		orderW.Close()
		readyR.Close()
		return nil, fmt.Errorf("cannot run the supervisor: %w", err)
	}
	s := &launched{pid: cmd.Process.Pid, order: orderW, ready: readyR, gone: make(chan struct{})}
	go func() {
		defer close(s.gone)
		_ = cmd.Wait() // its exit code tells nothing that the file does not
	}()
	return s, nil
}

// busyRetry repeats a start that failed because another process still holds the
// program open for writing.
func busyRetry[T any](start func() (T, error)) (T, error) {
	for wait := time.Millisecond; ; wait *= 2 {
		x, err := start()
		if !busy(err) || wait > time.Second {
			return x, err
		}
		time.Sleep(wait)
	}
}

// hand gives the supervisor its order and waits for the release.
func (s *launched) hand(ctx context.Context, opt Options, f *folder, token string, text []byte) (events.InstallerStarted, error) {
	none := events.InstallerStarted{}
	defer s.ready.Close()
	opt.step("launched")
	if opt.Scope != nil {
		if err := opt.Scope(s.pid); err != nil {
			s.order.Close() // an order that is empty is none: the supervisor ends
			<-s.gone
			return none, fmt.Errorf("%w: cannot move the supervisor to its own scope: %w", ErrNotStarted, err)
		}
	}
	opt.step("scoped")
	_, err := s.order.Write(text[:len(text)/2])
	opt.step("half ordered")
	if err == nil {
		_, err = s.order.Write(text[len(text)/2:])
	}
	s.order.Close()
	opt.step("ordered")
	if err != nil {
		<-s.gone
		return none, fmt.Errorf("%w: the supervisor ended at once: %w", ErrNotStarted, err)
	}
	said := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(io.LimitReader(s.ready, maxText)) // a read error ends it like the supervisor's end
		said <- string(b)
	}()
	var why string
	select {
	case why = <-said:
	case <-ctx.Done():
		if err := Void(opt.StateDir, token); err == nil {
			return none, fmt.Errorf("cannot start %s: %w: %w", token, ErrVoided, ctx.Err())
		} else if !errors.Is(err, ErrTaken) {
			return none, errors.Join(ctx.Err(), err)
		}
		why = <-said
	}
	return s.settle(f, token, why)
}

// settle reads the file once the supervisor has said that it is ready, or ended.
func (s *launched) settle(f *folder, token, why string) (events.InstallerStarted, error) {
	none := events.InstallerStarted{}
	o, err := f.load(token)
	if err != nil {
		return none, err
	}
	if o.State == KindStarted || o.State == KindEnded {
		return o.begun(), nil
	}
	// It reports an error before it ends, so its end is near.
	<-s.gone
	if o, err = f.load(token); err != nil {
		return none, err
	}
	switch {
	case o.State == KindStarted || o.State == KindEnded:
		return o.begun(), nil
	case o.State == KindVoid:
		return none, fmt.Errorf("cannot start %s: %w", token, ErrVoided)
	case o.State == KindClaimed && o.Supervisor.PID == s.pid:
		// Its process was reaped here, so it is dead for certain and the claim is
		// worth nothing; without it the attempt can be started again.
		if err := errors.Join(f.remove(token+endSpare), f.remove(token+endOutcome)); err != nil {
			return none, fmt.Errorf("%w: %w", ErrNotStarted, err)
		}
	case o.State != KindNone:
		return none, fmt.Errorf("cannot start %s: %w (%s)", token, ErrTaken, o.State)
	}
	if why = strings.TrimSpace(why); why == "" {
		why = "the supervisor was ended"
	}
	return none, fmt.Errorf("%w: %s", ErrNotStarted, why)
}
