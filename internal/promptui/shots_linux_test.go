// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/needs"
	"github.com/quietsetup/quietsetup/internal/promptui/desktop"
	"github.com/quietsetup/quietsetup/internal/promptui/desktoptest"
)

var shots = flag.Bool("shots", false, "take the pictures of docs/prompts anew; also needs dunst")

// pictures are the windows that docs/prompts.md shows, and some that only have to fit.
func pictures(lang string) []picture {
	first := firefox()
	first.Programs = []apitypes.Program{{Name: "firefox", Count: 9, OwnerIsYou: true}, {Name: "Thunderbird", Count: 1, OwnerIsYou: true}}
	first.Asker, first.Contact, first.DefersUsed = "IT of Sample Hospital", "help desk, phone 1234", 0
	if lang == "de" {
		first.Asker, first.Contact = "Die IT der Musterklinik", "Helpdesk, Telefon 1234"
	}
	but := func(change func(p *apitypes.Prompt)) apitypes.Prompt {
		p := first
		p.Members = []apitypes.Member{first.Members[0]}
		p.Programs = append([]apitypes.Program{}, first.Programs...)
		change(&p)
		return p
	}
	last := but(func(p *apitypes.Prompt) {
		p.Final, p.Choices, p.Default, p.DefersUsed, p.RemainingMS = true, []string{"recheck", "kill"}, "kill", 5, 15*60_000
		p.Deadline, p.Since = now.Add(15*time.Minute), now.Add(-5*24*time.Hour)
	})
	many := but(func(p *apitypes.Prompt) {
		p.Programs = nil
		for i := range 40 {
			p.Programs = append(p.Programs, apitypes.Program{Name: fmt.Sprintf("program %02d", i+1), OwnerIsYou: i%7 != 3})
		}
	})
	return []picture{
		{name: "first", prompt: first},
		{name: "fewer", prompt: but(func(p *apitypes.Prompt) { p.DefersUsed, p.Programs = 4, p.Programs[:1] })},
		{name: "last", prompt: last},
		{name: "sure", prompt: last, keys: []string{"Return"}},
		{name: "removal", prompt: but(func(p *apitypes.Prompt) { p.Members[0].Action = "uninstall"; p.Programs = p.Programs[:1] })},
		{name: "install", prompt: but(func(p *apitypes.Prompt) { p.Members[0].Installed = false })},
		{name: "many", prompt: many},
		{name: "hard", unpictured: true, prompt: but(func(p *apitypes.Prompt) {
			long := strings.Repeat("W", 200)
			p.Members[0].Name, p.Members[0].Version, p.Asker, p.Contact = long, long, long, long
			p.AskAgain = 86400 * 40 // the widest day there is
			p.Programs = nil
			for i, n := range []string{long, "a <b>&amp; \\n\\ \x1b[31m_x", "עברית العربية", "Übergrößenträger", "日本語のプログラム", strings.Repeat("wide words ", 30)} {
				p.Programs = append(p.Programs, apitypes.Program{Name: fmt.Sprint(n, i), OwnerIsYou: i%2 == 0})
			}
		})},
		{name: "hard many", unpictured: true, prompt: but(func(p *apitypes.Prompt) {
			*p = last
			p.Asker, p.Contact = strings.Repeat("long words ", 30), strings.Repeat("long words ", 30)
			p.Programs = many.Programs
		})},
	}
}

type picture struct {
	name       string
	prompt     apitypes.Prompt
	keys       []string // pressed in the window before
	unpictured bool
}

// TestWindowsFit shows every window on the smallest screen with real programs.
// With -shots it takes the pictures of docs/prompts.
func TestWindowsFit(t *testing.T) {
	t.Parallel()
	needs.Tool(t, "zenity", "kdialog")
	d := desktoptest.Start(t)
	for _, find := range []func(context.Context, []string) (*desktop.Program, error){desktop.Zenity, desktop.KDialog} {
		p, err := find(t.Context(), d.Environ())
		if err != nil {
			t.Fatal(err)
		}
		for _, lang := range i18n.Languages() {
			for _, c := range pictures(lang) {
				if p.Name == "kdialog" && c.name != "first" && c.name != "hard many" {
					continue // it is slow, and these are the extremes
				}
				s := fit{Desktop: d, front: newDesktop(texts(t, lang), &fakeNotes{}, func(string) string { return "" }, byProgram(p))}
				file := c.name + "." + lang + ".png"
				if p.Name != "zenity" {
					file = p.Name + "." + file
				}
				if c.unpictured || !*shots || p.Name != "zenity" && c.name != "first" {
					file = ""
				}
				s.show(c, file)
			}
		}
	}
	if *shots {
		notificationShots(d)
	}
}

type fit struct {
	*desktoptest.Desktop
	front *Desktop
}

func (s fit) show(c picture, file string) {
	s.Helper()
	s.front.now = func() time.Time { return now }
	s.front.settle = 0
	onScreen := make(chan struct{}, 10)
	w := newWindow(c.prompt, func() { onScreen <- struct{}{} })
	w.mu.Lock()
	w.ends = now.Add(time.Duration(c.prompt.RemainingMS) * time.Millisecond)
	w.mu.Unlock()
	ctx, cancel := context.WithCancel(s.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := s.front.Show(ctx, w)
		ended <- err
	}()
	title := s.front.texts.Window(c.prompt, now).Title
	<-onScreen
	window := s.Wait(title)
	a := s.still(window)
	if c.keys != nil {
		s.Press(c.keys...)
		window = s.Next(title, window)
		a = s.still(window)
	}
	// The frame around it has a bar above; it is not part of the area.
	if !a.Fits() || a.Y < 18 {
		s.Errorf("%s: the window is at %+v", c.name, a)
		s.Shot(filepath.Join(os.TempDir(), "clipped-"+c.name+".png"))
	}
	if file != "" {
		s.picture(file)
	}
	cancel()
	<-ended
	s.Gone(title)
}

// still waits until a window does not change its place and size any more.
func (s fit) still(window desktoptest.Window) (a desktoptest.Area) {
	s.Helper()
	for still := 0; still < 3; time.Sleep(50 * time.Millisecond) {
		if b := s.Area(window); b == a {
			still++
		} else {
			a, still = b, 0
		}
	}
	return a
}

func (s fit) picture(file string) { takePicture(s.Desktop, file) }

func takePicture(d *desktoptest.Desktop, file string) {
	d.Helper()
	time.Sleep(500 * time.Millisecond) // it fades in
	if err := os.MkdirAll("../../docs/prompts", 0o755); err != nil {
		d.Fatal(err)
	}
	if !d.Shot(filepath.Join("../../docs/prompts", file)) {
		d.Errorf("%s could not be taken", file)
	}
}

// TestDocs: docs/prompts.md shows the terminal as it is, and every picture that
// there is.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/prompts.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range i18n.Languages() {
		screen, err := os.ReadFile("testdata/screen.question." + lang + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(page), "```\n"+string(screen)+"```\n") {
			t.Errorf("docs/prompts.md does not show the terminal in %s as it is", lang)
		}
	}
	files, err := filepath.Glob("../../docs/prompts/*.png")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		if !strings.Contains(string(page), "](prompts/"+filepath.Base(f)+")") {
			t.Errorf("docs/prompts.md does not show %s", f)
		}
	}
	for _, m := range regexp.MustCompile(`\]\(prompts/([^)]*)\)`).FindAllStringSubmatch(string(page), -1) {
		if _, err := os.Stat("../../docs/prompts/" + m[1]); err != nil {
			t.Error(err)
		}
	}
}

// notificationShots takes the pictures of the hint, with a server of its own.
func notificationShots(d *desktoptest.Desktop) {
	needs.Tool(d, "dunst")
	d.Run("dunst")
	for _, lang := range i18n.Languages() {
		l := texts(d, lang)
		n := desktop.NewNotes(d.Getenv, l.Text("desktop.app", nil))
		w := l.Window(pictures(lang)[0].prompt, now)
		var id uint32
		d.Until("the notification is taken", func() bool {
			var err error
			id, err = n.Show(d.Context(), desktop.Note{Title: w.Title, Text: hintText(w)})
			return err == nil
		})
		takePicture(d, "notification."+lang+".png")
		n.Hide(d.Context(), id)
		n.Close()
	}
}
