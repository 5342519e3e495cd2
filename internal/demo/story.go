// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/localclient"
	"github.com/quietsetup/quietsetup/internal/promptui"
)

// story is a demo on its way.
type story struct {
	Options
	world  world
	client *localclient.Client
	daemon *leash
	busy   *leash
	log    *os.File // of the daemon
	person *person
	left   chan error         // how the agent ended
	hangUp context.CancelFunc // ends the agent
}

// versionOne starts the daemon and lets it install version 1 while nobody is disturbed.
func (s *story) versionOne(ctx context.Context, _ *Result) error {
	var err error
	if s.log, err = os.OpenFile(s.world.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	s.client = localclient.New(s.world.socket())
	s.Tell("demo.begin", i18n.Data{"Dir": s.world.dir})
	if err := s.startDaemon(ctx); err != nil {
		return err
	}
	s.Tell("demo.daemon", i18n.Data{"PID": s.daemon.cmd.Process.Pid})
	if _, err := s.client.Request(ctx, Product, "setup", false, "demo"); err != nil {
		return err
	}
	p, err := s.await(ctx, "version 1", func(p apitypes.Product) bool { return p.Run == 1 && p.Phase == "reported" })
	if err != nil {
		return err
	}
	if p.Outcome == nil || p.Outcome.Outcome != "ok" {
		return fmt.Errorf("version 1 could not be installed: %s", standing(p))
	}
	s.Tell("demo.version_one", i18n.Data{"Version": p.Installed})
	return nil
}

// later has somebody work with the program and put version 2 off.
func (s *story) later(ctx context.Context, _ *Result) error {
	if err := s.world.offer("2.0"); err != nil {
		return err
	}
	if err := copyProgram(s.world.exe, s.world.program()); err != nil {
		return err
	}
	var err error
	if s.busy, err = start(s.world.program(), []string{entryBusy}, nil); err != nil {
		return fmt.Errorf("cannot start the busy program: %w", err)
	}
	s.Tell("demo.busy", i18n.Data{"PID": s.busy.cmd.Process.Pid, "Program": s.world.program()})
	s.sitDown(ctx)
	if _, err := s.client.Request(ctx, Product, "setup", false, "demo"); err != nil {
		return err
	}
	s.Tell("demo.requested", nil)
	if err := s.answer(ctx, AnswerDefer); err != nil {
		return err
	}
	p, err := s.await(ctx, "the defer", func(p apitypes.Product) bool {
		return p.Phase == "deferred" && p.Defers.Used == 1 && p.Report.Accepted
	})
	if err != nil {
		return err
	}
	s.Tell("demo.put_off", i18n.Data{"Used": p.Defers.Used, "Max": p.Defers.Max, "Progress": p.Report.Wanted.ActionProgress,
		"Version": p.Installed, "Status": p.Status})
	return nil
}

// killed takes the daemon's power away and looks what it still knows.
func (s *story) killed(ctx context.Context, res *Result) error {
	pid := s.daemon.cmd.Process.Pid
	s.daemon.kill()
	s.Tell("demo.killed", i18n.Data{"PID": pid})
	if err := s.startDaemon(ctx); err != nil {
		return err
	}
	p, err := s.client.Product(ctx, Product)
	if err != nil {
		return err
	}
	res.DefersAfterRestart = p.Defers.Used
	s.Tell("demo.restarted", i18n.Data{"PID": s.daemon.cmd.Process.Pid, "Used": p.Defers.Used, "Max": p.Defers.Max})
	return nil
}

// lastRound is answered as the options say.
func (s *story) lastRound(ctx context.Context, _ *Result) error {
	s.Tell("demo.round_two", nil)
	if err := s.answer(ctx, s.Answer); err != nil {
		return err
	}
	p, err := s.await(ctx, "the last round", func(p apitypes.Product) bool {
		return (p.Phase == "reported" || p.Phase == "deferred" && p.Round > 1) && p.Report.Accepted
	})
	if err != nil {
		return err
	}
	if p.Outcome == nil {
		s.Tell("demo.put_off", i18n.Data{"Used": p.Defers.Used, "Max": p.Defers.Max, "Progress": p.Report.Wanted.ActionProgress,
			"Version": p.Installed, "Status": p.Status})
		return nil
	}
	if !s.busy.alive() {
		s.Tell("demo.closed", nil)
	}
	text, err := os.ReadFile(filepath.Join(s.world.product(), "version"))
	if err != nil {
		return err
	}
	s.Tell("demo.version_two", i18n.Data{"Version": p.Installed, "OnDisk": string(bytes.TrimSpace(text))})
	return nil
}

// report shows what the source shows, ends the daemon and replays its log.
func (s *story) report(ctx context.Context, res *Result) error {
	ps, err := s.client.Products(ctx)
	if err != nil {
		return err
	}
	for _, p := range ps.Products {
		w := p.Report.Wanted
		res.Final = Final{Status: w.InstallationStatus, Version: p.Installed, Result: w.ActionResult}
		s.Tell("demo.report", i18n.Data{"Status": w.InstallationStatus, "Version": p.Installed, "Result": w.ActionResult, "Request": w.ActionRequest})
	}
	s.Table(ps)
	s.daemon.stop()
	if res.Verdict, err = s.Verify(s.world.state()); err != nil {
		return err
	}
	s.Tell("demo.verdict", i18n.Data{"Verdict": res.Verdict})
	if s.Keep {
		s.Tell("demo.kept", i18n.Data{"Journal": s.world.journal(), "State": s.world.state(), "Log": s.world.log(), "Program": s.program()})
	} else {
		s.Tell("demo.gone", i18n.Data{"Journal": s.world.journal(), "Program": s.program()})
	}
	return nil
}

// program is how a person calls this program again.
func (s *story) program() string {
	if strings.Contains(filepath.ToSlash(s.Exe), "/go-build") {
		return "go run ./cmd/quietsetup" // the file itself is gone after the demo
	}
	if onPath, err := exec.LookPath("quietsetup"); err == nil && onPath == s.Exe {
		return "quietsetup"
	}
	return s.Exe
}

// startDaemon starts the daemon and waits until it answers.
func (s *story) startDaemon(ctx context.Context) error {
	var err error
	args := []string{entryDaemon, "run", "--config", s.world.config(), "--state-dir", s.world.state()}
	if s.daemon, err = start(s.world.exe, args, s.log); err != nil {
		return fmt.Errorf("cannot start the daemon: %w", err)
	}
	return s.poll(ctx, patience, "the daemon's answer", func() (bool, error) {
		_, err := s.client.Status(ctx)
		if errors.Is(err, localclient.ErrNotRunning) || errors.Is(err, localclient.ErrBroken) || errors.Is(err, localclient.ErrSilent) {
			return false, nil
		}
		return err == nil, err
	})
}

// sitDown connects the prompt agent.
func (s *story) sitDown(ctx context.Context) {
	s.person = &person{tell: s.Tell, texts: s.Texts, real: s.Front, turns: make(chan string)}
	ctx, s.hangUp = context.WithCancel(ctx)
	s.left = make(chan error, 1)
	go func() {
		s.left <- promptui.Run(ctx, promptui.Config{Daemon: s.client, Front: s.person, Texts: s.Texts,
			Languages: []string{s.Texts.Language()}, Socket: s.world.socket()})
	}()
}

// answer gives the answer to the next question as soon as it is shown.
func (s *story) answer(ctx context.Context, a string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no question came within %s", patience))
	defer cancel()
	select {
	case s.person.turns <- a:
		return nil
	case err := <-s.left:
		s.left <- err
		return fmt.Errorf("the prompt agent ended: %w", orEnded(err))
	case <-s.daemon.gone:
		return errDaemonEnded
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

var (
	errDaemonEnded = errors.New("the daemon ended")
	errPersonEnded = errors.New("ended by the person")
)

// orEnded is how an agent ended that nobody told to.
func orEnded(err error) error {
	if err == nil {
		return errPersonEnded
	}
	return err
}

// await asks the daemon for the product until it is as wanted.
func (s *story) await(ctx context.Context, what string, ok func(apitypes.Product) bool) (apitypes.Product, error) {
	limit := patience
	if s.Answer == AnswerAsk {
		limit = 10 * time.Minute // a person has the time that the window gives
	}
	var last apitypes.Product
	err := s.poll(ctx, limit, what, func() (bool, error) {
		p, err := s.client.Product(ctx, Product)
		if errors.Is(err, localclient.ErrNotFound) {
			return false, nil // not taken over from the source yet
		}
		last = p.Product
		return err == nil && ok(last), err
	})
	if err != nil && last.ID != "" {
		err = fmt.Errorf("%w (%s)", err, standing(last))
	}
	return last, err
}

// standing says where a product stands, for an error.
func standing(p apitypes.Product) string {
	text := p.ID + " is " + p.Phase
	if w := p.Waits; w != nil {
		text += ", waits for " + detailed(w.Reason, w.Detail)
	}
	if o := p.Outcome; o != nil {
		text += ", outcome " + detailed(o.Outcome, o.Reason)
	}
	return text
}

func detailed(word, detail string) string {
	if detail == "" {
		return word
	}
	return word + " (" + detail + ")"
}

// poll calls f until it is true, fails, or the time is over.
func (s *story) poll(ctx context.Context, limit time.Duration, what string, f func() (bool, error)) error {
	deadline := time.After(limit)
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := f(); ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-s.daemon.gone:
			return errDaemonEnded
		case err := <-s.left: // nil before the agent was started: never
			s.left <- err
			return fmt.Errorf("the prompt agent ended: %w", orEnded(err))
		case <-deadline:
			return fmt.Errorf("gave up waiting for %s after %s", what, limit)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// end ends everything that was started. A running installer ends by itself,
// within a second or two; nobody stops one in the middle.
func (s *story) end() {
	if s.hangUp != nil {
		s.hangUp()
		<-s.left
	}
	if s.daemon != nil && s.daemon.alive() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		for ctx.Err() == nil {
			p, err := s.client.Product(ctx, Product)
			if err != nil || p.Phase != "installing" || p.Attempt == nil || p.Attempt.State == "ended" {
				break
			}
			time.Sleep(25 * time.Millisecond)
		}
		cancel()
	}
	s.daemon.stop()
	s.busy.stop()
	if s.client != nil {
		s.client.Close()
	}
	if s.log != nil {
		_ = s.log.Close() // the daemon wrote it, not we
	}
}

// explain adds the end of the daemon's log to an error, for who reports it.
func (s *story) explain(err error) error {
	const most = 2000
	text, rerr := os.ReadFile(s.world.log())
	if rerr != nil || len(text) == 0 {
		return err
	}
	return fmt.Errorf("%w\nthe daemon's log ends with:\n%s", err, text[max(0, len(text)-most):])
}
