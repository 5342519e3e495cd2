// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestPatience: one look is left behind at a place that hangs, and none is sent after
// it until it is back.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPatience(time.Minute)
		good := func() (int, error) { return 7, nil }
		if v, err := Within(t.Context(), p, good); v != 7 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
		for name, end := range map[string]error{"the limit": ErrHung, "who asked": context.DeadlineExceeded} {
			mend := make(chan struct{})
			hangs := func() (int, error) { <-mend; return 1, nil }
			ctx, cancel := t.Context(), func() {}
			if end != ErrHung {
				ctx, cancel = context.WithTimeout(t.Context(), time.Second)
			}
			if _, err := Within(ctx, p, hangs); !errors.Is(err, end) {
				t.Errorf("%s: %v", name, err)
			}
			cancel()
			began := time.Now()
			if _, err := Within(t.Context(), p, good); !errors.Is(err, ErrHung) || time.Since(began) != 0 {
				t.Errorf("%s: another was sent after it: %v", name, err)
			}
			close(mend)
			synctest.Wait()
			if v, err := Within(t.Context(), p, good); v != 7 || err != nil {
				t.Errorf("%s: it is back, and still %d, %v", name, v, err)
			}
		}
		if v, err := Within(t.Context(), nil, good); v != 7 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
	})
}
