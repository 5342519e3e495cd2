// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func good() (int, error) { return 7, nil }

// looks asks for a look at a place and tells how long that took.
func looks(t *testing.T, ctx context.Context, p *Patience, place string, f func() (int, error), want error, took time.Duration) {
	t.Helper()
	began := time.Now()
	if v, err := Within(ctx, p, place, f); !errors.Is(err, want) || err == nil && v != 7 || time.Since(began) != took {
		t.Errorf("%q: %d, %v after %v; wanted %v after %v", place, v, err, time.Since(began), want, took)
	}
}

// hangs is a look that comes back when the place is mended.
func hangs(mended chan struct{}) func() (int, error) {
	return func() (int, error) { <-mended; return 7, nil }
}

// TestPatience: one look is left behind at a place that hangs, and none is sent after
// it until it is back. Other places are looked at.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, ctx, mend := NewPatience(time.Minute), t.Context(), make(chan struct{})
		looks(t, ctx, p, "app", good, nil, 0)
		looks(t, ctx, p, "app", hangs(mend), ErrHung, time.Minute)
		looks(t, ctx, p, "app", good, ErrHung, 0)
		looks(t, ctx, p, "java", good, nil, 0)
		looks(t, ctx, p, Whole, good, nil, 0)
		close(mend)
		synctest.Wait()
		looks(t, ctx, p, "app", good, nil, 0)
		looks(t, ctx, nil, "app", good, nil, 0)
	})
}

// TestPatienceWithAll: when the whole hangs, or many places of it, nobody is sent
// anywhere in it.
func TestPatienceWithAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, ctx, mend := NewPatience(time.Minute), t.Context(), make(chan struct{})
		looks(t, ctx, p, Whole, hangs(mend), ErrHung, time.Minute)
		looks(t, ctx, p, "app", good, ErrHung, 0)
		close(mend)
		synctest.Wait()
		mend = make(chan struct{})
		for i := range manyHung {
			looks(t, ctx, p, "app", good, nil, 0)
			looks(t, ctx, p, fmt.Sprint("hung", i), hangs(mend), ErrHung, time.Minute)
		}
		looks(t, ctx, p, "app", good, ErrHung, 0)
		close(mend)
		synctest.Wait()
		looks(t, ctx, p, "app", good, nil, 0)
	})
}

// TestPatienceGivenUp: whoever gives up before the time is over says nothing of the
// place. Who comes next waits for the look that was left behind, so they never pile up.
func TestPatienceGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, ctx, mend := NewPatience(time.Minute), t.Context(), make(chan struct{})
		givenUp := func(f func() (int, error)) {
			soon, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			looks(t, soon, p, "app", f, context.DeadlineExceeded, time.Second)
		}
		givenUp(hangs(mend))
		givenUp(func() (int, error) { t.Error("another was sent after it"); return 0, nil })
		looks(t, ctx, p, "java", good, nil, 0)
		time.AfterFunc(3*time.Second, func() { close(mend) })
		looks(t, ctx, p, "app", good, nil, 3*time.Second)
		mend = make(chan struct{})
		givenUp(hangs(mend))
		looks(t, ctx, p, "app", good, ErrHung, time.Minute)
		looks(t, ctx, p, "app", good, ErrHung, 0)
		close(mend)
		synctest.Wait()
		looks(t, ctx, p, "app", good, nil, 0)
	})
}
