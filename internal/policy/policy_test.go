// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/quietsetup/quietsetup/events"
	"pgregory.net/rapid"
)

// layer makes a layer of key, value pairs; each stands in a line of its own.
func layer(o Origin, pairs ...any) Layer {
	l := NewLayer(o)
	for i := 0; i < len(pairs); i += 2 {
		l.Set(pairs[i].(string), pairs[i+1], string(o)+".toml:"+string(rune('1'+i/2)))
	}
	return l
}

func TestBuiltInIsTheDesign(t *testing.T) {
	p, warnings := Resolve()
	if warnings != nil {
		t.Errorf("warnings without a layer: %v", warnings)
	}
	want := map[string]string{
		"active": "true", "default_action": "defer", "dialog_timeout": "60s", "max_recheck": "3", "max_recheck_action": "defer",
		"max_defer": "5", "max_defer_action": "kill", "defer_interval": "24h", "prompt_interval": "1h", "final_notice": "15m",
		"max_unanswered": "20", "unanswered_action": "defer", "without_metadata": "wait", "alone_action": "wait", "close_grace": "30s",
		"urgent": "false", "deadline": "", "installer_timeout": "3h", "max_attempts": "3", "reboot_gate": "dependants",
	}
	if len(Keys()) != len(want) {
		t.Errorf("%d keys, want %d", len(Keys()), len(want))
	}
	for _, k := range Keys() {
		if got := Write(k.Of(p)); got != want[k.Name] || p.Origin[k.Name] != string(BuiltIn) {
			t.Errorf("%s is %s from %s, want %s from built-in", k.Name, got, p.Origin[k.Name], want[k.Name])
		}
	}
}

func TestStrongestValidLayerCounts(t *testing.T) {
	p, warnings := Resolve(
		layer(Metadata, "max_defer", int64(1), "dialog_timeout", "2m", "close_grace", "5s", "max_recheck", int64(7)),
		layer(Config, "max_defer", int64(2), "dialog_timeout", "soon", "default_action", "fail"),
		Layer{},
		layer(Product, "max_defer", int64(3), "default_action", "recheck", "max_recheck", int64(-1), "blackout", "22:00-06:00", "max_defers", int64(9)),
	)
	for name, want := range map[string][2]string{
		"max_defer":      {"3", "product"},
		"dialog_timeout": {"2m", "metadata"},
		"close_grace":    {"5s", "metadata"},
		"default_action": {"fail", "config"},
		"max_recheck":    {"7", "metadata"},
		"final_notice":   {"15m", "built-in"},
	} {
		k, _ := Lookup(name)
		if got := Write(k.Of(p)); got != want[0] || p.Origin[name] != want[1] {
			t.Errorf("%s is %s from %s, want %s from %s", name, got, p.Origin[name], want[0], want[1])
		}
	}
	var got []string
	for _, w := range warnings {
		got = append(got, w.String())
	}
	want := []string{
		`product.toml:4: "blackout" (product): this version does not know blackout yet; ignored`,
		`product.toml:2: default_action (product): must be defer or kill or fail, is "recheck"; ignored`,
		`config.toml:2: dialog_timeout (config): must be a time like "90s", "24h" or "14d" or whole seconds, at most 10 years, is "soon"; ignored`,
		`product.toml:5: "max_defers" (product): "max_defers" is not a policy key (did you mean max_defer?); ignored`,
		`product.toml:3: max_recheck (product): must be a whole number from 0 to 1000, is -1; ignored`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("warnings:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestFirstSpellings(t *testing.T) {
	p, warnings := Resolve(layer(Config, "TIMEOUT_ACTION", "kill", "DIALOG_TIMEOUT", int64(0), "MAXRECHECK", int64(4), "MAXRECHECK_ACTION", "fail",
		"MAXDEFER", int64(6), "MAXDEFER_ACTION", "defer"))
	want := events.DefaultPolicy()
	want.DefaultAction, want.DialogTimeout, want.MaxRecheck, want.RecheckAction, want.MaxDefer, want.DeferAction =
		events.ChoiceKill, 0, 4, events.ChoiceFail, 6, events.ChoiceDefer
	if warnings != nil {
		t.Errorf("warnings: %v", warnings)
	}
	for _, k := range Keys() {
		if k.Of(p) != k.Of(want) {
			t.Errorf("%s is %v, want %v", k.Name, k.Of(p), k.Of(want))
		}
	}
	if p.Origin["max_defer"] != "config" || len(p.Origin) != len(Keys()) {
		t.Errorf("origins are %v", p.Origin)
	}
}

func TestSpans(t *testing.T) {
	for raw, want := range map[any]events.Span{
		"90s": 90 * events.Second, "200ms": 200, "24h": events.Day, "14d": 14 * events.Day, "1d12h": 36 * events.Hour, "0s": 0, "0": 0, "0d": 0,
		int64(0): 0, int64(60): events.Minute, "1h30m": 90 * events.Minute, "3650d": MaxSpan, int64(315360000): MaxSpan, "1.5s": 1500,
	} {
		if got, err := ParseSpan(raw); err != nil || got != want {
			t.Errorf("%v: %d, %v; want %d", raw, got, err, want)
		}
		if got, err := ParseSpan(WriteSpan(want)); err != nil || got != want {
			t.Errorf("%d is written %s", want, WriteSpan(want))
		}
	}
	for _, raw := range []any{"", "soon", "90", "-1s", "+1s", "1us", "1ns", "1.5ms", "3651d", "3650d1ms", "87601h", int64(-1), int64(315360001), int64(1) << 62,
		"99999999999999999999d", "1d-1h", "d", "-1d", "1d1d", "1w", "1e3s", 1.5, true, nil, []any{"1s"}, strings.Repeat("9", 10000) + "s"} {
		if got, err := ParseSpan(raw); err == nil {
			t.Errorf("%.20v is accepted as %d", raw, got)
		} else if len(err.Error()) > 250 {
			t.Errorf("the error has %d bytes", len(err.Error()))
		}
	}
}

func TestCheckFindsWhatResolveNeverGives(t *testing.T) {
	for name, spoil := range map[string]func(*events.Policy){
		"default_action":    func(p *events.Policy) { p.DefaultAction = events.ChoiceRecheck },
		"unanswered_action": func(p *events.Policy) { p.Unanswered = events.ChoiceKill },
		"max_attempts":      func(p *events.Policy) { p.MaxAttempts = 0 },
		"max_defer":         func(p *events.Policy) { p.MaxDefer = 1001 },
		"final_notice":      func(p *events.Policy) { p.FinalNotice = -1 },
		"reboot_gate":       func(p *events.Policy) { p.RebootGate = "" },
	} {
		p := events.DefaultPolicy()
		spoil(&p)
		if err := Check(p); err == nil || !strings.Contains(err.Error(), name+":") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// anyValue draws what a file or a server may hold, right or wrong.
func anyValue() *rapid.Generator[any] {
	return rapid.OneOf(
		rapid.Bool().AsAny(),
		rapid.Int64().AsAny(),
		rapid.Int64Range(-2, 1002).AsAny(),
		rapid.Float64().AsAny(),
		rapid.SampledFrom([]string{"defer", "kill", "fail", "recheck", "wait", "install", "all", "dependants", "90s", "0s", "14d", "1us", "99999d", ""}).AsAny(),
		rapid.String().AsAny(),
		rapid.SampledFrom([]any{nil, []any{"x"}, map[string]any{"a": int64(1)}}),
	)
}

func TestEveryResolvedPolicyIsValid(t *testing.T) {
	var names []string
	for _, k := range Keys() {
		names = append(names, k.Name)
	}
	names = append(names, "TIMEOUT_ACTION", "MAXDEFER", "deadline", "nonsense")
	rapid.Check(t, func(t *rapid.T) {
		var layers []Layer
		for _, o := range []Origin{Metadata, Config, Server, Depot, Client, Product} {
			l := NewLayer(o)
			for _, k := range rapid.SliceOfN(rapid.SampledFrom(names), 0, 12).Draw(t, "keys") {
				l.Set(k, anyValue().Draw(t, k), "f:1")
			}
			layers = append(layers, l)
		}
		p, warnings := Resolve(layers...)
		if err := Check(p); err != nil {
			t.Fatalf("not valid: %v", err)
		}
		for _, k := range Keys() {
			said := p.Origin[k.Name]
			if said == "" {
				t.Fatalf("%s has no origin", k.Name)
			}
			// What counts is the strongest layer with a value that nobody warned of.
			want := string(BuiltIn)
			for _, l := range layers {
				warned := 0
				for _, w := range warnings {
					if w.Key == k.Name && w.Origin == l.Origin {
						warned++
					}
				}
				if warned < len(l.values[k.Name]) {
					want = string(l.Origin)
				}
			}
			if said != want {
				t.Fatalf("%s comes from %s, want %s", k.Name, said, want)
			}
		}
	})
}

func FuzzResolve(f *testing.F) {
	f.Add("max_defer", "5", int64(5))
	f.Add("dialog_timeout", "1d12h", int64(-1))
	f.Fuzz(func(t *testing.T, name, text string, n int64) {
		p, warnings := Resolve(layer(Config, name, text), layer(Product, name, n))
		if err := Check(p); err != nil {
			t.Errorf("not valid: %v", err)
		}
		for _, w := range warnings {
			if s := w.String(); len(s) > 1000 || strings.ContainsAny(s, "\n\x1b") {
				t.Errorf("not one short line: %q", s)
			}
		}
	})
}

// FuzzSpan: a length of time that is read is within its bounds, and what is
// written of it is read back as the same.
func FuzzSpan(f *testing.F) {
	for _, s := range []string{"90s", "1d12h", "3650d", "3650d1ms", "1us", "-1s", "9e9h", "0", "1.5h", "99999d", "µs", "1h1h", "1d1d"} {
		f.Add(s, int64(len(s)))
	}
	f.Add("", int64(-1)<<63)
	f.Fuzz(func(t *testing.T, text string, n int64) {
		for _, raw := range []any{text, n} {
			s, err := ParseSpan(raw)
			if err != nil {
				if e := err.Error(); len(e) > 500 || strings.ContainsAny(e, "\n\r\x1b\u202e") {
					t.Errorf("not one short line: %q", e)
				}
				continue
			}
			if s < 0 || s > MaxSpan {
				t.Errorf("%v is %d", raw, s)
			}
			if back, err := ParseSpan(WriteSpan(s)); err != nil || back != s {
				t.Errorf("%v is written as %q, which is %v, %v", raw, WriteSpan(s), back, err)
			}
		}
	})
}
