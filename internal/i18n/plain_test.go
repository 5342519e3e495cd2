// SPDX-License-Identifier: Apache-2.0

package i18n_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
)

// What no window may say, in either language: our words, ids, file names.
var unsayable = regexp.MustCompile(`(?i)time-?out|default|set-?up|\bexe\b|\.exe|\.bin|-bin\b|standardaktion|vorgabe|session|sitzung|prozess|process\b|recheck|\bdefer|\bkill|daemon|dienst\b|mozilla-firefox-esr|#|uid:|\bNaN\b|-\d+ (more|mal)|no value`)

// all are the sentences of a window.
func all(w i18n.Window) []string {
	out := slices.Concat([]string{w.Title, w.Intro}, w.Programs, w.Lines)
	for _, c := range w.Choices {
		out = append(out, c.Label)
	}
	return out
}

// Every window of every policy, in both languages, in words of people.
func TestWindowsAreForPeople(t *testing.T) {
	for _, lang := range i18n.Languages() {
		l := texts(t, lang)
		rapid.Check(t, func(t *rapid.T) {
			p := anyPrompt(t)
			p.ID = "mozilla-firefox-esr#3.1@c2"
			p.Members = []apitypes.Member{{Name: "Firefox", Action: p.Members[0].Action, Installed: p.Members[0].Installed, Version: rapid.SampledFrom([]string{"", "128.0.3-2"}).Draw(t, "v")}}
			p.Programs = []apitypes.Program{{Name: "firefox.exe", OwnerIsYou: true}, {Name: "SOFFICE.BIN"}, {Name: "thunderbird-bin", OwnerIsYou: true}}
			p.Asker, p.Contact = "", rapid.SampledFrom([]string{"", "phone 1234"}).Draw(t, "c")
			w := l.Window(p, now)
			for _, s := range all(w) {
				if bad := unsayable.FindString(s); bad != "" {
					t.Fatalf("%q says %q", s, bad)
				}
				if strings.TrimSpace(s) != s || strings.Contains(s, "  ") || s == "" {
					t.Fatalf("%q is not tidy", s)
				}
			}
			if !strings.Contains(w.Intro, l.Text("window.asker", nil)) {
				t.Fatalf("it does not say who asks: %q", w.Intro)
			}
			takes := l.Text("window.takes", nil)
			if !slices.ContainsFunc(w.Lines, func(s string) bool { return strings.HasPrefix(s, takes) }) {
				t.Fatalf("it does not say how long it takes: %q", w.Lines)
			}
			if offers := slices.ContainsFunc(w.Choices, func(c i18n.Choice) bool { return c.Choice == "defer" }); offers {
				again := slices.ContainsFunc(w.Lines, func(s string) bool {
					return strings.HasPrefix(s, l.Text("window.also_later", i18n.Data{"Again": ""})[:8])
				})
				if !again || strings.Contains(strings.Join(w.Lines, " "), l.Text("window.final", i18n.Data{"Until": ""})[:20]) {
					t.Fatalf("it offers later and says %q", w.Lines)
				}
			}
		})
	}
}

// The titles and choices are those of the product's description, word for word.
func TestWordsAsDescribed(t *testing.T) {
	two := prompt(func(p *apitypes.Prompt) {
		p.Programs = append(p.Programs, apitypes.Program{Name: "vim", OwnerIsYou: true})
	})
	for lang, want := range map[string][]string{
		"en": {"Firefox update – please close these programs", "Later (not before tomorrow)", "I've closed them", "Close and update"},
		"de": {"Firefox aktualisieren – bitte Programme schließen", "Später (frühestens morgen wieder)", "Schon geschlossen", "Schließen und aktualisieren"},
	} {
		w := texts(t, lang).Window(two, now)
		got := []string{w.Title, w.Choices[0].Label, w.Choices[1].Label, w.Choices[2].Label}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
}

// A window may come to be about several products.
func TestSeveralMembers(t *testing.T) {
	p := prompt(func(p *apitypes.Prompt) {
		p.Members = append(p.Members, apitypes.Member{Name: "Thunderbird", Action: "update", Version: "9", Installed: true})
		p.Programs = append(p.Programs, apitypes.Program{Name: "thunderbird", OwnerIsYou: true})
	})
	w := texts(t, "en").Window(p, now)
	if w.Title != "Firefox, Thunderbird update – please close these programs" || strings.Contains(w.Intro, "version") || w.Programs[1] != "Thunderbird" {
		t.Errorf("%+v", w)
	}
	p.Members[1].Action = "uninstall"
	if w = texts(t, "en").Window(p, now); !strings.HasPrefix(w.Title, "Firefox, Thunderbird maintenance") {
		t.Errorf("%+v", w)
	}
	p.Members = nil
	if w = texts(t, "en").Window(p, now); !strings.Contains(w.Title, "a program without a name") {
		t.Errorf("%+v", w)
	}
}

func TestLeftRoughly(t *testing.T) {
	for d, want := range map[time.Duration]string{
		15 * time.Minute: "Noch etwa 15 Minuten", 2 * time.Minute: "Noch etwa 2 Minuten", 119 * time.Second: "Noch 1:59", 3 * time.Hour: "Noch etwa 3 Stunden", -time.Second: "Die Zeit ist um.",
	} {
		if got := texts(t, "de").LeftRoughly(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}
