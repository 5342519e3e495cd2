// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/promptui/desktop"
)

const (
	// windowSettle is settle for a window that takes the keyboard away from what
	// a person types: it is longer, because what is typed on means all of it.
	windowSettle = time.Second
	// hideFor is how long a question that stays is hidden at most, when the
	// person wants it out of the way.
	hideFor = time.Minute
	// maxLosses is how often a window that crashes is shown again.
	maxLosses = 3
	// livedFor is how long a window must have been there for its end to be no
	// crash in a row.
	livedFor = time.Minute
	// noteLasts is how long a notification stays that nobody must read.
	noteLasts = 10 * time.Second
)

// dialog is an open dialog of the desktop; *desktop.Window is one.
type dialog interface {
	Set(percent int, text string) int
	Shown() <-chan int
	Done() <-chan struct{}
	Button() desktop.Button
	Close()
}

// program shows dialogs.
type program struct {
	live, hides bool // as in desktop.Program
	open        func(desktop.Dialog) (dialog, error)
}

// notes shows notifications; *desktop.Notes is one.
type notes interface {
	Show(ctx context.Context, n desktop.Note) (id uint32, err error)
	Hide(ctx context.Context, id uint32)
}

// Desktop is a front of windows on a desktop, with notifications beside them.
type Desktop struct {
	texts   *i18n.Localizer
	program program
	notes   notes
	named   func(file string) string // what people call a program; "" = not known
	// titles are those of a program's windows, for the person's eyes alone; nil =
	// they cannot be seen.
	titles func(apitypes.Program) []string
	now    func() time.Time
	settle time.Duration

	noting sync.WaitGroup
}

func newDesktop(texts *i18n.Localizer, n notes, named func(string) string, p program) *Desktop {
	return &Desktop{texts: texts, program: p, notes: n, named: named, now: time.Now, settle: windowSettle}
}

// Kind is that of an agent with windows.
func (f *Desktop) Kind() string { return apitypes.AgentWindow }

// Report keeps to itself how the agent fares: nobody at a desktop asked.
func (f *Desktop) Report(string) {}

// Say shows a notification. Where there are none the sentence is lost; it is
// never one that must be read.
func (f *Desktop) Say(text string) {
	f.noting.Go(func() {
		_, _ = f.notes.Show(context.Background(), desktop.Note{Title: f.texts.Text("desktop.app", nil), Text: text, Lasts: noteLasts})
	})
}

// Close waits for notifications that are on their way, or to be taken away.
func (f *Desktop) Close() { f.noting.Wait() }

// hint shows a notification beside a window until it is removed.
func (f *Desktop) hint(p apitypes.Prompt) (remove func()) {
	w := f.texts.Window(p, f.now())
	note := desktop.Note{Title: w.Title, Text: hintText(w), Icon: logo(p)}
	ctx, remove := context.WithCancel(context.Background())
	f.noting.Go(func() {
		id, err := f.notes.Show(ctx, note)
		<-ctx.Done()
		if err == nil {
			f.notes.Hide(context.Background(), id)
		}
	})
	return remove
}

// showing is what one Show remembers from one window to the next.
type showing struct {
	why    string // what the window says first
	wanted bool   // the person has just pressed a button, and waits for the window
	sure   bool   // closing programs was chosen once, for the list of revision seen
	seen   uint64
	losses int
}

// Show shows the window until a button answers it or ctx ends.
func (f *Desktop) Show(ctx context.Context, w *Window) (string, error) {
	p, _ := w.Prompt()
	defer f.hint(p)()
	s := &showing{}
	if w.Again {
		s.why = f.texts.Text("agent.changed", nil)
	}
	for {
		choice, err := f.once(ctx, w, s)
		if choice != "" || err != nil {
			return choice, err
		}
	}
}

// once shows one dialog. Without a choice and error it has to be shown again.
func (f *Desktop) once(ctx context.Context, w *Window, s *showing) (choice string, err error) {
	v := f.look(w, s)
	v.wanted, s.wanted = s.wanted, false
	win, err := f.open(v)
	if err != nil {
		return "", err
	}
	defer win.Close()
	prog, first := f.program, v // whose title and buttons it keeps
	opened := f.now()
	var ready time.Time // from when a button counts; zero = it is not shown yet
	number := 1         // of the text that was written last
	if !prog.live {
		number = 0
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case n := <-win.Shown():
			if n != number {
				continue
			}
			w.Shown(v.prompt)
			if ready.IsZero() {
				ready = f.now().Add(f.settle)
			}
		case <-w.Changed():
			was := v
			v = f.look(w, s)
			more := v.prompt.Revision != was.prompt.Revision
			if more && (!prog.live || !v.sameButtons(first)) || !v.sameChoices(first) {
				return "", nil
			}
			if more {
				ready = time.Time{} // like a new window
			}
			v.buttons = onButtons(v.buttons, prog.hides)
			if prog.live {
				number = win.Set(v.percent(), v.text(f, true))
			}
		case <-tick.C:
			if text, percent := v.text(f, true), v.percent(); prog.live && !v.isWritten(text, percent) {
				number = win.Set(percent, text)
			}
		case <-win.Done():
			early := ready.IsZero() || f.now().Before(ready)
			return f.ended(ctx, w, s, v, win.Button(), early, f.now().Sub(opened))
		}
	}
}

// open starts the program.
func (f *Desktop) open(v *view) (dialog, error) {
	win, err := f.program.open(v.dialog(f, f.program))
	if errors.Is(err, desktop.ErrNone) {
		return nil, fmt.Errorf("%w: %w", ErrNoScreen, err)
	}
	return win, err
}

// ended judges how a dialog ended.
func (f *Desktop) ended(ctx context.Context, w *Window, s *showing, v *view, b desktop.Button, early bool, lived time.Duration) (string, error) {
	if b == desktop.Lost {
		return "", f.lost(ctx, s, lived)
	}
	s.losses = 0
	if early {
		s.why, s.sure = f.texts.Text("desktop.too_soon", nil), false
		return "", nil
	}
	switch c, ok := v.chosen(b); {
	case ok && c.Choice == apitypes.ChoiceKill && b == desktop.OK && !(s.sure && s.seen == v.prompt.Revision):
		s.sure, s.seen = true, v.prompt.Revision
		s.why, s.wanted = f.texts.Text("desktop.sure", i18n.Data{"Label": c.Label}), true
		return "", nil
	case ok:
		return c.Choice, nil
	case b == desktop.Closed && v.offers(apitypes.ChoiceDefer):
		return apitypes.ChoiceDefer, nil
	}
	s.why, s.sure = "", false
	return "", f.hide(ctx, w, v)
}

// lost waits before a window that crashed is shown again, for some times.
func (f *Desktop) lost(ctx context.Context, s *showing, lived time.Duration) error {
	if lived >= livedFor {
		s.losses = 0
	}
	if s.losses++; s.losses > maxLosses {
		return errors.New("cannot show the window: it ended again and again")
	}
	t := time.NewTimer(time.Duration(s.losses) * time.Second)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// hide leaves the person alone for a moment: a third of what is left, so that the
// question is back in time. New programs bring it back at once.
func (f *Desktop) hide(ctx context.Context, w *Window, v *view) error {
	d := max(min(hideFor, v.ends.Sub(f.now())/3), 2*time.Second)
	f.Say(f.texts.Text("desktop.back", nil))
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.Changed():
			if p, _ := w.Prompt(); p.Revision != v.prompt.Revision {
				return nil
			}
		case <-t.C:
			return nil
		}
	}
}
