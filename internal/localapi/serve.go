// SPDX-License-Identifier: Apache-2.0

package localapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/quietsetup/quietsetup/internal/localsock"
)

// limits are the patience of a server. Nobody else waits for it: a caller that
// holds a connection without a request only holds one of its own user's places.
type limits struct {
	header, read, write, idle, stop time.Duration
}

func usual() limits {
	return limits{header: 5 * time.Second, read: 10 * time.Second, write: writeWithin, idle: time.Minute, stop: 3 * time.Second}
}

// Serve answers what comes in by the listener until ctx ends, then gives running
// answers a moment to end. Waiting agents and followers are let go at once. It
// closes the listener.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	return serve(ctx, l, h, usual(), nil)
}

// ServeTelling is Serve that tells of callers who sent something that never
// became a request: no HTTP, too much of it, or half of it until time ran out.
func ServeTelling(ctx context.Context, l net.Listener, h http.Handler, odd func(localsock.Peer)) error {
	return serve(ctx, l, h, usual(), odd)
}

func serve(ctx context.Context, l net.Listener, h http.Handler, lim limits, odd func(localsock.Peer)) error {
	w := &watch{odd: odd, unheard: map[net.Conn]localsock.Peer{}}
	// Requests end with ctx, so that a stopping daemon waits for no agent.
	s := &http.Server{
		Handler:                      w.handler(h),
		DisableGeneralOptionsHandler: true,
		ReadHeaderTimeout:            lim.header,
		ReadTimeout:                  lim.read,
		WriteTimeout:                 lim.write,
		IdleTimeout:                  lim.idle,
		MaxHeaderBytes:               8 << 10,
		ConnContext:                  w.connContext,
		ConnState:                    w.connState,
		BaseContext:                  func(net.Listener) context.Context { return ctx },
		ErrorLog:                     log.New(io.Discard, "", 0), // what a hostile caller provokes is no news
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("cannot go on listening: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), lim.stop)
	defer cancel()
	err := s.Shutdown(stop)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.Close()
	}
	<-ended
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("cannot close the local socket: %w", err)
	}
	return nil
}
