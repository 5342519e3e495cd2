// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"time"

	"github.com/quietsetup/quietsetup/checks"
	"github.com/quietsetup/quietsetup/events"
)

// Options are what a Machine must be told.
type Options struct {
	// OwnUserOnly looks after the programs of one user alone: processes that
	// this process has no right to look into are passed over. It is for trying
	// things out without root. Without it each of them makes a look incomplete.
	OwnUserOnly bool
	// Own lists absolute paths of quietsetup's own programs, or of folders that
	// hold nothing else. They are never found as a program to close.
	Own []string
	// Agents returns the connected prompt agents; nil = none. It must not block.
	Agents func() []Agent
	// AskToClose asks the windows of these programs, which all belong to one
	// session, to close; nil = nobody can ask. It is used where only a program of
	// the same session can ask: on Windows. It returns when they were asked, not
	// when they have closed.
	AskToClose func(ctx context.Context, session string, ids []events.ProcessID) error
	// Shows returns those of the programs, which all belong to one session, that
	// show a window there; nil, or an error = that is not known. It is used where
	// only a program of the same session can see: on Windows.
	Shows func(ctx context.Context, session string, ids []events.ProcessID) ([]events.ProcessID, error)
}

// Agent is a prompt agent that is connected to the daemon. The facts come from
// the kernel, see Machine.SessionOf, never from what the agent says of itself.
type Agent struct {
	Session string
	Owner   string // "uid:1000"
	TTY     string // "pts/3", "" without a terminal

	// Told says that the agent has told of its person, which alone it does by its
	// own word: how long there was no input (negative = not known), and whether the
	// session is locked. What the system tells goes first.
	Told   bool
	Idle   time.Duration
	Locked bool
}

// Machine is the machine this process runs on. It may be used by several
// goroutines at once.
type Machine struct {
	options  Options
	platform // what this system needs besides
}

// ErrProtected is returned for a process that must not be closed: vital, a
// service, or not one that keeps an installer waiting.
var ErrProtected = errors.New("must not be closed")

var _ checks.Host = (*Machine)(nil)
