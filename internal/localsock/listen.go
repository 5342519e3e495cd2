// SPDX-License-Identifier: Apache-2.0

package localsock

import (
	"errors"
	"net"
	"sync"
)

// Errors of Listen and Dial.
var (
	ErrInUse  = errors.New("another daemon listens there") // Listen: somebody answers at the path
	ErrNobody = errors.New("nobody listens there")         // Dial: no socket, or a dead one
	ErrUnsafe = errors.New("not a safe place")             // the folder or the process behind the socket cannot be trusted
)

// Limits of a listener.
const (
	PerOwner = 64  // connections of one user
	Total    = 512 // connections of all but administrators and the daemon's own user
)

// Listener accepts connections whose peer is known.
type Listener struct {
	net.Listener
	// Differs is told of a peer that a second look saw to be somebody else, whose
	// connection has ended; nil tells nobody. It is set before Accept.
	Differs func(error)

	self  string
	close func() error // takes the socket file away

	mu    sync.Mutex
	held  map[string]int
	total int
}

func newListener(l net.Listener, closed func() error) *Listener {
	return &Listener{Listener: l, self: Self(), close: closed, held: map[string]int{}}
}

// Accept waits for the next connection whose peer is known and within its
// limits. Others are closed without a word: a flood is not worth an answer.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		p, release, err := peerOf(c)
		if err != nil {
			c.Close()
			continue
		}
		if !l.take(p) {
			release()
			c.Close()
			continue
		}
		return &conn{Conn: c, peer: p, second: secondLook(c, p), differs: l.Differs, done: func() { release(); l.give(p) }}, nil
	}
}

// Close stops listening and takes the socket away. Connections go on.
func (l *Listener) Close() error {
	err := l.Listener.Close()
	if l.close != nil {
		err = errors.Join(err, l.close())
	}
	return err
}

func (l *Listener) take(p Peer) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[p.Owner] >= PerOwner {
		return false
	}
	if l.total >= Total && !p.Admin && p.Owner != l.self {
		return false
	}
	l.held[p.Owner]++
	l.total++
	return true
}

func (l *Listener) give(p Peer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total--
	if l.held[p.Owner]--; l.held[p.Owner] <= 0 {
		delete(l.held, p.Owner)
	}
}

// conn is a connection that knows its peer and gives its place back once.
type conn struct {
	net.Conn
	peer Peer
	once sync.Once
	done func()

	second  func() error // nil where one look is enough
	looked  sync.Once
	other   error // the second look saw somebody else
	differs func(error)
}

// Read gives nothing of a peer that is not who it was taken for.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n == 0 || c.second == nil {
		return n, err
	}
	c.looked.Do(func() {
		if c.other = c.second(); c.other != nil && c.differs != nil {
			c.differs(c.other)
		}
	})
	if c.other != nil {
		clear(b[:n])
		c.Close()
		return 0, c.other
	}
	return n, err
}

func (c *conn) Close() error {
	err := c.Conn.Close()
	c.once.Do(c.done)
	return err
}
