// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// patient does nothing until it is cancelled.
var patient = doer(func(ctx context.Context, _ fsm.Effect, _ func(events.Input) error) error {
	<-ctx.Done()
	return ctx.Err()
})

// The record may be in the log although the append failed: then it counts, once.
func TestAppendFailedButDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memory{}
		r := launch(t, log, newClock(), patient)
		defer r.end()
		synctest.Wait()
		log.mu.Lock()
		log.lie = func(events.Record) error { log.lie = nil; return errDisk }
		log.mu.Unlock()
		n, err := r.Submit(context.Background(), "uid:0", request("a", events.ActionSetup))
		if err != nil || n != 2 {
			t.Fatalf("got %d, %v", n, err)
		}
		if last, _ := log.Last(); last != 2 || r.phase("a") != events.PhaseChecking || r.Broken() != nil {
			t.Errorf("%d records, phase %s, %v", last, r.phase("a"), r.Broken())
		}
		verify(t, log)
	})
}

// The record may not be there: then its input is decided again, with a pause.
func TestAppendFailedAndGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memory{}
		r := launch(t, log, newClock(), patient)
		defer r.end()
		synctest.Wait()
		tries := 0
		log.set(func(events.Record) error {
			if tries++; tries <= 3 {
				return errDisk
			}
			return nil
		})
		start := time.Now()
		if n, err := r.Submit(context.Background(), "uid:0", request("a", events.ActionSetup)); err != nil || n != 2 {
			t.Fatalf("got %d, %v", n, err)
		}
		if took := time.Since(start); took != 7*time.Second {
			t.Errorf("took %v, want 1+2+4 s", took)
		}
		verify(t, log)
	})
}

// While the log cannot be written, what acts is cancelled, nothing starts, and
// people get an answer.
func TestNothingActsOnABrokenLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memory{}
		var started atomic.Int32
		var acting, full atomic.Bool
		r := launch(t, log, newClock(), doer(func(ctx context.Context, e fsm.Effect, emit func(events.Input) error) error {
			started.Add(1)
			switch e.Ticket.Kind {
			case events.KindPrepare:
				return emit(events.Prepared{For: e.Ticket, Policy: events.DefaultPolicy(), Package: pack("a")})
			case events.KindRunChecks:
				return emit(events.ChecksObserved{For: e.Ticket, Seen: events.Observation{Scanned: true, Complete: true, SessionsKnown: true}})
			case events.KindRunInstaller:
				acting.Store(true)
				defer acting.Store(false)
			}
			<-ctx.Done()
			return ctx.Err()
		}))
		defer r.end()
		r.submit(request("a", events.ActionSetup))
		synctest.Wait()
		if !acting.Load() {
			t.Fatal("no installer was started")
		}
		before := started.Load()
		full.Store(true)
		log.set(func(events.Record) error {
			if full.Load() {
				return errDisk
			}
			return nil
		})
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_, err := r.Submit(ctx, "uid:0", request("b", events.ActionSetup))
		if !errors.Is(err, ErrLog) || !errors.Is(err, errDisk) {
			t.Errorf("got %v, want the reason", err)
		}
		synctest.Wait()
		if acting.Load() || started.Load() != before {
			t.Errorf("acting %v, %d started", acting.Load(), started.Load()-before)
		}
		full.Store(false)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if !acting.Load() || r.Broken() != nil || r.phase("b") != "" {
			t.Errorf("acting %v, broken %v, b %s", acting.Load(), r.Broken(), r.phase("b"))
		}
		verify(t, log)
	})
}

func TestUnfitRecordIsNoTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memory{}
		r := launch(t, log, newClock(), patient)
		defer r.end()
		synctest.Wait()
		log.set(func(rec events.Record) error {
			if slices.Contains(rec.Products, "a") {
				return ErrUnfit
			}
			return nil
		})
		if _, err := r.Submit(context.Background(), "uid:0", request("a", events.ActionSetup)); !errors.Is(err, ErrUnfit) {
			t.Errorf("got %v", err)
		}
		r.submit(request("b", events.ActionSetup))
	})
}

// secretLook is a busy program in somebody's home.
func secretLook() events.Observation {
	return events.Observation{Scanned: true, Complete: true, SessionsKnown: true, ResumedMS: -1,
		Sessions: []events.Session{{ID: "c1", Owner: "uid:1000", User: events.Secret("mia"), Kind: "graphical", IdleMS: 0, UnlockedMS: -1}},
		Programs: []events.Process{{ProcessID: events.ProcessID{PID: 7, Start: 9}, Name: "a", Path: events.Secret("/home/mia/a"),
			Owner: "uid:1000", Session: "c1", Class: events.ClassNamed}}}
}

// Private values reach workers only, also after a checkpoint and a restart.
func TestPrivateParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memory{}
		var mu sync.Mutex
		var asked []string
		w := doer(func(ctx context.Context, e fsm.Effect, emit func(events.Input) error) error {
			switch work := e.Work.(type) {
			case fsm.Prepare:
				return emit(events.Prepared{For: e.Ticket, Policy: events.DefaultPolicy(), Package: pack("a")})
			case fsm.RunChecks:
				return emit(events.ChecksObserved{For: e.Ticket, Seen: secretLook()})
			case fsm.AskUsers:
				mu.Lock()
				defer mu.Unlock()
				asked = append(asked, work.Ask.Programs[0].Path.String(), work.Window.Asks[0].Programs[0].Path.String())
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		})
		c := newClock()
		r := launch(t, log, c, w)
		r.submit(request("a", events.ActionSetup))
		synctest.Wait()
		log.want()
		r.submit(request("b", events.ActionSetup)) // the checkpoint comes after it
		r.end()
		recs := log.records(t)
		last := recs[len(recs)-1]
		if last.Input.Type != "checkpoint_wanted" || len(last.Private) != 1 {
			t.Fatalf("the last record is %s with %d private parts", last.Input.Type, len(last.Private))
		}
		for _, line := range log.lines {
			open, err := events.Redact(line)
			if err != nil || strings.Contains(string(open), "mia") {
				t.Fatalf("a private value is in the body: %s, %v", open, err)
			}
		}
		r = launch(t, log.reborn(), c, w)
		synctest.Wait()
		r.end()
		if len(asked) < 4 || slices.ContainsFunc(asked, func(s string) bool { return s != "/home/mia/a" }) {
			t.Errorf("workers were given %q", asked)
		}
	})
}

// The state after a checkpoint and the state of the whole log are the same.
func TestCheckpointFolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memory{}
		c := newClock()
		r := launch(t, log, c, patient)
		r.submit(request("a", events.ActionSetup))
		log.want()
		r.submit(events.HoldRequested{Reason: "x"})
		r.end()
		r = launch(t, log.reborn(), c, patient)
		synctest.Wait()
		r.end()
		if got, want := r.phase("a"), verify(t, r.log).Product("a").Phase; got != want {
			t.Errorf("phase %s from the checkpoint, %s from the whole log", got, want)
		}
		if n, _ := r.log.Last(); n != 5 {
			t.Errorf("%d records, want 5", n)
		}
	})
}

func TestNewerLogIsRefused(t *testing.T) {
	log := &memory{}
	rec := events.Record{V: 1, Seq: 1, Products: []string{}, Input: events.Message{Type: "from_the_future", V: 1, Data: []byte("{}")}, Events: []events.Message{}}
	if err := log.Append(&rec); err != nil {
		t.Fatal(err)
	}
	table, err := fsm.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{Log: log, Clock: newClock(), Table: table}); !errors.Is(err, ErrNewer) {
		t.Errorf("got %v, want ErrNewer", err)
	}
}

// A start on a full disk waits for room, does nothing meanwhile, and tells why.
func TestOpeningWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memory{}
		r := launch(t, log, newClock(), patient)
		synctest.Wait()
		r.submit(request("a", events.ActionSetup))
		r.end()

		log = log.reborn()
		log.set(func(events.Record) error { return errDisk })
		var began atomic.Int32
		r = launch(t, log, newClock(), doer(func(ctx context.Context, _ fsm.Effect, _ func(events.Input) error) error {
			began.Add(1)
			<-ctx.Done()
			return ctx.Err()
		}))
		time.Sleep(10 * time.Second)
		if !errors.Is(r.Broken(), errDisk) || began.Load() > 0 || r.phase("a") == "" {
			t.Errorf("broken %v, %d pieces of work, a %q", r.Broken(), began.Load(), r.phase("a"))
		}
		if err := r.Ping(t.Context()); err != nil {
			t.Errorf("the watchdog is not answered: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := r.Submit(ctx, "uid:0", request("b", events.ActionSetup)); !errors.Is(err, ErrLog) {
			t.Errorf("an order meanwhile: %v", err)
		}
		log.set(nil)
		time.Sleep(time.Minute)
		if r.Broken() != nil || began.Load() == 0 {
			t.Errorf("with room: broken %v, %d pieces of work", r.Broken(), began.Load())
		}
		r.end()
		restarted := 0
		for _, rec := range log.records(t) {
			if rec.Input.Type == "restarted" {
				restarted++
			}
		}
		if restarted != 1 {
			t.Errorf("the start is recorded %d times", restarted)
		}
		verify(t, log)
	})
}

// A daemon that is stopped while it waits for room ends, and says why it waited.
func TestOpeningIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memory{}
		log.set(func(events.Record) error { return errDisk })
		r := launch(t, log, newClock(), patient)
		synctest.Wait()
		r.stop()
		if err := <-r.done; !errors.Is(err, ErrLog) || !errors.Is(err, errDisk) {
			t.Errorf("got %v, want ErrLog and its reason", err)
		}
	})
}

// A stop that comes just when the log is mended ends the opening as well.
func TestOpeningIsStoppedWithRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memory{}
		log.set(func(events.Record) error { return errDisk })
		stop := make(chan func(), 1)
		r := launch(t, log, newClock(), patient, func(o *Options) {
			o.Seam = func(name string) {
				if name == "recover" {
					(<-stop)()
				}
			}
		})
		stop <- r.stop
		time.Sleep(time.Minute)
		select {
		case err := <-r.done:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want that it was cancelled", err)
			}
		default:
			t.Error("it does not end")
		}
	})
}
