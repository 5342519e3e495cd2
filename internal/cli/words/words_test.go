// SPDX-License-Identifier: Apache-2.0

package words

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/configcheck"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/metadata/lint"
	"github.com/quietsetup/quietsetup/internal/policy"
)

// keys reads one language's file.
func keys(t *testing.T, lang string) map[string]string {
	t.Helper()
	text, err := os.ReadFile("active." + lang + ".toml")
	if err != nil {
		t.Fatal(err)
	}
	var groups map[string]map[string]string
	if err := toml.Unmarshal(text, &groups); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for g, ks := range groups {
		for k, v := range ks {
			out[g+"."+k] = v
		}
	}
	return out
}

// dynamic are groups whose keys are words of the core: they are not written out in the source.
func dynamic(key string) bool {
	group, _, _ := strings.Cut(key, ".")
	return slices.Contains([]string{"state", "input", "event", "choice", "ended", "closed", "agreed", "meaning", "next", "origin", "allowed", "clash", "finding", "policy",
		"table", "attempt", "report", "note", "sure", "initresult", "whyinstaller", "dependencyorder", "part", "grade", "fault", "check", "health", "doctor", "mend", "doctor_windows", "mend_windows", "lint", "servercheck", "serverfound", "servermend", "agentcheck", "agentfound", "agentmend", "handover", "readystate", "would", "observed"}, group)
}

// TestBothLanguagesAreComplete wants the same keys with the same places everywhere.
func TestBothLanguagesAreComplete(t *testing.T) {
	place := regexp.MustCompile(`\.[A-Z]\w*`)
	all := map[string]map[string]string{}
	for _, lang := range i18n.Languages() {
		all[lang] = keys(t, lang)
	}
	for _, a := range i18n.Languages() {
		for key, text := range all[a] {
			if text == "" {
				t.Errorf("%s: %s is empty", a, key)
			}
			for _, b := range i18n.Languages() {
				other, ok := all[b][key]
				if !ok {
					t.Errorf("%s has %s, %s has not", a, key, b)
					continue
				}
				pa, pb := place.FindAllString(text, -1), place.FindAllString(other, -1)
				slices.Sort(pa)
				slices.Sort(pb)
				if !slices.Equal(slices.Compact(pa), slices.Compact(pb)) {
					t.Errorf("%s: places %v in %s, %v in %s", key, pa, a, pb, b)
				}
			}
		}
	}
}

// TestKeysAreUsedAndThere compares the file with the source of the command line.
func TestKeysAreUsedAndThere(t *testing.T) {
	there := keys(t, "en")
	used := map[string]bool{}
	names, err := filepath.Glob("../*.go")
	if err != nil {
		t.Fatal(err)
	}
	own, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	story, err := filepath.Glob("../../demo/*.go")
	if err != nil {
		t.Fatal(err)
	}
	own = append(own, story...)
	shape := regexp.MustCompile(`^[a-z]+\.[a-z_-]+$`)
	for _, name := range append(names, own...) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				if s, err := strconv.Unquote(l.Value); err == nil && shape.MatchString(s) {
					used[s] = true
				}
			}
			if call, ok := n.(*ast.CallExpr); ok && len(call.Args) > 0 {
				sel, ok := call.Fun.(*ast.SelectorExpr)
				if !ok || !slices.Contains([]string{"say", "Text", "Tell", "tell"}, sel.Sel.Name) {
					return true
				}
				if l, ok := call.Args[0].(*ast.BasicLit); ok {
					if key, err := strconv.Unquote(l.Value); err == nil && there[key] == "" {
						t.Errorf("%s uses %s, which has no text", name, key)
					}
				}
			}
			return true
		})
	}
	for key := range there {
		if !used[key] && !dynamic(key) && !strings.HasPrefix(key, "replay.") {
			t.Errorf("%s is not used", key)
		}
	}
}

// TestEveryEventAndInputHasWords goes through the closed lists, with the forms
// that values choose.
func TestEveryEventAndInputHasWords(t *testing.T) {
	m := events.Moment{Clock: 1, Wall: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)}
	problem := &events.Problem{Message: "broken"}
	blocked := events.Observation{Scanned: true, Complete: true, Programs: []events.Process{{Name: "editor", Class: events.ClassNamed}, {Name: "editor", Class: events.ClassNamed}}}
	clear := events.Observation{Scanned: true, Complete: true}
	inputs := append(events.Inputs(), events.Restarted{Clean: true}, events.Prepared{Problem: problem},
		events.ChecksObserved{Seen: blocked}, events.ChecksObserved{Seen: clear}, events.ChecksObserved{Seen: events.Observation{Scanned: true}},
		events.CloseObserved{Seen: blocked}, events.CloseObserved{Seen: events.Observation{Scanned: true}}, events.CloseObserved{NotTried: "locked"},
		events.InstallerEnded{Error: "x"}, events.InstallerEnded{Signal: "SIGKILL"}, events.InstallProbed{NeverStarted: true},
		events.InstallVerified{Found: events.Detection{Matches: true}}, events.ReportAnswered{Accepted: true})
	es := append(events.Events(), events.ClientRestarted{NewBoot: true}, events.PresenceChanged{Known: true},
		events.PresenceChanged{Known: true, Sessions: []events.SessionMark{{ID: "1"}}}, events.WindowOpened{Window: events.Window{Final: true, Default: events.ChoiceKill}},
		events.ProgramsChanged{Programs: blocked.Programs}, events.Deferred{Counted: true, Until: m}, events.Held{Until: m, Detail: "java"},
		events.HoldPlaced{Product: "a"}, events.HoldReleased{Product: "a"}, events.ModeChanged{Observe: true},
		events.Held{Reason: events.ReasonObserved, Detail: "notify"}, events.Held{Reason: events.ReasonObserved})
	for _, lang := range i18n.Languages() {
		w, err := New(time.UTC, lang)
		if err != nil {
			t.Fatal(err)
		}
		bad := func(s string) bool {
			return s == "" || strings.ContainsAny(s, "[]") || strings.Contains(s, "<no value>")
		}
		for _, in := range inputs {
			if s := w.Input(in); bad(s) {
				t.Errorf("%s: %s is %q", lang, events.InputName(in), s)
			}
		}
		for _, e := range es {
			if s := w.Event(e); bad(s) {
				t.Errorf("%s: %s is %q", lang, events.EventName(e), s)
			}
		}
	}
}

// TestForeignTextIsTamed: no text from outside reaches the terminal as control characters.
func TestForeignTextIsTamed(t *testing.T) {
	w, err := New(time.UTC, "en")
	if err != nil {
		t.Fatal(err)
	}
	got := w.Event(events.Held{Product: "a", Reason: events.ReasonDefect, Detail: "\x1b[2J\r\nrm -rf \u202e/"})
	if strings.ContainsAny(got, "\x1b\r\n\u202e") {
		t.Errorf("%q", got)
	}
}

// TestExplanationsHaveWords: each reason and next step that an explanation can name.
func TestExplanationsHaveWords(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "../../replay/explain.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	there := keys(t, "en")
	n := 0
	ast.Inspect(f, func(node ast.Node) bool {
		v, ok := node.(*ast.ValueSpec)
		if !ok || len(v.Values) != 1 {
			return true
		}
		l, ok := v.Values[0].(*ast.BasicLit)
		if !ok {
			return true
		}
		word, err := strconv.Unquote(l.Value)
		if err != nil {
			t.Fatal(err)
		}
		name := v.Names[0].Name
		var want []string
		switch {
		case name == "NextDefault":
			for _, c := range []string{"defer", "kill", "fail"} {
				want = append(want, "next."+word+c)
			}
		case strings.HasPrefix(name, "Next"):
			want = append(want, "next."+word)
		case strings.HasPrefix(name, "Reason"):
			want = append(want, "state."+word)
		}
		for _, key := range want {
			n++
			if there[key] == "" {
				t.Errorf("%s has no text", key)
			}
		}
		return true
	})
	if n < 20 {
		t.Errorf("found %d words only", n)
	}
}

// TestLintIsToldAsItsTableSays: every code has words, and the English ones are
// those of the documentation.
func TestLintIsToldAsItsTableSays(t *testing.T) {
	there := keys(t, "en")
	n := 0
	for key := range there {
		if strings.HasPrefix(key, "lint.") {
			n++
		}
	}
	for _, c := range lint.Codes() {
		n--
		if got := there["lint."+c.Name]; got != c.Means {
			t.Errorf("%s: %q, want %q", c.Name, got, c.Means)
		}
	}
	if n != 0 {
		t.Errorf("%d texts are about codes that there are not", n)
	}
}

// TestPolicyIsToldAsItsTableSays: every key, clash and finding has words, and the
// English ones are those of the documentation.
func TestPolicyIsToldAsItsTableSays(t *testing.T) {
	there := keys(t, "en")
	n := 0
	for key := range there {
		if strings.HasPrefix(key, "policy.") || strings.HasPrefix(key, "clash.") || strings.HasPrefix(key, "finding.") {
			n++
		}
	}
	for _, k := range append(policy.Keys(), policy.MachineKeys()...) {
		n--
		if got := there["policy."+k.Name]; got != k.Meaning {
			t.Errorf("%s: %q, want %q", k.Name, got, k.Meaning)
		}
		if there["allowed."+string(k.Kind)] == "" {
			t.Errorf("no words for what a %s may be", k.Kind)
		}
	}
	clashes := policy.Clashes()
	for _, c := range clashes {
		n--
		if got := there["clash."+c.Code]; got != c.Meaning {
			t.Errorf("%s: %q, want %q", c.Code, got, c.Meaning)
		}
	}
	codes := configcheck.Codes()
	for _, c := range codes[:len(codes)-len(clashes)] {
		n--
		if there["finding."+c.Code] == "" {
			t.Errorf("%s has no text", c.Code)
		}
	}
	if n != 0 {
		t.Errorf("%d texts too many", n)
	}
}
