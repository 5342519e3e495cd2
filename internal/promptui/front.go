// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// Errors of fronts that end the agent.
var (
	ErrEnded    = errors.New("ended by the person")
	ErrNoScreen = errors.New("nothing can be shown here any more")
)

// Front puts windows on a screen.
type Front interface {
	// Kind is apitypes.AgentTerminal or AgentWindow.
	Kind() string
	// Show shows a window until it is answered, and returns the choice, which is
	// about the prompt last handed to w.Shown. When ctx
	// ends it takes the window away and returns the context's error. ErrEnded
	// and ErrNoScreen end the agent; any other error says that the window cannot be shown.
	Show(ctx context.Context, w *Window) (choice string, err error)
	// Say tells the person a sentence that is no question. It does not wait, and
	// it does not disturb a window.
	Say(text string)
	// Report tells how the agent itself fares, which matters to nobody who is
	// not watching it.
	Report(text string)
}

// Window is a prompt that may change while it is shown.
type Window struct {
	// Again: the person's answer did not count, because programs were added that
	// were not on the screen. The front says so with the window.
	Again bool

	shown   func()
	changed chan struct{}

	mu       sync.Mutex
	prompt   apitypes.Prompt
	ends     time.Time
	visible  bool
	revision uint64 // what is on the screen; 0 = nothing yet
}

func newWindow(p apitypes.Prompt, shown func()) *Window {
	w := &Window{shown: shown, changed: make(chan struct{}, 1)}
	w.set(p)
	return w
}

// set replaces what the window shows.
func (w *Window) set(p apitypes.Prompt) {
	w.mu.Lock()
	w.prompt = p
	w.ends = time.Now().Add(time.Duration(p.RemainingMS) * time.Millisecond)
	w.mu.Unlock()
	select {
	case w.changed <- struct{}{}:
	default: // it is told already
	}
}

// Prompt is what to show now, and when it ends by this program's own clock,
// which no change of the wall clock moves.
func (w *Window) Prompt() (p apitypes.Prompt, ends time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.prompt, w.ends
}

// Changed says that Prompt may differ from what is on the screen.
func (w *Window) Changed() <-chan struct{} { return w.changed }

// Shown is called by a front each time it has put a prompt on the screen, with
// that prompt: by now Prompt may return another. It does not wait.
func (w *Window) Shown(p apitypes.Prompt) {
	w.mu.Lock()
	news := !w.visible || w.revision != p.Revision
	w.visible, w.revision = true, p.Revision
	w.mu.Unlock()
	if news {
		w.shown()
	}
}

// onScreen is the revision of what the person sees.
func (w *Window) onScreen() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.revision
}

// isShown reports whether a front has called Shown.
func (w *Window) isShown() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.visible
}
