// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"pgregory.net/rapid"
)

// sayers are the layers that somebody fills, weakest first.
func sayers() []Origin { return []Origin{Metadata, Config, Server, Depot, Client, Product} }

// good gives values of a key as a file holds them; each differs from the next
// and from the built-in one where the key has so many.
func good(k Key, n int) any {
	switch k.Kind {
	case Flag:
		return n%2 == 1
	case Word:
		return k.Words[(n+1)%len(k.Words)]
	case Count:
		return k.Least + 11 + int64(n)
	case Date:
		return []string{"2026-12-01", "2026-12-02 18:00", "2026-12-03T18:00", "2026-12-04T18:00:00+01:00", "2026-12-05", "2026-12-06T00:00:00Z"}[n]
	}
	return []string{"11m", "12m", "2d13h", "14d", "15500ms", "100s"}[n]
}

// bad gives values that a key does not take, of several wrong types.
func bad(k Key, n int) any {
	wrong := []any{nil, 1.5, []any{"kill"}, map[string]any{"a": int64(1)}, "recheck", int64(-1)}
	return wrong[n]
}

// TestEveryKeyFromEveryLayer: wherever a key is said, its origin and place are
// shown; a bad value is reported with its place, and the next weaker one counts.
func TestEveryKeyFromEveryLayer(t *testing.T) {
	for i, k := range Keys() {
		for n, o := range sayers() {
			at := string(o) + ".toml:7"
			alone := NewLayer(o)
			alone.Set(k.Name, good(k, n), at)
			p, warnings := Resolve(alone)
			want, err := k.Parse(good(k, n))
			if err != nil {
				t.Fatal(err)
			}
			if k.Of(p) != want || p.Origin[k.Name] != string(o) || warnings != nil {
				t.Errorf("%s, alone in %s: %v from %s, %v", k.Name, o, k.Of(p), p.Origin[k.Name], warnings)
			}
			if w := Explain(alone)[i].Winner(); w.Place != at || w.Origin != o || w.Value != want {
				t.Errorf("%s, alone in %s: %+v", k.Name, o, w)
			}

			var layers []Layer
			for m, weaker := range sayers()[:n] {
				l := NewLayer(weaker)
				l.Set(k.Name, good(k, m), string(weaker)+".toml:7")
				layers = append(layers, l)
			}
			spoilt := NewLayer(o)
			spoilt.Set(k.Name, bad(k, n), at)
			layers = append(layers, spoilt)
			wantOrigin, wantAt, want := BuiltIn, "", k.BuiltIn()
			if n > 0 {
				wantOrigin = sayers()[n-1]
				wantAt = string(wantOrigin) + ".toml:7"
				want, _ = k.Parse(good(k, n-1))
			}
			p, warnings = Resolve(layers...)
			if k.Of(p) != want || p.Origin[k.Name] != string(wantOrigin) {
				t.Errorf("%s, bad in %s: %v from %s, want %v from %s", k.Name, o, k.Of(p), p.Origin[k.Name], want, wantOrigin)
			}
			if len(warnings) != 1 || warnings[0].At != at || warnings[0].Origin != o || warnings[0].Key != k.Name ||
				!strings.HasPrefix(warnings[0].Text, "must be "+k.Allowed()+", is ") {
				t.Errorf("%s, bad in %s: %v", k.Name, o, warnings)
			}
			d := Explain(layers...)[i]
			if len(d.Said) != n+2 || d.Counts != 1 || d.Said[0].Place != at || d.Said[0].Bad == "" || d.Winner().Place != wantAt || len(d.Passed()) != 1 {
				t.Errorf("%s, bad in %s: %+v", k.Name, o, d)
			}
		}
	}
}

func TestAllLayersBad(t *testing.T) {
	for i, k := range Keys() {
		var layers []Layer
		for n, o := range sayers() {
			l := NewLayer(o)
			l.Set(k.Name, bad(k, n), string(o)+":1")
			layers = append(layers, l)
		}
		p, warnings := Resolve(layers...)
		if k.Of(p) != k.BuiltIn() || p.Origin[k.Name] != "built-in" || len(warnings) != len(sayers()) {
			t.Errorf("%s: %v from %s, %v", k.Name, k.Of(p), p.Origin[k.Name], warnings)
		}
		if d := Explain(layers...)[i]; d.Counts != len(sayers()) || d.Winner().Origin != BuiltIn {
			t.Errorf("%+v", d)
		}
	}
}

// TestOneLayerOfTwoPlaces: a package and the site's file above it are one layer,
// and a bad value of the second leads back to the first.
func TestOneLayerOfTwoPlaces(t *testing.T) {
	l := NewLayer(Metadata)
	l.Set("max_defer", int64(2), "package:1")
	l.Set("MAXDEFER", "many", "overlay:1")
	p, warnings := Resolve(l)
	if p.MaxDefer != 2 || len(warnings) != 1 || warnings[0].At != "overlay:1" {
		t.Errorf("%d, %v", p.MaxDefer, warnings)
	}
	l.Set("max_defer", int64(3), "overlay:2")
	i := slices.IndexFunc(Keys(), func(k Key) bool { return k.Name == "max_defer" })
	d := Explain(l)[i]
	if d.Value != 3 || len(d.Said) != 4 || d.Said[1].Spelled != "MAXDEFER" || d.Said[1].Written != `"many"` {
		t.Errorf("%+v", d)
	}
}

// TestExplainIsResolve: both say the same of any layers.
func TestExplainIsResolve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var layers []Layer
		for _, o := range sayers() {
			l := NewLayer(o)
			for _, k := range rapid.SliceOfN(rapid.SampledFrom(Keys()), 0, 12).Draw(t, "keys") {
				l.Set(k.Name, rapid.OneOf(anyValue(), rapid.Just(good(k, 1))).Draw(t, k.Name), "f:1")
			}
			layers = append(layers, l)
		}
		p, _ := Resolve(layers...)
		for _, d := range Explain(layers...) {
			if d.Value != d.Key.Of(p) || string(d.Winner().Origin) != p.Origin[d.Key.Name] || d.Winner().Bad != "" {
				t.Fatalf("%+v", d)
			}
			for _, o := range d.Passed() {
				if o.Bad == "" {
					t.Fatalf("a valid value is passed over: %+v", d)
				}
			}
			if back, err := d.Key.Parse(asWritten(d)); err != nil || back != d.Value {
				t.Fatalf("%s is written %s and read as %v, %v", d.Key.Name, Write(d.Value), back, err)
			}
		}
	})
}

// asWritten is the value of a decision as a file would hold it.
func asWritten(d Decision) any {
	switch v := d.Value.(type) {
	case bool:
		return v
	case int:
		return int64(v)
	}
	return Write(d.Value)
}

// TestTheTableIsWhole: what people are told of each key and layer is there.
func TestTheTableIsWhole(t *testing.T) {
	for _, k := range Keys() {
		if _, err := k.Parse(asWritten(Decision{Key: k, Value: k.BuiltIn()})); err != nil {
			t.Errorf("%s: the built-in value is not valid: %v", k.Name, err)
		}
		if k.Meaning == "" || strings.HasSuffix(k.Meaning, ".") || strings.Contains(k.Meaning, "\n") {
			t.Errorf("%s: meaning %q", k.Name, k.Meaning)
		}
		if k.Kind == Word && k.Words[0] != k.BuiltIn() {
			t.Errorf("%s: the first word is %s, the built-in %v", k.Name, k.Words[0], k.BuiltIn())
		}
		for _, spelling := range []string{k.Name, strings.ToUpper(k.Name), k.First, strings.ToLower(k.First)} {
			if spelling != "" && Canonical(spelling) != k.Name {
				t.Errorf("%s is read as %s, want %s", spelling, Canonical(spelling), k.Name)
			}
		}
	}
	var got []Origin
	for _, l := range Layers() {
		got = append(got, l.Origin)
	}
	if !slices.Equal(got, append([]Origin{BuiltIn}, sayers()...)) {
		t.Errorf("layers %v", got)
	}
	for _, name := range Planned() {
		if err := Known(name); err == nil || !strings.Contains(err.Error(), "does not know") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestClashes(t *testing.T) {
	if c := ClashesOf(events.DefaultPolicy()); c != nil {
		t.Errorf("the built-in policy clashes: %+v", c)
	}
	seen := map[string]bool{}
	for _, c := range []struct {
		pairs []any
		want  string
	}{
		{[]any{"dialog_timeout", int64(0)}, ""},
		{[]any{"dialog_timeout", int64(0), "default_action", "kill", "max_defer", int64(0), "alone_action", "kill", "close_grace", "0s"},
			"never-asked-default never-asked-limit never-asked-alone"},
		{[]any{"max_defer", int64(0)}, "first-is-last"},
		{[]any{"dialog_timeout", "25h", "final_notice", "0s"}, "question-blocks"},
		{[]any{"defer_interval", "30s", "prompt_interval", "30s", "final_notice", "1m"}, "question-blocks notice-blocks asks-at-once"},
		{[]any{"final_notice", "24h"}, ""},
		{[]any{"final_notice", "2d"}, "notice-blocks"},
		{[]any{"final_notice", "59s"}, "notice-shorter"},
		{[]any{"prompt_interval", "25h"}, "rests-longer"},
		{[]any{"defer_interval", "0s"}, "question-blocks notice-blocks rests-longer"},
		{[]any{"max_recheck", int64(0)}, ""},
		{[]any{"max_recheck", int64(0), "max_recheck_action", "kill"}, "never-rechecked"},
		{[]any{"max_unanswered", int64(0)}, ""},
		{[]any{"max_unanswered", int64(1), "unanswered_action", "fail"}, "fails-unseen"},
		{[]any{"max_unanswered", int64(2), "unanswered_action", "fail"}, ""},
		{[]any{"close_grace", int64(0)}, "no-grace"},
	} {
		p, warnings := Resolve(layer(Config, c.pairs...))
		if warnings != nil {
			t.Errorf("%v: %v", c.pairs, warnings)
		}
		var got []string
		for _, x := range ClashesOf(p) {
			got = append(got, x.Code)
			seen[x.Code] = true
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%v: %v, want %s", c.pairs, got, c.want)
		}
	}
	for _, c := range Clashes() {
		if !seen[c.Code] {
			t.Errorf("%s was never found", c.Code)
		}
		for _, name := range c.Keys {
			if _, ok := Lookup(name); !ok {
				t.Errorf("%s is about %s, which is no key", c.Code, name)
			}
		}
	}
}
