// SPDX-License-Identifier: Apache-2.0

package depotfiles

import (
	"context"
	"sync"
	"time"
)

// pace keeps everything that is fetched below a rate.
type pace struct {
	bytesPerSecond func() int64 // 0, or nil = no limit

	mu    sync.Mutex
	next  time.Time // when the next byte may come
	rate  int64     // as it was when it was asked for
	asked time.Time
}

// perSecond is the rate, asked for at most once a second: pieces of a file come
// faster than anybody changes it.
func (p *pace) perSecond() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); p.asked.IsZero() || now.Sub(p.asked) >= time.Second {
		p.rate, p.asked = p.bytesPerSecond(), now
	}
	return p.rate
}

// take waits until n bytes that came were due.
func (p *pace) take(ctx context.Context, n int) error {
	if p.bytesPerSecond == nil || n <= 0 {
		return nil
	}
	rate := p.perSecond()
	if rate <= 0 {
		return nil
	}
	p.mu.Lock()
	now := time.Now()
	if p.next.Before(now) {
		p.next = now
	}
	p.next = p.next.Add(time.Duration(float64(n) / float64(rate) * float64(time.Second)))
	wait := p.next.Sub(now)
	p.mu.Unlock()
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
