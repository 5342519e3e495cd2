// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
)

// Control sequences around a window: the other screen, no cursor, pasted text
// marked as such; and back.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[2J"
	leaveScreen = "\x1b[?2004l\x1b[?25h\x1b[?1049l"
)

// settle is how long a new window, or one with new programs, takes no keys: what
// is typed when it appears was meant for something else.
const settle = 500 * time.Millisecond

// errGone: the terminal was closed.
var errGone = errors.New("the terminal is gone")

// Terminal is a front in a text terminal, also over ssh and under tmux or screen.
// While a window is shown the terminal is in raw mode on its second screen; it is
// put back on every way out of Show.
type Terminal struct {
	In, Out *os.File
	Texts   *i18n.Localizer
	Colour  bool
	Settle  time.Duration // settle; less in tests
	Now     func() time.Time

	keysOnce sync.Once
	bytes    chan byte // closed when the terminal is gone

	mu    sync.Mutex
	open  bool
	later []string // what to say when the window is gone
}

// NewTerminal returns a front on the terminal of in and out.
func NewTerminal(in, out *os.File, texts *i18n.Localizer, colour bool) *Terminal {
	return &Terminal{In: in, Out: out, Texts: texts, Colour: colour, Settle: settle, Now: time.Now}
}

// Kind is that of an agent in a terminal.
func (t *Terminal) Kind() string { return apitypes.AgentTerminal }

// Say prints a line, behind the window if one is shown.
func (t *Terminal) Say(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open {
		t.later = append(t.later, text)
		return
	}
	fmt.Fprintf(t.Out, "%s\n", printable(text))
}

// Report prints a line: who keeps an agent in a terminal watches it.
func (t *Terminal) Report(text string) { t.Say(text) }

// Show shows the window and counts down until a key answers it or ctx ends.
func (t *Terminal) Show(ctx context.Context, w *Window) (string, error) {
	t.keysOnce.Do(t.readKeys)
	restore, err := t.take()
	if err != nil {
		return "", err
	}
	defer restore()
	on, err := t.draw(w)
	if err != nil {
		return "", err
	}
	ready := t.Now().Add(t.Settle)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var k keys
	for {
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-w.Changed():
		case <-tick.C:
		case b, ok := <-t.bytes:
			if !ok {
				return "", fmt.Errorf("%w: %w", ErrEnded, errGone)
			}
			key := k.feed(b, t.Now())
			if key == keyEnd {
				return "", ErrEnded
			}
			if key == 0 || t.Now().Before(ready) {
				continue
			}
			if choice, ok := t.chosen(key, on); ok {
				return choice, nil
			}
			continue
		}
		was := on.Revision
		if on, err = t.draw(w); err != nil {
			return "", err
		}
		if on.Revision != was {
			ready = t.Now().Add(t.Settle)
		}
	}
}

// chosen finds the choice of the prompt on the screen that a key means.
func (t *Terminal) chosen(key byte, p apitypes.Prompt) (string, bool) {
	input := string(key)
	if key == keyEnter {
		input = ""
	}
	return choose(input, t.Texts.Window(p, t.Now()).Choices)
}

// draw puts the window as it is now on the screen and returns what it put there.
func (t *Terminal) draw(w *Window) (apitypes.Prompt, error) {
	s := size{80, 24}
	if width, height, err := term.GetSize(int(t.Out.Fd())); err == nil && width > 0 && height > 0 {
		s = size{width, height}
	}
	p, ends := w.Prompt()
	now := t.Now()
	_, err := io.WriteString(t.Out, paint(layout(t.Texts, p, w.Again, ends.Sub(now), now, s), t.Colour))
	if err != nil {
		return p, fmt.Errorf("cannot draw on the terminal: %w", err)
	}
	w.Shown(p)
	return p, nil
}

// take puts the terminal into raw mode on its second screen and returns how to
// put it back. A terminal that cannot be put back is gone, with nobody before it.
func (t *Terminal) take() (restore func(), err error) {
	fd := int(t.In.Fd())
	was, err := term.MakeRaw(fd)
	if err != nil {
		return nil, fmt.Errorf("cannot take the terminal: %w", err)
	}
	t.mu.Lock()
	t.open = true
	t.mu.Unlock()
	restore = func() {
		_, _ = io.WriteString(t.Out, leaveScreen)
		_ = term.Restore(fd, was)
		t.mu.Lock()
		later := t.later
		t.open, t.later = false, nil
		t.mu.Unlock()
		for _, text := range later {
			t.Say(text)
		}
	}
	if _, err := io.WriteString(t.Out, enterScreen); err != nil {
		restore()
		return nil, fmt.Errorf("cannot draw on the terminal: %w", err)
	}
	return restore, nil
}

// readKeys reads the terminal for as long as it is there. Between windows what
// it reads is thrown away: no window, no answer.
func (t *Terminal) readKeys() {
	t.bytes = make(chan byte)
	go func() {
		defer close(t.bytes)
		buf := make([]byte, 64)
		for {
			n, err := t.In.Read(buf)
			for _, b := range buf[:n] {
				if t.isOpen() {
					t.bytes <- b
				}
			}
			// The end of input is typed between windows with Ctrl-D and means
			// nothing there; a terminal that hung up is none any more.
			if err != nil && (!errors.Is(err, io.EOF) || !term.IsTerminal(int(t.In.Fd()))) {
				return
			}
		}
	}()
}

func (t *Terminal) isOpen() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.open
}
