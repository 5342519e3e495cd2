// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// onTerminal shows a prompt and returns the outcome when it comes.
func onTerminal(p *pty, lang string, prompt apitypes.Prompt, colour bool) (*Window, <-chan string, context.CancelFunc) {
	term := NewTerminal(p.slave, p.slave, texts(p, lang), colour)
	term.Settle = 0
	term.Now = func() time.Time { return now }
	w := newWindow(prompt, func() {})
	w.mu.Lock()
	w.ends = now.Add(time.Duration(prompt.RemainingMS) * time.Millisecond)
	w.mu.Unlock()
	ctx, cancel := context.WithCancel(p.Context())
	out := make(chan string, 1)
	go func() {
		choice, err := term.Show(ctx, w)
		switch {
		case errors.Is(err, ErrEnded):
			choice = "ended"
		case err != nil:
			choice = err.Error()
		}
		out <- choice
	}()
	return w, out, cancel
}

func TestScreensGolden(t *testing.T) {
	last := firefox()
	last.Final, last.Choices, last.Default, last.DefersUsed, last.RemainingMS = true, []string{"recheck", "kill"}, "kill", 5, 13*60_000
	last.Opened, last.Deadline = now.Add(-2*time.Minute), now.Add(13*time.Minute)
	last.Since = now.Add(-5 * 24 * time.Hour)
	first := firefox()
	first.Members[0].Installed = false
	for _, lang := range i18n.Languages() {
		for _, c := range []struct {
			name          string
			prompt        apitypes.Prompt
			width, height uint16
		}{
			{"question", firefox(), 80, 24}, {"last", last, 80, 24}, {"first", first, 80, 24}, {"narrow", firefox(), 44, 20}, {"narrow_last", last, 44, 20},
		} {
			t.Run(c.name+"."+lang, func(t *testing.T) {
				p := newPTY(t, c.width, c.height)
				before := p.modes()
				w, out, cancel := onTerminal(p, lang, c.prompt, true)
				defer cancel()
				p.wait("[c]", true)
				for tail := w.isShown; !tail(); time.Sleep(time.Millisecond) {
				}
				got, _ := p.text()
				path := filepath.Join("testdata", "screen."+c.name+"."+lang+".txt")
				if *rewrite {
					if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if got != string(want) {
					t.Errorf("%s differs; -rewrite writes it anew. Got:\n%s", path, got)
				}
				p.typed("1")
				if choice := <-out; choice != c.prompt.Choices[0] {
					t.Errorf("1 chooses %q", choice)
				}
				if after := p.modes(); after != before {
					t.Errorf("the terminal's modes are %+v, were %+v", after, before)
				}
				p.wait("", false)
			})
		}
	}
}

// Each way out of a window puts the terminal back.
func TestWaysOut(t *testing.T) {
	closing := firefox()
	closing.Default = "kill"
	for name, c := range map[string]struct {
		prompt apitypes.Prompt
		typed  string // "" = the window is cancelled
		want   string
	}{
		"letter":              {firefox(), "i", "recheck"},
		"capital letter":      {firefox(), "C", "kill"},
		"number":              {firefox(), "3", "kill"},
		"Enter":               {firefox(), "\r", "defer"},
		"nothing, then later": {closing, "\rx9\x1b[C\x1b[200~c\x1b[201~\x1bcl", "defer"},
		"Ctrl-C":              {firefox(), "\x03", "ended"},
		"cancel":              {firefox(), "", context.Canceled.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPTY(t, 80, 24)
			before := p.modes()
			_, out, cancel := onTerminal(p, "en", c.prompt, false)
			defer cancel()
			p.wait("Time left", true)
			if raw := p.modes(); raw.Lflag&unix.ICANON != 0 || raw.Lflag&unix.ECHO != 0 {
				t.Error("the terminal is not raw while the window is shown")
			}
			if c.typed == "" {
				cancel()
			} else {
				p.typed(c.typed)
			}
			if got := <-out; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if after := p.modes(); after != before {
				t.Errorf("the terminal's modes are %+v, were %+v", after, before)
			}
			p.wait("", false)
			p.mu.Lock()
			defer p.mu.Unlock()
			for _, pair := range []string{"\x1b[?25", "\x1b[?2004", "\x1b[?1049"} {
				if strings.Count(p.all, pair+"h") != strings.Count(p.all, pair+"l") {
					t.Errorf("%q was not put back", pair)
				}
			}
			if strings.Contains(p.all, styleBold) || strings.Contains(p.all, styleMark) {
				t.Error("there is colour where none is wanted")
			}
		})
	}
}

// A window that changes is drawn again; what is said meanwhile comes after it.
func TestUpdateAndSay(t *testing.T) {
	p := newPTY(t, 80, 24)
	term := NewTerminal(p.slave, p.slave, texts(t, "en"), true)
	term.Settle = 0
	w := newWindow(firefox(), func() {})
	out := make(chan string, 1)
	go func() {
		choice, _ := term.Show(t.Context(), w)
		out <- choice
	}()
	p.wait("vim", true)
	changed := firefox()
	changed.Programs = []apitypes.Program{{Name: "evil\x1b]0;title\x07\u009b31m\x1b[2J", OwnerIsYou: true}}
	w.set(changed)
	if s := p.wait("evil", true); strings.Contains(s, "vim") || strings.Contains(s, "\u009b") {
		t.Errorf("the screen is\n%s", s)
	}
	term.Say("said \x1b[31mmeanwhile")
	p.typed("l")
	if choice := <-out; choice != "defer" {
		t.Errorf("got %q", choice)
	}
	if s := p.wait("meanwhile", false); !strings.Contains(s, "said [31mmeanwhile") {
		t.Errorf("the screen is\n%s", s)
	}
}

// Keys from before the window, and right after it came, count for nothing.
func TestKeysFromBefore(t *testing.T) {
	p := newPTY(t, 80, 24)
	term := NewTerminal(p.slave, p.slave, texts(t, "en"), false)
	term.Settle = 300 * time.Millisecond
	p.typed("ccc")
	w := newWindow(firefox(), func() {})
	out := make(chan string, 1)
	go func() {
		choice, _ := term.Show(t.Context(), w)
		out <- choice
	}()
	p.wait("Time left", true)
	p.typed("c") // still too soon, or the test is slow and it counts: then it took that long
	began := time.Now()
	for {
		select {
		case choice := <-out:
			if choice == "kill" && time.Since(began) < term.Settle/2 {
				t.Error("a key from before closed a program")
			}
			return
		case <-time.After(20 * time.Millisecond):
			p.typed("l")
		}
	}
}

// A window to which a program was added is like a new one: it is told to be on
// the screen when it is, and takes no keys at first.
func TestAddedProgramSettles(t *testing.T) {
	p := newPTY(t, 80, 24)
	term := NewTerminal(p.slave, p.slave, texts(t, "en"), false)
	var clock atomic.Int64
	term.Now = func() time.Time { return now.Add(time.Duration(clock.Load())) }
	onScreen := make(chan struct{}, 2)
	w := newWindow(firefox(), func() { onScreen <- struct{}{} })
	w.Again = true
	out := make(chan string, 1)
	go func() {
		choice, _ := term.Show(t.Context(), w)
		out <- choice
	}()
	<-onScreen
	if s := p.wait("Time left", true); !strings.Contains(s, "Another program was started meanwhile. Please look at the list again.") || w.onScreen() != 0 {
		t.Errorf("on the screen is %d:\n%s", w.onScreen(), s)
	}
	clock.Store(int64(settle))
	w.set(added())
	<-onScreen
	p.wait("added", true)
	if n := w.onScreen(); n != 7 {
		t.Errorf("on the screen is %d, want 7", n)
	}
	p.typed("c")
	select {
	case choice := <-out:
		t.Fatalf("it chose %q at once", choice)
	case <-time.After(50 * time.Millisecond):
	}
	clock.Store(int64(2 * settle))
	p.typed("c")
	if choice := <-out; choice != "kill" {
		t.Errorf("c chooses %q", choice)
	}
}

// A terminal that is closed ends the agent.
func TestTerminalGone(t *testing.T) {
	p := newPTY(t, 80, 24)
	_, out, cancel := onTerminal(p, "en", firefox(), false)
	defer cancel()
	p.wait("Time left", true)
	p.master.Close()
	if got := <-out; got != "ended" && !strings.Contains(got, "draw") {
		t.Errorf("got %q", got)
	}
}

func TestPick(t *testing.T) {
	p := newPTY(t, 80, 24)
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for _, c := range []struct {
		in, out      *os.File
		env          []string
		line, colour bool
	}{
		{p.slave, p.slave, nil, false, true},
		{p.slave, p.slave, []string{"NO_COLOR"}, false, false},
		{p.slave, p.slave, []string{"TERM"}, true, false},
		{null, p.slave, nil, true, false},
		{p.slave, null, nil, true, false},
	} {
		front := inTerminal(Streams{In: c.in, Out: c.out, Getenv: func(name string) string {
			if slices.Contains(c.env, name) {
				return "dumb"
			}
			return ""
		}}, texts(t, "en"))
		term, ok := front.(*Terminal)
		if ok == c.line || ok && term.Colour != c.colour {
			t.Errorf("%+v gives %T", c, front)
		}
	}
}
