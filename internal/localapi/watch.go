// SPDX-License-Identifier: Apache-2.0

package localapi

import (
	"context"
	"net"
	"net/http"
	"sync"

	"github.com/quietsetup/quietsetup/internal/localsock"
)

// watch knows which connections have sent something that is no request yet. The
// HTTP server refuses what it cannot read by itself and tells nobody.
type watch struct {
	odd func(localsock.Peer) // may be nil

	mu      sync.Mutex
	unheard map[net.Conn]localsock.Peer // has sent something, and no handler was called for it
}

type connKey struct{}

func (w *watch) connContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(localsock.ConnContext(ctx, c), connKey{}, c)
}

// handler is h, and the connection of each request is heard by it.
func (w *watch) handler(h http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(connKey{}).(net.Conn); ok {
			w.mu.Lock()
			delete(w.unheard, c)
			w.mu.Unlock()
		}
		h.ServeHTTP(rw, r)
	})
}

// connState follows a connection. Active means that the first byte of a request
// has come.
func (w *watch) connState(c net.Conn, s http.ConnState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch s {
	case http.StateActive:
		p, _ := localsock.PeerFrom(localsock.ConnContext(context.Background(), c))
		w.unheard[c] = p
	case http.StateIdle, http.StateClosed, http.StateHijacked:
		p, unheard := w.unheard[c]
		delete(w.unheard, c)
		if unheard && s == http.StateClosed && w.odd != nil {
			w.odd(p)
		}
	}
}
