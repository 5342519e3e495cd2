// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/promptui/desktop"
)

// Whatever is offered: every choice has its button; what the window does by
// itself has the focus; nothing but a choice closes programs, and Enter alone
// never does.
func TestButtonsMeanWhatTheySay(t *testing.T) {
	for _, lang := range i18n.Languages() {
		l := texts(t, lang)
		for _, hides := range []bool{false, true} {
			rapid.Check(t, func(rt *rapid.T) {
				p := firefox()
				p.RemainingMS = 1e7
				p.Choices = rapid.Permutation([]string{"defer", "recheck", "kill"}).Draw(rt, "choices")[:rapid.IntRange(1, 3).Draw(rt, "n")]
				p.Default = rapid.SampledFrom([]string{"defer", "recheck", "kill", "fail"}).Draw(rt, "default")
				p.Final = rapid.Bool().Draw(rt, "final")
				choices := l.Window(p, now).Choices
				if len(choices) == 0 {
					return // a last window that offers only later; the core makes none
				}
				buttons := onButtons(arrange(choices), hides)
				if !hides && len(buttons) != len(choices) || hides && len(buttons) != min(len(choices), 2) {
					rt.Fatalf("%v are %d buttons", choices, len(buttons))
				}
				for _, c := range choices {
					if c.Highlighted && buttons[0] != c || c.Highlighted != (c.Choice == p.Default) {
						rt.Fatalf("%v is the end, the focus is on %v", c, buttons[0])
					}
				}
				if buttons[0].Choice == "kill" && !buttons[0].Highlighted && len(buttons) > 1 {
					rt.Fatalf("closing has the focus in %v", buttons)
				}
				synctest.Test(t, func(t *testing.T) {
					p := here(p)
					s := fakeDesktop(l, hides)
					for i, c := range buttons {
						b := desktop.OK + desktop.Button(i)
						got := presses(t.Context(), s, p, b)
						switch {
						case b == desktop.OK && c.Choice == "kill":
							if twice := presses(t.Context(), s, p, b, b); got != "open" || twice != "kill" {
								t.Errorf("Enter once is %s, twice %s", got, twice)
							}
						case got != c.Choice:
							t.Errorf("button %d of %v is %s", b, buttons, got)
						}
					}
					harmless := "open"
					if !p.Final && slices.Contains(p.Choices, "defer") {
						harmless = "defer"
					}
					if got := presses(t.Context(), s, p, desktop.Closed); got != harmless {
						t.Errorf("Esc is %s", got)
					}
					for _, b := range []desktop.Button{desktop.Lost, desktop.Hidden} {
						if got := presses(t.Context(), s, p, b); got != "open" {
							t.Errorf("%d is %s", b, got)
						}
					}
					s.Close()
					if s.fakeNotes.now != 0 {
						t.Errorf("%d notifications are left", s.fakeNotes.now)
					}
				})
			})
		}
	}
}

// What is typed as the window appears counts for nothing, and it says so.
func TestWindowSettles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fakeDesktop(texts(t, "de"), false)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w, out := s.show(ctx, here(firefox()))
		for range 3 {
			d := <-s.dialogs
			time.Sleep(windowSettle - time.Millisecond)
			d.press(desktop.OK)
		}
		d := <-s.dialogs
		if !strings.HasPrefix(d.Text, "Gerade als dieses Fenster erschien, wurde eine Taste gedrückt.") {
			t.Errorf("the window says %s", d.Text)
		}
		// A program that is added makes it a new window.
		time.Sleep(time.Minute / 2)
		w.set(here(added()))
		time.Sleep(windowSettle / 2)
		if w.onScreen() != 7 {
			t.Errorf("on the screen is revision %d", w.onScreen())
		}
		d.press(desktop.Second)
		d = <-s.dialogs
		time.Sleep(windowSettle + 1)
		d.press(desktop.Second)
		if got := <-out; got != "kill" {
			t.Errorf("got %s", got)
		}
	})
}

// Who answered a list that lacked programs is told so with the new one.
func TestWindowAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fakeDesktop(texts(t, "en"), false)
		w := newWindow(here(added()), func() {})
		w.Again = true
		ctx, cancel := context.WithCancel(t.Context())
		out := make(chan error, 1)
		go func() {
			_, err := s.Desktop.Show(ctx, w)
			out <- err
		}()
		if d := <-s.dialogs; !strings.HasPrefix(d.Text, "Another program was started meanwhile. Please look at the list again.\n\n") || !strings.Contains(d.Text, "• added") {
			t.Errorf("the window says %s", d.Text)
		}
		cancel()
		<-out
		s.Close()
	})
}

// A consent asked for twice is asked for twice again when the list has grown.
func TestSureIsAboutOneList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fakeDesktop(texts(t, "en"), false)
		p := firefox()
		p.Final, p.Choices, p.Default = true, []string{"recheck", "kill"}, "kill"
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w, out := s.show(ctx, here(p))
		press := func() {
			time.Sleep(windowSettle + 1)
			(<-s.dialogs).press(desktop.OK)
			synctest.Wait()
		}
		time.Sleep(time.Second)
		press()
		more := here(p)
		more.Revision = 9
		w.set(more)
		press()
		d := <-s.dialogs
		if !strings.HasPrefix(d.Text, "To make sure nothing is closed by mistake: please choose “Close and update” once more.") {
			t.Errorf("the window says %s", d.Text)
		}
		time.Sleep(windowSettle + 1)
		d.press(desktop.OK)
		if got := <-out; got != "kill" {
			t.Errorf("got %s", got)
		}
	})
}

// The countdown runs once a second at the end, seldom before; the words beside the buttons stay.
func TestCountdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fakeDesktop(texts(t, "de"), false)
		p := firefox()
		p.RemainingMS = 600_000
		p.AskAgain = 3600
		ctx, cancel := context.WithCancel(t.Context())
		_, out := s.show(ctx, here(p))
		d := <-s.dialogs
		count := func(d *fakeDialog) int {
			d.mu.Lock()
			defer d.mu.Unlock()
			return len(d.texts)
		}
		time.Sleep(8 * time.Minute)
		if n := count(d); n > 120 {
			t.Errorf("%d texts in the first eight minutes", n)
		}
		before := count(d)
		time.Sleep(2*time.Minute + time.Second)
		if n := count(d) - before; n < 118 || n > 122 {
			t.Errorf("%d texts in the last two minutes", n)
		}
		d.mu.Lock()
		again := lineWith(d.texts[0], "Nach „Später“")
		for _, text := range d.texts[1:] {
			if lineWith(text, "Nach „Später“") != again {
				t.Errorf("a text is %s", text)
			}
		}
		if !strings.Contains(d.texts[0], "Noch etwa 10 Minuten") || !strings.Contains(d.texts[len(d.texts)-2], "Noch 0:01") || !strings.HasSuffix(d.texts[len(d.texts)-1], "Die Zeit ist um.") {
			t.Errorf("the countdown ends with %q", d.texts[len(d.texts)-2:])
		}
		d.mu.Unlock()
		cancel()
		if got := <-out; got != "error: context canceled" || !d.closed {
			t.Errorf("it ends with %s, closed %v", got, d.closed)
		}
		s.Close()
	})
}

func lineWith(text, part string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			return line
		}
	}
	return ""
}

// What is hidden comes back in time: before the end, and at once when programs
// are added.
func TestHiddenComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fakeDesktop(texts(t, "en"), false)
		p := firefox()
		p.Final, p.Choices, p.Default, p.RemainingMS = true, []string{"recheck", "kill"}, "kill", 900_000
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w, _ := s.show(ctx, here(p))
		began := time.Now()
		for n, want := range []time.Duration{time.Minute, time.Minute} {
			d := <-s.dialogs
			time.Sleep(2 * time.Second)
			closed := time.Now()
			d.press(desktop.Closed)
			next := <-s.dialogs
			if got := time.Since(closed); got != want {
				t.Errorf("it is back after %v, the %d. time", got, n)
			}
			s.dialogs <- next
		}
		d := <-s.dialogs
		time.Sleep(15*time.Minute - time.Since(began) - 30*time.Second)
		d.press(desktop.Closed)
		if d = <-s.dialogs; time.Since(began) > 15*time.Minute-15*time.Second {
			t.Error("near the end it stays away too long")
		}
		time.Sleep(2 * time.Second)
		d.press(desktop.Closed)
		synctest.Wait()
		more := here(p)
		more.Revision = 9
		w.set(more)
		synctest.Wait()
		select {
		case <-s.dialogs:
		default:
			t.Error("a new program does not bring it back at once")
		}
	})
}

// A window that crashes comes back, for some times; then the daemon hears of it.
// A program that has gone ends the agent.
func TestWindowIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fakeDesktop(texts(t, "en"), false)
		w, out := s.show(t.Context(), here(firefox()))
		for range maxLosses + 1 {
			(<-s.dialogs).press(desktop.Lost)
		}
		if got := <-out; !strings.Contains(got, "ended again and again") || w.onScreen() != 0 {
			t.Errorf("got %s", got)
		}
		for gone, want := range map[error]bool{desktop.ErrNone: true, errors.New("too many processes"): false} {
			s.broken = fmt.Errorf("wrapped: %w", gone)
			if _, err := s.Desktop.Show(t.Context(), newWindow(here(firefox()), func() {})); errors.Is(err, ErrNoScreen) != want || err == nil {
				t.Errorf("%v gives %v", gone, err)
			}
		}
		s.Close()
	})
}

// A window that never comes to the screen is never said to be there.
func TestUnreadIsNotShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fakeDesktop(texts(t, "en"), false)
		s.blind = true
		ctx, cancel := context.WithCancel(t.Context())
		w, out := s.show(ctx, here(firefox()))
		time.Sleep(30 * time.Second)
		if w.isShown() {
			t.Error("it is said to be shown")
		}
		cancel()
		<-out
		s.Close()
	})
}

// Whatever the prompt, a dialog's text fits and cannot do harm.
func TestDialogTextFits(t *testing.T) {
	for _, lang := range i18n.Languages() {
		s := fakeDesktop(texts(t, lang), false)
		rapid.Check(t, func(t *rapid.T) {
			p := firefox()
			p.Members[0].Name = rapid.String().Draw(t, "name")
			p.Asker, p.Contact = rapid.String().Draw(t, "asker"), rapid.String().Draw(t, "contact")
			p.Final = rapid.Bool().Draw(t, "final")
			for i := range rapid.IntRange(0, 60).Draw(t, "programs") {
				p.Programs = append(p.Programs, apitypes.Program{Name: fmt.Sprint(rapid.String().Draw(t, "program"), i), OwnerIsYou: true})
			}
			v := s.look(newWindow(p, func() {}), &showing{why: s.texts.Text("desktop.too_soon", nil)})
			text := v.text(s.Desktop, true)
			lines := strings.Split(text, "\n")
			if n := rowsOf(lines); n > dialogRows {
				t.Fatalf("%d rows:\n%s", n, text)
			}
			if strings.ContainsFunc(strings.ReplaceAll(text, "\n", ""), func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) && r != '\u200e' }) {
				t.Fatalf("%q", text)
			}
			if len(v.words.Programs) > 28 && !strings.Contains(text, s.texts.More(1)[:3]) {
				t.Fatalf("of %d programs it does not say that there are more:\n%s", len(v.words.Programs), text)
			}
		})
	}
}

// The mark that keeps a line at its side is no reason for another row: with it a
// full dialog once had one too many.
func TestMarkTakesNoRoom(t *testing.T) {
	s := fakeDesktop(texts(t, "en"), false)
	p := firefox()
	p.Members[0].Name = "AAAAAAAAAAA\u05d0"
	for i := range 12 {
		p.Programs = append(p.Programs, apitypes.Program{Name: fmt.Sprint(i), OwnerIsYou: true})
	}
	text := s.look(newWindow(p, func() {}), &showing{why: s.texts.Text("desktop.too_soon", nil)}).text(s.Desktop, true)
	if n := rowsOf(strings.Split(text, "\n")); n != dialogRows || !strings.Contains(text, "\u200e") {
		t.Errorf("%d rows:\n%s", n, text)
	}
}

func TestHintIsShort(t *testing.T) {
	p := firefox()
	for i := range 40 {
		p.Programs = append(p.Programs, apitypes.Program{Name: fmt.Sprint("p", i), OwnerIsYou: true})
	}
	if got := hintText(texts(t, "en").Window(p, now)); strings.Count(got, ",") > 4 || !strings.Contains(got, " … Without an answer by 14:05") {
		t.Errorf("the hint is %q", got)
	}
}
