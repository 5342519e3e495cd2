// SPDX-License-Identifier: Apache-2.0

package i18n_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

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

func prompt(change func(*apitypes.Prompt)) apitypes.Prompt {
	p := apitypes.Prompt{
		Members:  []apitypes.Member{{Name: "Firefox", Action: "setup", Version: "128.0.3-2", Installed: true}},
		Programs: []apitypes.Program{{Name: "firefox.exe", Count: 9, OwnerIsYou: true}},
		Choices:  []string{"defer", "recheck", "kill"}, Default: "defer",
		Deadline: now.Add(time.Minute), Opened: now, Since: now, DefersUsed: 1, DefersMax: 5, AskAgain: 86400,
	}
	if change != nil {
		change(&p)
	}
	return p
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
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
}

func TestWindowsGolden(t *testing.T) {
	cases := []struct {
		name   string
		change func(*apitypes.Prompt)
	}{
		{"a first question", nil},
		{"the last later, two programs, asker and contact", func(p *apitypes.Prompt) {
			p.DefersUsed, p.AskAgain, p.Asker, p.Contact = 4, 3600, "The IT service of the school", "phone 1234"
			p.Programs = append(p.Programs, apitypes.Program{Name: "thunderbird", Count: 1})
		}},
		{"the announced last one", func(p *apitypes.Prompt) {
			p.Final, p.Choices, p.Default, p.DefersUsed = true, []string{"recheck", "kill"}, "kill", 5
			p.Opened, p.Deadline, p.Since = now.Add(-2*time.Minute), now.Add(13*time.Minute), now.Add(-5*24*time.Hour)
		}},
		{"the announced last one that closes nothing", func(p *apitypes.Prompt) {
			p.Final, p.Choices, p.Default, p.DefersUsed = true, []string{"recheck", "kill"}, "defer", 1
			p.Since = now.Add(-24 * time.Hour)
		}},
		{"a first installation", func(p *apitypes.Prompt) { p.Members[0].Installed = false }},
		{"a first installation, the first window is the last one, two programs, no version", func(p *apitypes.Prompt) {
			p.Members[0].Installed, p.Members[0].Version, p.Final, p.Choices, p.Default, p.DefersUsed = false, "", true, []string{"recheck", "kill"}, "kill", 0
			p.Programs = append(p.Programs, apitypes.Program{Name: "thunderbird", Count: 1, OwnerIsYou: true})
		}},
		{"a first installation that is given up", func(p *apitypes.Prompt) { p.Members[0].Installed, p.Default = false, "fail" }},
		{"an update of what was not known to be there", func(p *apitypes.Prompt) { p.Members[0].Action, p.Members[0].Installed = "update", false }},
		{"the last one, put off once, asked for two weeks", func(p *apitypes.Prompt) {
			p.Final, p.Choices, p.Default, p.Since = true, []string{"recheck", "kill"}, "fail", now.Add(-14*24*time.Hour)
		}},
		{"an uninstall", func(p *apitypes.Prompt) { p.Members[0].Action, p.Default = "uninstall", "kill" }},
		{"custom, given up, without version, over midnight", func(p *apitypes.Prompt) {
			p.Members[0].Action, p.Default, p.Members[0].Version, p.Deadline, p.AskAgain = "custom", "fail", "", now.Add(10*time.Hour), 3*86400
		}},
		{"looks again, no program known, in two weeks", func(p *apitypes.Prompt) {
			p.Default, p.Programs, p.AskAgain = "recheck", nil, 14*86400
		}},
	}
	for _, lang := range i18n.Languages() {
		var b strings.Builder
		for _, c := range cases {
			w := texts(t, lang).Window(prompt(c.change), now)
			b.WriteString("== " + c.name + "\n" + w.Title + "\n" + w.Intro + "\n")
			for _, p := range w.Programs {
				b.WriteString("  * " + p + "\n")
			}
			b.WriteString(strings.Join(w.Lines, "\n") + "\n")
			for _, c := range w.Choices {
				mark := " "
				if c.Highlighted {
					mark = ">"
				}
				b.WriteString(mark + "[" + c.Key + "] " + c.Label + "\n")
			}
			b.WriteString("\n")
		}
		golden(t, "windows."+lang+".txt", b.String())
	}
}

// signs are what the sentence about the end without an answer is recognised by.
var signs = map[string]map[string]*regexp.Regexp{
	"en": {
		"kill":    regexp.MustCompile(`^Without an answer by .* is closed and `),
		"defer":   regexp.MustCompile(`^Without an answer by .*( is put off, as with “Later”|nothing is closed, and you are asked again)`),
		"recheck": regexp.MustCompile(`^Without an answer by .* it is checked again`),
		"fail":    regexp.MustCompile(`^Without an answer by .* is given up`),
	},
	"de": {
		"kill":    regexp.MustCompile(`^Ohne Antwort bis .* wird das oben Genannte geschlossen`),
		"defer":   regexp.MustCompile(`^Ohne Antwort bis .*( verschoben, wie bei „Später“|wird nichts geschlossen, und Sie werden frühestens)`),
		"recheck": regexp.MustCompile(`^Ohne Antwort bis .* wird noch einmal nachgesehen`),
		"fail":    regexp.MustCompile(`^Ohne Antwort bis .* aufgegeben`),
	},
}

func anyPrompt(t *rapid.T) apitypes.Prompt {
	word := rapid.StringMatching(`[A-Za-zÄß]{1,12}( [A-Z0-9.]{1,6})?`)
	foreign := rapid.OneOf(word, rapid.String())
	p := apitypes.Prompt{
		Members: []apitypes.Member{{
			Name:      foreign.Draw(t, "name"),
			Action:    rapid.SampledFrom([]string{"setup", "update", "uninstall", "always", "once", "custom", "new"}).Draw(t, "action"),
			Installed: rapid.Bool().Draw(t, "installed"),
			Version:   rapid.OneOf(rapid.Just(""), foreign).Draw(t, "version"),
		}},
		Choices:     rapid.Permutation([]string{"defer", "recheck", "kill"}).Draw(t, "choices")[:rapid.IntRange(1, 3).Draw(t, "n")],
		Default:     rapid.SampledFrom([]string{"defer", "recheck", "kill", "fail"}).Draw(t, "default"),
		Deadline:    now.Add(time.Duration(rapid.Int64Range(0, 1e6).Draw(t, "left")) * time.Second),
		Opened:      now.Add(-time.Duration(rapid.Int64Range(0, 1e6).Draw(t, "ago")) * time.Second),
		Since:       now.Add(-time.Duration(rapid.Int64Range(0, 1e7).Draw(t, "since")) * time.Second),
		Final:       rapid.Bool().Draw(t, "final"),
		DefersUsed:  rapid.IntRange(0, 9).Draw(t, "used"),
		DefersMax:   rapid.IntRange(0, 9).Draw(t, "max"),
		AskAgain:    apitypes.Seconds(rapid.IntRange(0, 1e6).Draw(t, "again")),
		Asker:       rapid.OneOf(rapid.Just(""), foreign).Draw(t, "asker"),
		Contact:     rapid.OneOf(rapid.Just(""), foreign).Draw(t, "contact"),
		RemainingMS: rapid.Int64Range(0, 1e9).Draw(t, "remaining"),
	}
	for range rapid.IntRange(0, 5).Draw(t, "programs") {
		p.Programs = append(p.Programs, apitypes.Program{Name: foreign.Draw(t, "program"), Count: 1, OwnerIsYou: rapid.Bool().Draw(t, "own")})
	}
	return p
}

// What is highlighted, what the text announces and Default are the same thing;
// an announced last window never offers later; keys are distinct and in their
// labels; nothing on the screen can move a cursor.
func TestWindowsTellTheTruth(t *testing.T) {
	for _, lang := range i18n.Languages() {
		l := texts(t, lang)
		t.Run(lang, rapid.MakeCheck(func(t *rapid.T) {
			p := anyPrompt(t)
			w := l.Window(p, now)
			said := ""
			for _, line := range w.Lines {
				for choice, sign := range signs[lang] {
					if sign.MatchString(line) {
						said += choice
					}
				}
			}
			if said != p.Default {
				t.Fatalf("the text announces %q, the end does %q: %q", said, p.Default, w.Lines)
			}
			offered := map[string]bool{}
			keys := map[string]bool{}
			for _, c := range w.Choices {
				offered[c.Choice] = true
				if c.Highlighted != (c.Choice == p.Default) {
					t.Fatalf("%s is highlighted: %v, the end does %s", c.Choice, c.Highlighted, p.Default)
				}
				if keys[c.Key] || !strings.Contains(strings.ToLower(c.Label), c.Key) || len(c.Key) != 1 {
					t.Fatalf("the key %q does not fit the choices %v", c.Key, w.Choices)
				}
				keys[c.Key] = true
			}
			for _, c := range p.Choices {
				if offered[c] == (p.Final && c == "defer") {
					t.Fatalf("%s is offered: %v; last one: %v", c, offered[c], p.Final)
				}
			}
			all := slices.Concat([]string{w.Title, w.Intro}, w.Programs, w.Lines)
			for _, c := range w.Choices {
				all = append(all, c.Label)
			}
			for _, s := range all {
				if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }) {
					t.Fatalf("%q could move a cursor", s)
				}
				if strings.Contains(s, "{{.") && !strings.Contains(fmt.Sprint(p), "{{") || strings.Contains(s, "<no value>") {
					t.Fatalf("%q was not filled in", s)
				}
			}
			if len(w.Programs) == 0 {
				t.Fatal("no program is named")
			}
			if p.Final {
				since, until := l.Since(p.Since, now), l.When(p.Deadline, now)
				if !slices.ContainsFunc(w.Lines, func(s string) bool { return strings.Contains(s, since) && strings.Contains(s, until) }) {
					t.Fatalf("the last one does not say since %s until %s: %q", since, until, w.Lines)
				}
			}
		}))
	}
}

// does is what the texts of a window say is done.
var does = map[string]map[string]*regexp.Regexp{
	"en": {
		"install": regexp.MustCompile(`(?i)install`),
		"update":  regexp.MustCompile(`(?i)update`),
		"remove":  regexp.MustCompile(`(?i)remov`),
		"other":   regexp.MustCompile(`(?i)maintenance|close and go on`),
	},
	"de": {
		"install": regexp.MustCompile(`(?i)install`),
		"update":  regexp.MustCompile(`(?i)aktualisier`),
		"remove":  regexp.MustCompile(`(?i)entfern`),
		"other":   regexp.MustCompile(`(?i)wartung|schließen und fortfahren`),
	},
}

// Title, intro, the choice that closes and the sentence about the end speak of
// the same thing, and of nothing else: a setup is an update only of what is there.
func TestWindowsSayWhatIsDone(t *testing.T) {
	for _, lang := range i18n.Languages() {
		l := texts(t, lang)
		for i := range 7 * 4 * 2 * 2 * 2 { // every combination
			pick := func(from ...string) string {
				s := from[i%len(from)]
				i /= len(from)
				return s
			}
			p := prompt(nil)
			p.Members[0].Name, p.Programs = "X", nil // their words are not ours
			p.Members[0].Action = pick("setup", "update", "uninstall", "always", "once", "custom", "new")
			p.Default = pick("defer", "recheck", "kill", "fail")
			p.Members[0].Version = pick("", "1.2-3")
			p.Final, p.Members[0].Installed = pick("", "final") != "", pick("", "installed") != ""
			want := "other"
			switch {
			case p.Members[0].Action == "setup" && !p.Members[0].Installed:
				want = "install"
			case p.Members[0].Action == "setup", p.Members[0].Action == "update":
				want = "update"
			case p.Members[0].Action == "uninstall":
				want = "remove"
			}
			w := l.Window(p, now)
			must := []string{w.Title, w.Intro, w.Choices[len(w.Choices)-1].Label}
			if p.Default == "kill" || p.Default == "fail" {
				must = append(must, w.Lines[0])
			}
			for _, s := range must {
				if !does[lang][want].MatchString(s) {
					t.Errorf("%s, installed %v: %q does not speak of %s", p.Members[0].Action, p.Members[0].Installed, s, want)
				}
			}
			for _, s := range append(must, w.Lines...) {
				for what, re := range does[lang] {
					if what != want && re.MatchString(s) {
						t.Errorf("%s, installed %v: %q speaks of %s", p.Members[0].Action, p.Members[0].Installed, s, what)
					}
				}
			}
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"Firefox":                        "Firefox",
		"a\tb\r\n  c":                    "a b c",
		"\x1b[31mred\x1b[0m":             "[31mred [0m",
		"\u009b31mC1":                    "31mC1",
		"safe\u202etxt.exe":              "safetxt.exe",
		"zero\u200bwidth\ufeff":          "zerowidth",
		"bad\xff\xfeutf8":                "badutf8",
		"  trim  ":                       "trim",
		"Übergrößenträger":               "Übergröß…",
		"\u0301\u0301":                   "",
		"Größe 日本":                       "Größe 日本",
		"\U000E0041\U000E0042tag":        "tag",
		"12345678":                       "12345678",
		"12345678 ":                      "12345678",
		"1234567 9":                      "1234567…",
		"123456 8":                       "123456 8",
		strings.Repeat("\x00", 1e5) + "": "",
	} {
		limit := 40
		if strings.HasPrefix(in, "Ü") || strings.HasPrefix(in, "123") {
			limit = 8
		}
		if got := i18n.Clean(in, limit); got != want {
			t.Errorf("Clean(%q, %d) = %q, want %q", in, limit, got, want)
		}
	}
}
