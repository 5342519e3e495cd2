// SPDX-License-Identifier: Apache-2.0

package installer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/quietsetup/quietsetup/events"
)

// The two parts that the hidden entry can play.
const (
	roleSupervise = "supervise" // supervise <token>: the order comes on standard input
	roleBecome    = "become"    // become <state> <token> <path> <argv…>: blocked until released
)

// File descriptors that the two are started with.
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

// Supervise is the hidden entry of the supervisor's program: args are what
// follows "attempt" on its command line. It returns the exit code of the
// process. Only Start calls it, with pipes in place; by hand it does nothing.
func Supervise(args []string) int { return superviseStepping(args, func(string) {}) }

// superviseStepping is Supervise; step, in tests, is told how far it came.
func superviseStepping(args []string, step func(string)) int {
	switch {
	case len(args) == 2 && args[0] == roleSupervise && isPipe(fdReady):
		unix.CloseOnExec(fdReady)
		s := &supervisor{ready: os.NewFile(fdReady, "ready"), step: step}
		defer s.ready.Close()
		if err := s.run(args[1], os.Stdin); err != nil {
			// The starter may be gone; then the file alone tells.
			_, _ = io.WriteString(s.ready, plain(err.Error()))
			return 1
		}
		return 0
	case len(args) >= 5 && args[0] == roleBecome && isPipe(fdRelease) && isPipe(fdFailed):
		return become(args[1], args[2], args[3], args[4:])
	}
	fmt.Fprintln(os.Stderr, "This command is started by the quietsetup daemon and does nothing when started by hand.")
	return 2
}

func isPipe(fd int) bool {
	var st unix.Stat_t
	return unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFIFO
}

// supervisor carries one attempt from claim to outcome.
type supervisor struct {
	ready *os.File
	step  func(string)
	f     *folder
	spec  Spec
	o     outcome  // what the file says
	spare *os.File // written in full, to become the last state
	log   *os.File
}

// run returns an error if the attempt did not start or its outcome could not be
// kept. An error before "started" leaves no file behind.
func (s *supervisor) run(token string, stdin io.Reader) error {
	outliveSignals()
	ord, err := readOrder(stdin)
	if err != nil {
		return err
	}
	if ord.Spec.Token != token {
		return fmt.Errorf("%w: it is about %q, not %q", ErrSpec, ord.Spec.Token, token)
	}
	s.spec = ord.Spec
	s.step("read")
	if s.f, err = openFolder(ord.StateDir, true); err != nil {
		return err
	}
	defer s.f.close()
	if err := s.claim(); err != nil {
		return err
	}
	s.step("claimed")
	path, err := resolve(s.spec.Dir, s.spec.Argv[0])
	if err != nil {
		s.o.State, s.o.At, s.o.Error = KindEnded, now(), plain(err.Error())
		return s.unless(s.f.replace(s.o))
	}
	p, err := s.prepare(path)
	if err != nil {
		return s.unless(err)
	}
	return s.carry(p)
}

// outliveSignals keeps signals that ask a process to end from ending this one.
// They are caught and not ignored: the installer would inherit ignored ones.
func outliveSignals() {
	signal.Notify(make(chan os.Signal, 1), unix.SIGTERM, unix.SIGHUP, unix.SIGINT, unix.SIGQUIT,
		unix.SIGPIPE, unix.SIGXFSZ, unix.SIGUSR1, unix.SIGUSR2, unix.SIGALRM, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU)
}

// claim creates the attempt's file, or fails because it is claimed or void.
func (s *supervisor) claim() error {
	boot, err := bootID()
	if err != nil {
		return err
	}
	self, err := identify(os.Getpid())
	if err != nil {
		return err
	}
	// What the installer starts and abandons becomes this process's child.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("cannot become the reaper of the installer's processes: %w", err)
	}
	s.o = outcome{Token: s.spec.Token, State: KindClaimed, Boot: boot, At: now(), Supervisor: self, Exit: -1,
		LingerMS: s.spec.Linger.Milliseconds()}
	err = s.f.create(s.o)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("cannot claim %s: %w", s.spec.Token, ErrTaken)
	}
	return s.unless(err)
}

// unless takes the claim back if there was an error: nothing has run.
func (s *supervisor) unless(err error) error {
	if err == nil {
		return nil
	}
	for _, file := range []*os.File{s.spare, s.log} {
		if file != nil {
			file.Close()
		}
	}
	o, lerr := s.f.load(s.spec.Token)
	if lerr != nil || o.Supervisor != s.o.Supervisor {
		return errors.Join(err, lerr)
	}
	return errors.Join(err, s.f.remove(s.spec.Token+endSpare), s.f.remove(s.spec.Token+endOutcome))
}

// prepare makes room for the outcome and starts the blocked process.
func (s *supervisor) prepare(path string) (*blocked, error) {
	var err error
	if s.spare, err = s.f.createSpare(s.spec.Token); err != nil {
		return nil, err
	}
	if s.log, err = s.f.createLog(s.spec.Token); err != nil {
		return nil, err
	}
	s.step("prepared")
	p, err := block(filepath.Dir(s.f.path), path, s.spec, s.log)
	if err != nil {
		return nil, err
	}
	s.step("blocked")
	s.o.State, s.o.At, s.o.Installer = KindStarted, now(), p.id
	if err := s.f.replace(s.o); err != nil {
		p.abandon()
		return nil, err
	}
	s.step("started")
	return p, nil
}

// carry releases the installer, waits for it and writes its outcome. From here
// on the attempt counts as having run.
func (s *supervisor) carry(p *blocked) error {
	begin := time.Now()
	released := p.release()
	s.step("released")
	s.ready.Close()
	stop, cut := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(cut)
		_ = watchLog(s.log, s.spec.LogMax, stop) // the output is for people; its loss changes no outcome
	}()
	failed := p.failure()
	status, err := reap(p.id.PID)
	took := time.Since(begin)
	s.step("exited")
	if err == nil {
		s.o.Left, err = linger(p.id, s.spec.Linger)
	}
	close(stop)
	<-cut
	s.log.Close()
	if err != nil {
		return err // no outcome is better than a guessed one
	}
	s.o.State, s.o.At, s.o.TookMS = KindEnded, now(), took.Milliseconds()
	switch {
	case failed != "":
		s.o.Error = plain("cannot run the command: " + failed)
	case released != nil:
		s.o.Error = plain("cannot run the command: its process ended before it was released: " + released.Error())
	case status.Signaled():
		s.o.Signal = unix.SignalName(status.Signal())
	default:
		s.o.Exit = status.ExitStatus()
	}
	err = s.f.finish(s.o, s.spare)
	s.step("ended")
	return err
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
func linger(installer events.ProcessID, most time.Duration) ([]Leftover, error) {
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
		left, members, err := descendants(installer)
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
