// SPDX-License-Identifier: Apache-2.0

package prompts

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// What the core can say to an answer: its own errors under the names of the desk.
var (
	ErrTooLate         = fsm.ErrTooLate         // the window is over
	ErrAlreadyRecorded = fsm.ErrAlreadyRecorded // this session's answer stands already
	ErrRefused         = fsm.ErrRefused         // this is not an answer to the window
	ErrChanged         = fsm.ErrChanged         // it consents to more than was on the screen
)

// Core decides what people answer. Deliver returns when the input is durable, or
// with the core's verdict, one of the errors above. Any other error means that
// there is no verdict yet.
type Core interface {
	Deliver(ctx context.Context, actor string, in events.Input) error
}

// Clock tells how long it is until a moment of the client's clock; 0 or less if
// it has passed.
type Clock interface {
	Until(m events.Moment) events.Span
}

// Locator names the session a process belongs to ("c2", "pts/3"), its owner and
// its terminal ("" without one), by facts of the system.
type Locator interface {
	SessionOf(pid int) (session, owner, tty string, err error)
}

// Config is what a broker stands on.
type Config struct {
	Core    Core
	Clock   Clock
	Locator Locator // may be nil
	Key     []byte  // from LoadKey
	Version string  // of the daemon, told to agents
	Asker   string  // who asks, for people; "" = not configured
	Contact string  // whom to ask back; "" = not configured
	Logo    string  // absolute path of an image; "" = not configured
	// AgentImage is the program that alone may be an agent; "" = any may. It can
	// be asked for where the peer's image is known, on Windows.
	AgentImage string
	// StandIn asks where a session has no agent; nil = nobody does.
	StandIn StandIn
}

// How long the broker waits for what.
const (
	// Grace is how long a session may be without an agent before its window
	// counts as failed: agents come back within it after a restart.
	Grace = 5 * time.Second
	// leave is how long an agent may take to ask for the next event before it
	// counts as gone.
	leave = 3 * time.Second
	// linger is how long a window stays open after its effect has ended. When
	// what it shows has changed, the next effect takes it over within this time.
	linger = time.Second
	// pollFor is how long an agent waits for an event before it is told that
	// there is none.
	pollFor = 25 * time.Second
	// remember is how long a closed window is kept to tell agents about it.
	remember = time.Minute
)

// Broker brings windows to agents and answers to the core. It may be used by
// many goroutines.
type Broker struct {
	c Config

	mu      sync.Mutex
	rev     uint64            // of the last change to any prompt
	agents  map[place]*agent  // the one that speaks for a session
	byID    map[string]*agent // also replaced ones, until they have been told
	prompts map[key]*prompt   // closed ones too, for a while
	orders  map[string]*order // to close programs, by id, until they are answered
	changed chan struct{}     // closed and made anew at every change
}

// place is where a window can be: a session of a user. The user belongs to it,
// so that nobody can stand in a session of somebody else's.
type place struct{ owner, session string }

// New returns a broker. It starts nothing by itself.
func New(c Config) (*Broker, error) {
	if c.Core == nil || c.Clock == nil {
		return nil, errors.New("cannot ask people without a core and a clock")
	}
	if len(c.Key) < keySize {
		return nil, fmt.Errorf("cannot ask people: the key has %d bytes, needs %d", len(c.Key), keySize)
	}
	return &Broker{c: c, agents: map[place]*agent{}, byID: map[string]*agent{}, prompts: map[key]*prompt{}, orders: map[string]*order{}, changed: make(chan struct{})}, nil
}

// wake lets everybody who waits look again. The caller holds mu.
func (b *Broker) wake() {
	close(b.changed)
	b.changed = make(chan struct{})
}
