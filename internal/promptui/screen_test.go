// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
)

func texts(t testing.TB, lang string) *i18n.Localizer {
	t.Helper()
	l, err := i18n.New(lang)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// now is a Saturday.
var now = time.Date(2026, 11, 21, 14, 4, 0, 0, time.UTC)

func firefox() apitypes.Prompt {
	return apitypes.Prompt{
		ID: "firefox#1.1@c2", Nonce: "N", Members: []apitypes.Member{{Name: "Firefox", Action: "setup", Version: "128.0.3-2", Installed: true}},
		Programs: []apitypes.Program{{Name: "firefox", Count: 9, OwnerIsYou: true}, {Name: "vim", Count: 1}},
		Choices:  []string{"defer", "recheck", "kill"}, Default: "defer",
		Deadline: now.Add(time.Minute), RemainingMS: 60_000, Opened: now, Since: now, DefersUsed: 1, DefersMax: 5, AskAgain: 86400,
	}
}

// added is a prompt to which a program was added.
func added() apitypes.Prompt {
	p := firefox()
	p.Revision = 7
	p.Programs = append(p.Programs, apitypes.Program{Name: "added", Count: 1, OwnerIsYou: true})
	return p
}

// Whatever the prompt and the screen, nothing on it moves a cursor, it fits, and
// choices and countdown are on it.
func TestLayoutFits(t *testing.T) {
	l := texts(t, "de")
	rapid.Check(t, func(t *rapid.T) {
		p := firefox()
		p.Members[0].Name = rapid.String().Draw(t, "name")
		p.Asker = rapid.String().Draw(t, "asker")
		p.Final = rapid.Bool().Draw(t, "final")
		p.Members[0].Installed = rapid.Bool().Draw(t, "installed")
		for i := range rapid.IntRange(0, 60).Draw(t, "programs") {
			p.Programs = append(p.Programs, apitypes.Program{Name: fmt.Sprint(rapid.String().Draw(t, "program"), i), OwnerIsYou: true})
		}
		again := rapid.Bool().Draw(t, "again")
		s := size{rapid.IntRange(34, 200).Draw(t, "width"), rapid.IntRange(16, 60).Draw(t, "height")}
		rows := layout(l, p, again, 45*time.Second, now, s)
		if len(rows) > s.height {
			t.Fatalf("%d rows on a screen of %d", len(rows), s.height)
		}
		all := ""
		for _, r := range rows {
			if n := utf8.RuneCountInString(r.text); n >= s.width {
				t.Fatalf("a row of %d on a screen of %d: %q", n, s.width, r.text)
			}
			if printable(r.text) != r.text {
				t.Fatalf("%q is not printable", r.text)
			}
			all += r.text + "\n"
		}
		for i := range l.Window(p, now).Choices {
			if !strings.Contains(all, fmt.Sprintf(" [%d] [", i+1)) {
				t.Fatalf("choice %d is not on the screen:\n%s", i+1, all)
			}
		}
		if !strings.Contains(all, "Noch 0:45") {
			t.Fatalf("no countdown:\n%s", all)
		}
	})
}

func TestManyPrograms(t *testing.T) {
	p := firefox()
	p.Programs = nil
	for i := range 40 {
		p.Programs = append(p.Programs, apitypes.Program{Name: fmt.Sprintf("program%d", i), OwnerIsYou: true})
	}
	text := paint(layout(texts(t, "en"), p, false, time.Minute, now, size{80, 24}), false)
	if !strings.Contains(text, "more programs") || !strings.Contains(text, "program0") || !strings.Contains(text, "Close and update") {
		t.Errorf("the screen is\n%s", text)
	}
}

func TestPaintHasNoColourWithoutColour(t *testing.T) {
	rows := layout(texts(t, "en"), firefox(), false, time.Minute, now, size{80, 24})
	if s := paint(rows, false); strings.Contains(s, "m") && strings.Contains(s, "\x1b[1m") || strings.Contains(s, "\x1b[7m") {
		t.Errorf("without colour: %q", s)
	}
	if s := paint(rows, true); !strings.Contains(s, styleMark+"> [1] [l] Later") {
		t.Errorf("with colour: %q", s)
	}
	if s := paint([]row{{text: "a\x1b[31mb\u009bc\x00d"}}, false); strings.Contains(s, "\x1b[31m") || strings.Contains(s, "\u009b") {
		t.Errorf("a control sequence got through: %q", s)
	}
}
