// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

var errDead = errors.New("the process is gone")

// world is the machine: it goes on while engines come and go.
type world struct {
	mu       sync.Mutex
	source   chan bool       // held from a read or write of the source until it is recorded
	busy     bool            // the program of the product runs
	answers  []events.Choice // of the person, one a window
	attempts map[string]int  // by token: 1 runs, 2 ended
	installs int
	closed   int
	shows    events.Report // what the source shows
}

func newWorld() *world {
	return &world{source: make(chan bool, 1), busy: true, attempts: map[string]int{}, answers: []events.Choice{events.ChoiceRecheck, events.ChoiceDefer, events.ChoiceKill}}
}

func (w *world) look() events.Observation {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := secretLook()
	if !w.busy {
		o.Programs = nil
	}
	return o
}

// life is one process: after its death nothing it does reaches the world or the log.
type life struct {
	w    *world
	log  *memory
	e    *Engine
	mu   sync.Mutex
	dead bool
	left int // seams until it dies; negative = it never does
	seen []string
}

// seam counts, and ends this life at its number.
func (l *life) seam(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return
	}
	l.seen = append(l.seen, name)
	if l.left--; l.left == 0 {
		l.dead = true
		l.log.kill()
	}
}

// alive runs f on the world unless this process has died.
func (l *life) alive(f func(w *world)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return errDead
	}
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	if f != nil {
		f(l.w)
	}
	return nil
}

func (l *life) Do(ctx context.Context, e fsm.Effect, emit func(events.Input) error) error {
	if err := l.alive(nil); err != nil {
		<-ctx.Done()
		return err
	}
	t := e.Ticket
	switch work := e.Work.(type) {
	case fsm.Prepare:
		p := events.DefaultPolicy()
		p.PromptInterval, p.DeferInterval, p.DialogTimeout = 0, events.Hour, events.Hour
		return emit(events.Prepared{For: t, Policy: p, Package: pack(t.Product)})
	case fsm.RunChecks:
		return emit(events.ChecksObserved{For: t, Seen: l.w.look()})
	case fsm.AskUsers:
		return l.ask(ctx, t, work, emit)
	case fsm.WakeAt:
		select {
		case <-time.After(l.e.Until(work.At).Duration()):
			return emit(events.TimeCame{For: t, Seen: l.w.look()})
		case <-ctx.Done():
			return ctx.Err()
		}
	case fsm.ClosePrograms:
		if err := l.alive(func(w *world) { w.busy, w.closed = false, w.closed+1 }); err != nil {
			return err
		}
		l.seam("world")
		return emit(events.CloseObserved{For: t, Seen: l.w.look()})
	case fsm.RunInstaller:
		if err := l.alive(func(w *world) {
			if w.attempts[work.Token] == 0 {
				w.attempts[work.Token] = 1
				w.installs++
			}
		}); err != nil {
			return err
		}
		l.seam("world")
		return emit(events.InstallerStarted{Token: work.Token, Supervisor: events.ProcessID{PID: 1, Start: 1}, Installer: events.ProcessID{PID: 2, Start: 2}})
	case fsm.WaitInstaller:
		time.Sleep(time.Minute)
		if err := l.alive(func(w *world) { w.attempts[work.Token] = 2 }); err != nil {
			return err
		}
		return emit(events.InstallerEnded{Token: work.Token})
	case fsm.ProbeInstall:
		return l.probe(t, work, emit)
	case fsm.SendReport:
		l.w.source <- true
		defer func() { <-l.w.source }()
		if err := l.alive(func(w *world) { w.shows = work.Report }); err != nil {
			return err
		}
		l.seam("world")
		return emit(events.ReportAnswered{For: t, Report: work.Report, Accepted: true})
	}
	<-ctx.Done()
	return ctx.Err()
}

func (l *life) ask(ctx context.Context, t events.Ticket, work fsm.AskUsers, emit func(events.Input) error) error {
	if err := emit(events.WindowShown{For: t}); err != nil && !errors.Is(err, fsm.ErrNothing) {
		return err
	}
	var choice events.Choice
	err := l.alive(func(w *world) {
		// A person answers each window once; the agent sends the answer again.
		n := int(work.Window.ID[len(work.Window.ID)-1] - '1')
		choice = w.answers[min(n, len(w.answers)-1)]
	})
	if err != nil {
		return err
	}
	if err := emit(events.UserAnswered{Window: work.Window.ID, Session: t.Session, Seen: work.Ask.Added, Choice: choice}); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func (l *life) probe(t events.Ticket, work fsm.ProbeInstall, emit func(events.Input) error) error {
	var stage int
	if err := l.alive(func(w *world) {
		if stage = w.attempts[work.Token]; stage == 0 {
			w.attempts[work.Token] = -1 // voided: it can never start
		}
	}); err != nil {
		return err
	}
	switch stage {
	case 1:
		return emit(events.InstallerStarted{Token: work.Token, Supervisor: events.ProcessID{PID: 1, Start: 1}, Installer: events.ProcessID{PID: 2, Start: 2}})
	case 2:
		return emit(events.InstallerEnded{Token: work.Token})
	}
	return emit(events.InstallProbed{For: t, Token: work.Token, NeverStarted: true})
}

// live runs one process until the product is reported or the process dies, and
// returns the log it leaves.
func live(t *testing.T, w *world, log *memory, c Clock, left int) (*life, *memory) {
	t.Helper()
	l := &life{w: w, log: log, left: left}
	table, err := fsm.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(Options{Log: log, Clock: c, Table: table, Build: "test", Seam: l.seam})
	if err != nil {
		if l.dead {
			return l, log.reborn()
		}
		t.Fatal(err)
	}
	l.e = e
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- e.Run(ctx, l, Opening{StoreID: "s1", Restarted: func(context.Context) events.Restarted {
			var alive []events.AttemptSeen
			w.mu.Lock()
			defer w.mu.Unlock()
			for token, stage := range w.attempts {
				alive = append(alive, events.AttemptSeen{Token: token, Alive: stage == 1})
			}
			o := secretLook()
			o.Programs, o.Scanned = nil, false
			return events.Restarted{Attempts: alive, Seen: o}
		}})
	}()
	// The source is polled: a request that was lost with a process comes again.
	for range 400 {
		var over bool
		e.View(func(c *fsm.Client) {
			p := c.Product("a")
			over = p != nil && p.Phase == events.PhaseReported && p.Run > 0
		})
		l.mu.Lock()
		over = over || l.dead
		l.mu.Unlock()
		if over {
			break
		}
		row := request("a", events.ActionSetup)
		select {
		case w.source <- true:
		case <-time.After(time.Hour): // who holds it waits for a process that has died meanwhile
			continue
		}
		w.mu.Lock()
		if w.shows.ProductID != "" {
			row.Requests[0].Row = w.shows
		}
		w.mu.Unlock()
		poll, end := context.WithTimeout(ctx, time.Second)
		_, _ = e.Submit(poll, "source", row)
		end()
		<-w.source
		time.Sleep(time.Minute)
	}
	cancel()
	<-done
	return l, log.reborn()
}

// TestCrashAtEverySeam kills the process at each seam of a whole run, at every
// third one also its successor, and lets the last one finish.
func TestCrashAtEverySeam(t *testing.T) {
	var seams []string
	synctest.Test(t, func(t *testing.T) {
		l, log := live(t, newWorld(), &memory{}, newClock(), -1)
		judge(t, l.w, log, "no crash")
		seams = l.seen
	})
	if len(seams) < 60 {
		t.Fatalf("only %d seams in a whole run", len(seams))
	}
	runs := 0
	for k := 1; k <= len(seams); k++ {
		for _, second := range []int{-1, 1 + k%17} {
			if second > 0 && k%3 > 0 {
				continue
			}
			runs++
			synctest.Test(t, func(t *testing.T) {
				w, c := newWorld(), newClock()
				_, log := live(t, w, &memory{}, c, k)
				_, log = live(t, w, log, c, second)
				_, log = live(t, w, log, c, -1)
				judge(t, w, log, fmt.Sprintf("crash at seam %d (%s), then %d", k, seams[k-1], second))
			})
			if t.Failed() {
				return
			}
		}
	}
	t.Logf("%d seams, %d runs with crashes", len(seams), runs)
}

// judge says what must hold however often the process died.
func judge(t *testing.T, w *world, log *memory, story string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.installs != 1 || w.shows.InstallationStatus != events.StatusInstalled || w.busy {
		t.Errorf("%s: %d installs, the source shows %+v, busy %v", story, w.installs, w.shows, w.busy)
	}
	c := verify(t, log)
	if p := c.Product("a"); p == nil || p.Phase != events.PhaseReported || p.Outcome != events.OutcomeOK {
		t.Errorf("%s: ended as %+v", story, p)
	}
	counted := 0
	codec := events.NewCodec()
	for _, r := range log.records(t) {
		s, err := codec.Open(r)
		if err != nil {
			t.Fatal(err)
		}
		for _, ev := range s.Did {
			if d, ok := ev.(events.Deferred); ok && d.Counted {
				counted++
			}
		}
	}
	if counted != 1 {
		t.Errorf("%s: %d counted defers, the person pressed later once", story, counted)
	}
}
