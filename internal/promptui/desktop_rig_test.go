// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/promptui/desktop"
)

// fakeDialog is a dialog whose person is the test.
type fakeDialog struct {
	desktop.Dialog
	mu     sync.Mutex
	texts  []string
	n      int
	read   bool // its text is read at once
	shown  chan int
	done   chan struct{}
	button desktop.Button
	closed bool
}

func (d *fakeDialog) Set(percent int, text string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.n++
	d.texts = append(d.texts, fmt.Sprintf("%d%% %s", percent, text))
	if d.read {
		select {
		case <-d.shown:
		default:
		}
		d.shown <- d.n
	}
	return d.n
}

func (d *fakeDialog) Shown() <-chan int      { return d.shown }
func (d *fakeDialog) Done() <-chan struct{}  { return d.done }
func (d *fakeDialog) Button() desktop.Button { return d.button }
func (d *fakeDialog) Close()                 { d.closed = true }

func (d *fakeDialog) press(b desktop.Button) {
	d.button = b
	close(d.done)
}

// fakeNotes remember notifications.
type fakeNotes struct {
	mu  sync.Mutex
	got []string
	now int // how many are shown
}

func (n *fakeNotes) Show(_ context.Context, note desktop.Note) (uint32, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.got = append(n.got, note.Title+": "+note.Text)
	if note.Lasts == 0 {
		n.now++
	}
	return uint32(len(n.got)), nil
}

func (n *fakeNotes) Hide(context.Context, uint32) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.now--
}

// screenOf is a front whose dialogs go to the test.
type screenOf struct {
	*Desktop
	*fakeNotes
	dialogs chan *fakeDialog
	broken  error
	blind   bool // dialogs are opened and never read their text
}

func fakeDesktop(l *i18n.Localizer, hides bool) *screenOf {
	s := &screenOf{fakeNotes: &fakeNotes{}, dialogs: make(chan *fakeDialog, 10)}
	s.Desktop = &Desktop{texts: l, notes: s.fakeNotes, named: func(string) string { return "" }, now: time.Now, settle: windowSettle,
		program: program{live: !hides, hides: hides, open: func(d desktop.Dialog) (dialog, error) {
			if s.broken != nil {
				return nil, s.broken
			}
			f := &fakeDialog{Dialog: d, read: !hides && !s.blind, shown: make(chan int, 1), done: make(chan struct{})}
			if hides {
				f.shown <- 0
			} else {
				f.Set(100, d.Text)
			}
			s.dialogs <- f
			return f, nil
		}}}
	return s
}

// show shows a prompt and sends what comes of it.
func (s *screenOf) show(ctx context.Context, p apitypes.Prompt) (*Window, <-chan string) {
	w := newWindow(p, func() {})
	out := make(chan string, 1)
	go func() {
		choice, err := s.Desktop.Show(ctx, w)
		if err != nil {
			choice = "error: " + err.Error()
		}
		out <- choice
	}()
	return w, out
}

// here is a prompt by the clock of the test.
func here(p apitypes.Prompt) apitypes.Prompt {
	p.Opened, p.Since = time.Now(), time.Now()
	p.Deadline = p.Opened.Add(time.Duration(p.RemainingMS) * time.Millisecond)
	return p
}

// presses presses one button of each dialog after it has settled, and returns
// the choice; "open" if the question is still there.
func presses(ctx context.Context, s *screenOf, p apitypes.Prompt, buttons ...desktop.Button) string {
	ctx, cancel := context.WithCancel(ctx)
	_, out := s.show(ctx, p)
	for _, b := range buttons {
		d := <-s.dialogs
		time.Sleep(windowSettle + time.Millisecond)
		d.press(b)
	}
	select {
	case c := <-out:
		cancel()
		return c
	case <-s.dialogs:
		cancel()
		<-out
		return "open"
	}
}
