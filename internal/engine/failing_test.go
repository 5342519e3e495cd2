// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// TestFailingIsTold: with the last error, the number of tries and the next one,
// until it works or is not due any more.
func TestFailingIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var good atomic.Bool
		r := launch(t, &memory{}, newClock(), doer(func(ctx context.Context, e fsm.Effect, _ func(events.Input) error) error {
			if e.Ticket.Kind != events.KindPrepare || good.Load() {
				<-ctx.Done()
				return ctx.Err()
			}
			return errTry
		}))
		defer r.end()
		if got := r.Failing("a"); len(got) != 0 {
			t.Errorf("before anything: %+v", got)
		}
		r.submit(request("a", events.ActionSetup))
		time.Sleep(5 * time.Second) // tries at 0, 1 and 3 seconds
		synctest.Wait()
		got := r.Failing("a")
		if len(got) != 1 || got[0].Ticket.Kind != events.KindPrepare || !errors.Is(got[0].Err, errTry) || got[0].Tries != 3 || got[0].Again.IsZero() {
			t.Fatalf("%+v", got)
		}
		if got := r.Failing("b"); len(got) != 0 {
			t.Errorf("another product: %+v", got)
		}
		good.Store(true)
		time.Sleep(time.Hour) // it is being done
		synctest.Wait()
		if got := r.Failing("a"); len(got) != 1 {
			t.Errorf("forgotten before it worked: %+v", got)
		}
		r.submit(events.HoldRequested{Reason: "exams"})
		synctest.Wait()
		if got := r.Failing("a"); len(got) != 0 {
			t.Errorf("not due any more: %+v", got)
		}
	})
}
