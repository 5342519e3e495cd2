// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

var errTry = errors.New("not today")

func TestBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var tries []time.Duration
		start := time.Now()
		r := launch(t, &memory{}, newClock(), doer(func(_ context.Context, e fsm.Effect, _ func(events.Input) error) error {
			if e.Ticket.Kind == events.KindPrepare {
				mu.Lock()
				defer mu.Unlock()
				tries = append(tries, time.Since(start))
			}
			return errTry
		}))
		defer r.end()
		r.submit(request("a", events.ActionSetup))
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		var pauses []time.Duration
		for i := 1; i < len(tries); i++ {
			pauses = append(pauses, tries[i]-tries[i-1])
		}
		want := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second}
		if len(pauses) < 8 || !slices.Equal(pauses[:4], want) {
			t.Fatalf("pauses %v begin not with %v", pauses, want)
		}
		if last := pauses[len(pauses)-1]; last != lastPause {
			t.Errorf("the last pause is %v, want %v", last, lastPause)
		}
		if n, _ := r.log.Last(); n != 2 {
			t.Errorf("tries were recorded: %d records", n)
		}
	})
}

// A cancelled worker is in flight until it has returned, and nothing of the same
// product and kind starts before.
func TestCancelWaitsForTheWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most, started atomic.Int32
		r := launch(t, &memory{}, newClock(), doer(func(ctx context.Context, e fsm.Effect, _ func(events.Input) error) error {
			if e.Ticket.Kind != events.KindPrepare {
				<-ctx.Done()
				return ctx.Err()
			}
			started.Add(1)
			most.Store(max(most.Load(), now.Add(1))) // started one after the other, or the count tells
			defer now.Add(-1)
			<-ctx.Done()
			time.Sleep(10 * time.Second) // it takes its time
			return ctx.Err()
		}))
		defer r.end()
		r.submit(request("a", events.ActionSetup))
		synctest.Wait()
		r.submit(events.HoldRequested{Product: "a", Reason: "x"})
		r.submit(events.ReleaseRequested{Product: "a", Reason: "x"})
		synctest.Wait()
		if n := started.Load(); n != 1 {
			t.Fatalf("%d started while the first was ending", n)
		}
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if n := started.Load(); n != 2 || most.Load() != 1 {
			t.Errorf("%d started, %d at once; want 2, one after the other", n, most.Load())
		}
	})
}

// What a cancelled worker brings back is still judged, and stale.
func TestLateInputIsStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		verdict := make(chan error, 1)
		r := launch(t, &memory{}, newClock(), doer(func(ctx context.Context, e fsm.Effect, emit func(events.Input) error) error {
			<-ctx.Done()
			if e.Ticket.Kind == events.KindPrepare {
				verdict <- emit(events.Prepared{For: e.Ticket, Policy: events.DefaultPolicy(), Package: pack("a")})
			}
			return nil
		}))
		defer r.end()
		r.submit(request("a", events.ActionSetup))
		synctest.Wait()
		r.submit(events.HoldRequested{Reason: "x"})
		if err := <-verdict; !errors.Is(err, fsm.ErrStale) {
			t.Errorf("got %v, want ErrStale", err)
		}
	})
}

// Stopping lets workers say what they have done.
func TestStopRecordsWhatWasDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := launch(t, &memory{}, newClock(), doer(func(ctx context.Context, e fsm.Effect, emit func(events.Input) error) error {
			<-ctx.Done()
			return emit(events.Prepared{For: e.Ticket, Policy: events.DefaultPolicy(), Package: pack("a")})
		}))
		r.submit(request("a", events.ActionSetup))
		synctest.Wait()
		r.end()
		if n, _ := r.log.Last(); n != 3 {
			t.Errorf("%d records, want 3", n)
		}
		if _, err := r.Submit(context.Background(), "uid:0", request("b", events.ActionSetup)); !errors.Is(err, ErrStopped) {
			t.Errorf("got %v, want ErrStopped", err)
		}
	})
}

func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := launch(t, &memory{}, newClock(), doer(func(ctx context.Context, _ fsm.Effect, _ func(events.Input) error) error {
			<-ctx.Done()
			return nil
		}))
		defer r.end()
		synctest.Wait()
		got := make(chan uint64, 1)
		go func() {
			n, err := r.Follow(context.Background(), 1)
			if err != nil {
				t.Error(err)
			}
			got <- n
		}()
		synctest.Wait()
		r.submit(request("a", events.ActionSetup))
		if n := <-got; n != 2 {
			t.Errorf("followed to %d, want 2", n)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := r.Follow(ctx, 99); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}
