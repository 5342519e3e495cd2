// SPDX-License-Identifier: Apache-2.0

//go:build linux || windows

package installer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// The two parts that the hidden entry can play.
const (
	roleSupervise = "supervise" // supervise <token>: the order comes on standard input
	roleBecome    = "become"    // become <state> <token> <path> <argv…>: blocked until released
)

// Supervise is the hidden entry of the supervisor's program: args are what
// follows "attempt" on its command line. It returns the exit code of the
// process. Only Start calls it, with pipes in place; by hand it does nothing.
func Supervise(args []string) int { return superviseStepping(args, func(string) {}) }

// superviseStepping is Supervise; step, in tests, is told how far it came.
func superviseStepping(args []string, step func(string)) int {
	if len(args) == 2 && args[0] == roleSupervise {
		if ready := readyPipe(); ready != nil {
			defer ready.Close()
			s := &supervisor{ready: ready, step: step}
			if err := s.run(args[1], os.Stdin); err != nil {
				// The starter may be gone; then the file alone tells.
				_, _ = io.WriteString(ready, plain(err.Error()))
				return 1
			}
			return 0
		}
	}
	if len(args) >= 5 && args[0] == roleBecome && blockedPipes() {
		return become(args[1], args[2], args[3], args[4:])
	}
	fmt.Fprintln(os.Stderr, "This command is started by the quietsetup daemon and does nothing when started by hand.")
	return 2
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

// ending is how an installer ended.
type ending struct {
	exit   int    // -1 after a signal
	signal string // "" where a program can only exit
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
	lock, err := share(ord.StateDir)
	if err != nil {
		return err
	}
	defer lock.Close() // with the outcome written; it is free, too, if this process is killed
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
	if err := adopt(); err != nil {
		return err
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
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		_ = watchLog(s.log, s.spec.LogMax, stop) // the output is for people; its loss changes no outcome
	})
	watching.Go(func() { s.watchWindows(p, stop) })
	failed := p.failure()
	end, err := p.wait()
	took := time.Since(begin)
	s.step("exited")
	if err == nil {
		s.o.Left, err = p.linger(s.spec.Linger)
	}
	close(stop)
	watching.Wait()
	s.addReport()
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
	default:
		s.o.Exit, s.o.Signal = end.exit, end.signal
	}
	err = s.f.finish(s.o, s.spare)
	s.step("ended")
	return err
}
