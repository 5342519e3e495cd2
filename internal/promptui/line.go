// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
)

// lineWidth is where plain text is broken.
const lineWidth = 78

// Line is a front for what is no terminal: it prints a window as plain text and
// reads the answer as a line. It draws nothing and counts nothing down.
type Line struct {
	In    io.Reader
	Out   io.Writer
	Texts *i18n.Localizer
	// Settle is how long a window with new programs takes no lines; they were
	// begun before it. The first one takes them: they may be in a file.
	Settle time.Duration
	Now    func() time.Time

	once  sync.Once
	lines chan string // never closed: without input no answer, but the window stays
	mu    sync.Mutex
}

// NewLine returns a front that prints to out and reads from in.
func NewLine(in io.Reader, out io.Writer, texts *i18n.Localizer) *Line {
	return &Line{In: in, Out: out, Texts: texts, Settle: settle, Now: time.Now, lines: make(chan string)}
}

// Kind is that of an agent in a terminal.
func (f *Line) Kind() string { return apitypes.AgentTerminal }

// Say prints a line.
func (f *Line) Say(text string) { f.print(printable(text) + "\n") }

// Report prints a line: who keeps an agent in a terminal watches it.
func (f *Line) Report(text string) { f.Say(text) }

func (f *Line) print(s string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, _ = io.WriteString(f.Out, s) // who does not read is not asked
}

// Show prints the window, again when what it says has changed, and waits for a
// line that is one of the choices.
func (f *Line) Show(ctx context.Context, w *Window) (string, error) {
	f.once.Do(func() { go f.read() })
	p, ends := w.Prompt()
	f.print(f.text(p, w.Again, ends))
	w.Shown(p)
	var ready time.Time
	for {
		select {
		case <-ctx.Done():
			f.print("\n")
			return "", ctx.Err()
		case <-w.Changed():
			now, ends := w.Prompt()
			if !sameWords(p, now) {
				f.print("\n\n" + f.text(now, w.Again, ends))
			}
			if now.Revision != p.Revision {
				ready = f.Now().Add(f.Settle)
			}
			p = now
			w.Shown(p)
		case line := <-f.lines:
			if f.Now().Before(ready) {
				f.print(f.Texts.Text("agent.your_choice", nil))
				continue
			}
			choices := f.Texts.Window(p, f.Now()).Choices
			if choice, ok := choose(strings.TrimSpace(line), choices); ok {
				return choice, nil
			}
			var keys []string
			for i, c := range choices {
				keys = append(keys, fmt.Sprint(i+1), c.Key)
			}
			f.print(f.Texts.Text("agent.not_a_choice", i18n.Data{"Keys": strings.Join(keys, ", ")}) + "\n" + f.Texts.Text("agent.your_choice", nil))
		}
	}
}

// sameWords reports whether two states of a prompt read the same.
func sameWords(a, b apitypes.Prompt) bool {
	a.RemainingMS, a.Deadline = b.RemainingMS, b.Deadline
	return reflect.DeepEqual(a, b)
}

// text is a whole window as plain text.
func (f *Line) text(p apitypes.Prompt, again bool, ends time.Time) string {
	now := f.Now()
	var b strings.Builder
	for _, r := range layout(f.Texts, p, again, ends.Sub(now), now, size{lineWidth, 1000}) {
		b.WriteString(printable(r.text) + "\n")
	}
	b.WriteString("\n" + f.Texts.Text("agent.your_choice", nil))
	return b.String()
}

// read reads lines as long as there are any.
func (f *Line) read() {
	s := bufio.NewScanner(f.In)
	s.Buffer(nil, 4096)
	for s.Scan() {
		f.lines <- s.Text()
	}
}
