// SPDX-License-Identifier: Apache-2.0

package i18n

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

// sentences reads a message file into key -> its sorted forms and places.
func sentences(t *testing.T, lang string) map[string]string {
	t.Helper()
	text, err := files.ReadFile("active." + lang + ".toml")
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := toml.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	var walk func(prefix string, m map[string]any)
	walk = func(prefix string, m map[string]any) {
		if other, ok := m["other"].(string); ok {
			out[prefix] = shape(slices.Sorted(maps.Keys(m)), other)
			for form, s := range m {
				if s == "" {
					t.Errorf("%s: %s.%s is empty", lang, prefix, form)
				}
			}
			return
		}
		for k, v := range m {
			key := strings.TrimPrefix(prefix+"."+k, ".")
			switch v := v.(type) {
			case string:
				out[key] = shape(nil, v)
				if v == "" {
					t.Errorf("%s: %s is empty", lang, key)
				}
			case map[string]any:
				walk(key, v)
			}
		}
	}
	walk("", tree)
	return out
}

var placeRE = regexp.MustCompile(`\{\{\.(\w+)\}\}`)

// shape is what must be the same in every language: forms and places.
func shape(forms []string, text string) string {
	var places []string
	for _, m := range placeRE.FindAllStringSubmatch(text, -1) {
		places = append(places, m[1])
	}
	slices.Sort(places)
	return fmt.Sprint(forms, slices.Compact(places))
}

func TestLanguagesHaveTheSameKeys(t *testing.T) {
	en := sentences(t, "en")
	for _, lang := range Languages()[1:] {
		other := sentences(t, lang)
		for key, want := range en {
			switch got, ok := other[key]; {
			case !ok:
				t.Errorf("%s: %s is missing", lang, key)
			case got != want:
				t.Errorf("%s: %s has forms and places %s, in English %s", lang, key, got, want)
			}
		}
		for key := range other {
			if _, ok := en[key]; !ok {
				t.Errorf("%s: %s is not in English", lang, key)
			}
		}
	}
}

// usedKeys finds every string in the module's Go files that looks like a key of
// one of our groups, in files that are this package's or import it.
func usedKeys(t *testing.T, groups []string) map[string][]string {
	t.Helper()
	root := filepath.Join("..", "..")
	keyRE := regexp.MustCompile(`^(` + strings.Join(groups, "|") + `)\.[a-z_.0-9]*$`)
	out := map[string][]string{}
	speaks := map[string]bool{filepath.Join(root, "internal", "i18n"): true} // folders that use texts
	eachFile(t, root, func(path string, text []byte) error {
		if strings.Contains(string(text), `"github.com/quietsetup/quietsetup/internal/i18n"`) {
			speaks[filepath.Dir(path)] = true
		}
		return nil
	})
	eachFile(t, root, func(path string, text []byte) error {
		if !speaks[filepath.Dir(path)] {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, text, 0)
		if err != nil {
			return nil // somebody is writing it just now; the compiler will tell
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				if s, err := strconv.Unquote(l.Value); err == nil && keyRE.MatchString(s) {
					out[s] = append(out[s], path)
				}
			}
			return true
		})
		return nil
	})
	return out
}

// eachFile reads every Go file of the module that is no test.
func eachFile(t *testing.T, root string, f func(path string, text []byte) error) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return f(path, text)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Keys that are put together end in a dot or a letter before a number; every
// word behind it must be there.
func TestKeysAreUsedAndThere(t *testing.T) {
	en := sentences(t, "en")
	groups := map[string]bool{}
	for key := range en {
		g, _, _ := strings.Cut(key, ".")
		groups[g] = true
	}
	used := usedKeys(t, slices.Sorted(maps.Keys(groups)))
	if len(used) < 50 {
		t.Fatalf("only %d keys are used: the search is broken", len(used))
	}
	prefixes := []string{}
	for key, where := range used {
		if strings.HasSuffix(key, ".") || key == "weekday.n" || key == "month.n" || key == "month.s" {
			prefixes = append(prefixes, key)
		}
		if _, ok := en[key]; ok {
			continue
		}
		if !slices.ContainsFunc(slices.Collect(maps.Keys(en)), func(k string) bool { return slices.Contains(prefixes, key) && strings.HasPrefix(k, key) }) {
			t.Errorf("%s is used in %v and has no text", key, where)
		}
	}
	for key := range en {
		if _, ok := used[key]; ok {
			continue
		}
		if !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(key, p) }) {
			t.Errorf("%s has a text and is not used", key)
		}
	}
}

// Every word of the core that people see has a text.
func TestCoreWordsHaveTexts(t *testing.T) {
	en := sentences(t, "en")
	count := 0
	for file, types := range map[string]map[string]string{
		"event.go":  {"Reason": "reason."},
		"things.go": {"Phase": "phase.", "Outcome": "outcome."},
	} {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", "events", file), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			id, ok := v.Type.(*ast.Ident)
			if !ok || types[id.Name] == "" {
				return true
			}
			word, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			count++
			if _, ok := en[types[id.Name]+word]; !ok {
				t.Errorf("%s%s has no text", types[id.Name], word)
			}
			return true
		})
	}
	if count < 30 {
		t.Errorf("only %d words were found: the search is broken", count)
	}
}

func TestMissingKeyShows(t *testing.T) {
	l, err := New("en")
	if err != nil {
		t.Fatal(err)
	}
	if got := l.Text("no.such_key", nil); got != "[no.such_key]" {
		t.Errorf("got %q", got)
	}
	if got := l.Reason("a\x1b[31m_new_reason"); got != "a [31m_new_reason" {
		t.Errorf("a reason of a newer daemon shows as %q", got)
	}
}

// Words that a person must not have to understand.
func TestForbiddenWords(t *testing.T) {
	bad := regexp.MustCompile(`(?i)time-?out|default|setup|\bexe\b|standardaktion|vorgabe|session|prozess|process`)
	for _, lang := range Languages() {
		text, err := files.ReadFile("active." + lang + ".toml")
		if err != nil {
			t.Fatal(err)
		}
		group := ""
		for i, line := range strings.Split(string(text), "\n") {
			if strings.HasPrefix(line, "[") {
				group = strings.Trim(line, "[]")
			}
			_, value, ok := strings.Cut(line, "=")
			switch g, _, _ := strings.Cut(group, "."); g {
			case "window", "install", "update", "remove", "maintain", "choice", "time", "agent", "desktop":
				if ok && bad.MatchString(value) {
					t.Errorf("active.%s.toml:%d: a window says %s", lang, i+1, value)
				}
			}
		}
	}
}
