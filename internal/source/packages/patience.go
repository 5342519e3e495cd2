// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrHung: a place where packages lie gives no answer at all. It is waited for.
var ErrHung = errors.New("it does not answer")

// Patience bounds how long a place is waited for that may hang: whoever looks at a
// file of a share whose server is gone may never come back, and nothing ends him. He is
// left behind; until he is back nobody else is sent after him.
type Patience struct {
	limit time.Duration

	mu   sync.Mutex
	hung int // looks that were left behind
}

// NewPatience makes one with a limit.
func NewPatience(limit time.Duration) *Patience { return &Patience{limit: limit} }

// Within returns what f returns, if it does so before the limit and the end of ctx, else
// ErrHung or ctx's error. Then f may go on for ever and must change nothing. Without a
// Patience f is waited for.
func Within[T any](ctx context.Context, p *Patience, f func() (T, error)) (T, error) {
	if p == nil {
		return f()
	}
	var none T
	p.mu.Lock()
	hung := p.hung
	p.mu.Unlock()
	if hung > 0 {
		return none, fmt.Errorf("%w, and has not since an earlier look", ErrHung)
	}
	type answer struct {
		value T
		err   error
	}
	back := make(chan answer, 1)
	go func() {
		v, err := f()
		back <- answer{v, err}
	}()
	limit := time.NewTimer(p.limit)
	defer limit.Stop()
	select {
	case a := <-back:
		return a.value, a.err
	case <-ctx.Done():
		p.leave(func() { <-back })
		return none, ctx.Err()
	case <-limit.C:
		p.leave(func() { <-back })
		return none, fmt.Errorf("%w within %v", ErrHung, p.limit)
	}
}

// leave counts a look that was left behind, until it is back.
func (p *Patience) leave(back func()) {
	p.mu.Lock()
	p.hung++
	p.mu.Unlock()
	go func() {
		back()
		p.mu.Lock()
		p.hung--
		p.mu.Unlock()
	}()
}
