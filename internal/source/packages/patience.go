// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// ErrHung: a place where packages lie gives no answer at all. It is waited for.
var ErrHung = errors.New("it does not answer")

// Whole is the place that all others lie in.
const Whole = ""

// manyHung is how many looks at single places are left behind before the whole is
// taken for hung: each keeps a thread of the program for itself.
const manyHung = 4

// Patience bounds how long a place is waited for that may hang: whoever looks at a
// file of a share whose server is gone may never come back, and nothing ends him. He is
// left behind; until he is back nobody else is sent after him. Places that answer are
// not held up by one that does not.
type Patience struct {
	limit time.Duration

	mu   sync.Mutex
	left map[string][]*look // by place, those that were left behind
}

// look is one that was left behind.
type look struct {
	asked time.Time     // for it
	back  chan struct{} // closed when it is back
}

// NewPatience makes one with a limit.
func NewPatience(limit time.Duration) *Patience {
	return &Patience{limit: limit, left: map[string][]*look{}}
}

// Within returns what f returns, which looks at a place, if it does so before the limit
// and the end of ctx, else ErrHung or ctx's error. Then f may go on for ever and must
// change nothing. Without a Patience f is waited for.
func Within[T any](ctx context.Context, p *Patience, place string, f func() (T, error)) (T, error) {
	if p == nil {
		return f()
	}
	var none T
	asked := time.Now()
	limit := time.NewTimer(p.limit)
	defer limit.Stop()
	for {
		before, err := p.before(place)
		if err != nil {
			return none, err
		}
		if before == nil {
			break
		}
		select {
		case <-before.back:
		case <-ctx.Done():
			return none, ctx.Err()
		case <-limit.C:
			return none, fmt.Errorf("%w within %v", ErrHung, p.limit)
		}
	}
	type answer struct {
		value T
		err   error
	}
	mine := &look{asked, make(chan struct{})}
	got := make(chan answer, 1)
	go func() {
		v, err := f()
		got <- answer{v, err}
		close(mine.back)
	}()
	select {
	case a := <-got:
		return a.value, a.err
	case <-ctx.Done():
		p.leave(place, mine)
		return none, ctx.Err()
	case <-limit.C:
		p.leave(place, mine)
		return none, fmt.Errorf("%w within %v", ErrHung, p.limit)
	}
}

// before tells who was left behind at the place and may come back soon: whoever asked
// for him gave up, which says nothing of the place. ErrHung = nobody is sent now.
func (p *Patience) before(place string) (*look, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	hung := 0
	for at, looks := range p.left {
		for _, l := range looks {
			if time.Since(l.asked) < p.limit {
				continue
			}
			if at == place || at == Whole {
				return nil, fmt.Errorf("%w, and has not since an earlier look", ErrHung)
			}
			hung++
		}
	}
	if hung >= manyHung {
		return nil, fmt.Errorf("%w, and neither have %d others since earlier looks", ErrHung, hung)
	}
	if looks := p.left[place]; len(looks) > 0 {
		return looks[0], nil
	}
	return nil, nil
}

// leave notes a look that was left behind, until it is back.
func (p *Patience) leave(place string, l *look) {
	p.mu.Lock()
	p.left[place] = append(p.left[place], l)
	p.mu.Unlock()
	go func() {
		<-l.back
		p.mu.Lock()
		defer p.mu.Unlock()
		rest := slices.DeleteFunc(p.left[place], func(o *look) bool { return o == l })
		if p.left[place] = rest; len(rest) == 0 {
			delete(p.left, place)
		}
	}()
}
