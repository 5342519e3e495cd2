// SPDX-License-Identifier: Apache-2.0

package localsock

import (
	"context"
	"net"
)

// Peer is who is at the other end of a connection, by the kernel's word.
type Peer struct {
	UID   int    // -1 where the platform has none
	PID   int    // 0 if not known; may be gone, see Alive
	Owner string // "uid:1000" or "sid:S-1-5-…"
	// Admin: root, or on Windows the system account or an elevated administrator.
	Admin bool
	// Session is the number of the session that the process is in, and Image the
	// full path of its program. They are told on Windows only, else "".
	Session, Image string
	alive          func() bool
}

// Alive reports whether PID still is the process that connected. Facts that
// were read about the pid hold only if Alive is true after reading them. Where
// the kernel cannot tell, it is true.
func (p Peer) Alive() bool { return p.alive == nil || p.alive() }

type peerKey struct{}

// ConnContext puts the connection's peer into the context of its requests; it
// is made for http.Server.ConnContext.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	if k, ok := c.(*conn); ok {
		return WithPeer(ctx, k.peer)
	}
	return ctx
}

// WithPeer returns a context that carries a peer.
func WithPeer(ctx context.Context, p Peer) context.Context {
	return context.WithValue(ctx, peerKey{}, p)
}

// PeerFrom returns the peer of a request's context; false means that it did not
// come through this door and has no rights.
func PeerFrom(ctx context.Context) (Peer, bool) {
	p, ok := ctx.Value(peerKey{}).(Peer)
	return p, ok
}
