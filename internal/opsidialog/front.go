// SPDX-License-Identifier: Apache-2.0

package opsidialog

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/prompts"
	"github.com/quietsetup/quietsetup/internal/source/opsi"
)

// Options are what a front works with.
type Options struct {
	Conf        string // opsiclientd.conf
	Credentials func() (opsi.Credentials, error)
	Unchanged   Judge // of files that only root or administrators may change
	Secret      Judge // of files that only they may read
	// Words puts a prompt into words.
	Words func(context.Context, apitypes.Prompt) (apitypes.Words, error)
	// People tells who is at the machine.
	People  func(context.Context) events.Observation
	Remote  bool // a session from afar has a desktop, as on Windows
	Program string
}

const (
	// lookEach is how often it is looked who is there while a dialog is shown.
	lookEach = 3 * time.Second
	// least is the shortest time for which a dialog is worth while.
	least = 10 * time.Second
	// slack is how much longer than the dialog its call may take.
	slack = 15 * time.Second
	// readable is how long nobody has read the text yet. What is pressed then was
	// meant for something else.
	readable = 2 * time.Second
	// tries is how often a dialog comes again that was pressed away so.
	tries = 3
)

// Front shows prompts by dialogs of opsiclientd. It may be used by many, and shows
// one dialog at a time: a second would take the first away.
type Front struct {
	o     Options
	turn  chan struct{} // holds a token while nobody shows one
	known *service      // guarded by the turn
	dial  func(ctx context.Context, port int) (net.Conn, error)
}

// New returns a front. It looks for no service yet.
func New(o Options) *Front {
	f := &Front{o: o, turn: make(chan struct{}, 1), dial: loopback}
	f.turn <- struct{}{}
	return f
}

// Why a dialog is not shown, or its answer does not count.
var (
	errSessions = errors.New("an answer would not tell who gave it: there is not exactly one session")
	errNotThere = errors.New("an answer would not tell who gave it: the session is locked, switched away or without a desktop")
	errShort    = errors.New("too little time is left for a dialog")
	errEarly    = errors.New("the dialog was pressed away before anybody could read it")
)

// Show shows a prompt in a session of owner until a button is pressed, and returns
// its choice.
func (f *Front) Show(ctx context.Context, session, owner string, p apitypes.Prompt) (string, error) {
	ends := time.Now().Add(time.Duration(p.RemainingMS) * time.Millisecond)
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case <-f.turn:
	}
	defer func() { f.turn <- struct{}{} }()
	if err := f.alone(ctx, session, owner); err != nil {
		return "", failed(p, err)
	}
	client, err := f.service(ctx)
	if err != nil {
		return "", failed(p, err)
	}
	for range tries {
		choice, early, err := f.ask(ctx, client, session, owner, p, ends)
		switch {
		case errors.Is(err, errOver):
			return "", prompts.ErrPassed
		case err != nil:
			return "", failed(p, err)
		case !early:
			return choice, nil
		}
	}
	return "", failed(p, errEarly)
}

func failed(p apitypes.Prompt, err error) error {
	return fmt.Errorf("cannot ask %s by opsiclientd's dialog: %w", p.ID, err)
}

// ask shows one dialog. early: it was pressed before anybody could read it.
func (f *Front) ask(ctx context.Context, client *opsi.Client, session, owner string, p apitypes.Prompt, ends time.Time) (choice string, early bool, err error) {
	words, err := f.o.Words(ctx, told(p))
	if err != nil {
		return "", false, err
	}
	began := time.Now()
	left := ends.Sub(began)
	if left < least {
		return "", false, errShort
	}
	d := dialog{title: title(words), message: markdown(words), seconds: int(left / time.Second), buttons: buttonsOf(words.Choices)}
	if len(d.buttons) == 0 {
		return "", false, errors.New("there are words for none of its choices")
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ctx, late := context.WithTimeout(ctx, left+slack)
	defer late()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		f.watch(ctx, session, owner, cancel)
	}()
	result, err := show(ctx, client, d)
	answered := time.Now()
	if err == nil {
		choice, err = answerOf(result, d.buttons)
	} else if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if err == nil {
		if err = f.alone(ctx, session, owner); err == nil {
			err = context.Cause(ctx) // it was otherwise meanwhile
		}
	}
	cancel(nil)
	<-watched
	return choice, answered.Sub(began) < readable, err
}

// watch ends a dialog whose answer would not tell any more who gave it.
func (f *Front) watch(ctx context.Context, session, owner string, end context.CancelCauseFunc) {
	t := time.NewTicker(lookEach)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if err := f.alone(ctx, session, owner); err != nil && ctx.Err() == nil {
			end(err)
			return
		}
	}
}

// alone returns nil if the session is the only one, and whoever answers there is its
// owner. What is not known is not so.
func (f *Front) alone(ctx context.Context, session, owner string) error {
	o := f.o.People(ctx)
	if !o.SessionsKnown || len(o.Sessions) != 1 || o.Sessions[0].ID != session || o.Sessions[0].Owner != owner {
		return errSessions
	}
	s := o.Sessions[0]
	if s.Locked || s.Away || s.Kind != graphical && (s.Kind != remote || !f.o.Remote) {
		return errNotThere
	}
	return nil
}

// Kinds of sessions, as a look at the machine names them.
const (
	graphical = "graphical"
	remote    = "remote"
)

// told is a prompt as this front can keep its word: without an answer nothing is ever
// closed or charged, and nothing given up but by max_unanswered, because nobody can be shown to have seen the dialog. It
// holds nothing that the words have no use for.
func told(p apitypes.Prompt) apitypes.Prompt {
	p.Nonce, p.Logo, p.Default = "", "", ""
	if p.Final {
		p.Default = apitypes.ChoiceDefer // which is not offered: the question stays until the end
	}
	programs := make([]apitypes.Program, 0, len(p.Programs))
	for _, q := range p.Programs {
		q.Path = ""
		programs = append(programs, q)
	}
	p.Programs = programs
	return p
}
