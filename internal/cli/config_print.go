// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/cli/words"
	"github.com/quietsetup/quietsetup/internal/config"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/policy"
)

// printConfig prints what config show tells; warnings go to standard error.
func (a *app) printConfig(s shown, origin bool) {
	if s.config.Path == "" {
		a.say("config.no_file", i18n.Data{"File": s.file})
	} else {
		a.say("config.file", i18n.Data{"File": s.file})
	}
	if s.product == "" {
		a.printSettings(s.config.Settings())
		a.say("config.site", nil)
	} else {
		a.say("config.of", i18n.Data{"Product": s.product})
	}
	decisions := s.decisions()
	switch {
	case origin:
		a.printOpinions(decisions)
	case s.product == "":
		t := a.table("key", "value", "place")
		for _, d := range decisions {
			t.row(d.Key.Name, policy.Write(d.Value), a.placeOr(d.Winner().Place))
		}
		t.print()
	default:
		t := a.table("key", "value", "origin")
		for _, d := range decisions {
			t.row(d.Key.Name, policy.Write(d.Value), told{a.origin(string(d.Winner().Origin)), string(d.Winner().Origin)})
		}
		t.print()
	}
	if ids := s.config.Products(); s.product == "" && len(ids) > 0 {
		a.say("config.own", i18n.Data{"Products": strings.Join(ids, ", ")})
	}
	a.printFrozen(s)
	a.warnOf(s, decisions)
}

func (a *app) printSettings(settings []config.Setting) {
	t := a.table("key", "value", "place")
	for _, x := range settings {
		v := fmt.Sprint(x.Value)
		if d, ok := x.Value.(time.Duration); ok {
			v = policy.WriteSpan(events.SpanOf(d))
		}
		shown := v
		if v == "" {
			shown = a.words.Text("config.nothing", nil)
		}
		t.row(x.Key, told{shown, v}, a.placeOr(x.Place))
	}
	t.print()
}

// placeOr is where a value stands; what is built in stands nowhere.
func (a *app) placeOr(place string) told {
	if place == "" {
		return told{a.words.Text("config.built_in", nil), string(policy.BuiltIn)}
	}
	return told{place, place}
}

// printOpinions prints each key with everything that was said about it.
func (a *app) printOpinions(decisions []policy.Decision) {
	for _, d := range decisions {
		fmt.Fprintf(a.Out, "%-30s # %s\n", d.Key.Name+" = "+policy.Write(d.Value), a.words.Text("policy."+d.Key.Name, nil))
		for i, o := range d.Said {
			note := a.words.Text("config.weaker", nil)
			switch {
			case i == d.Counts:
				note = a.words.Text("config.counts", nil)
			case o.Bad != "":
				note = a.words.Text("config.bad", i18n.Data{"Allowed": allowed(a.words, d.Key)})
			}
			place := ""
			if o.Place != "" {
				place = "  " + words.Clean(o.Place)
			}
			fmt.Fprintf(a.Out, "    %-9s %-9s%s  (%s)\n", o.Origin, words.Clean(o.Written), place, note)
		}
	}
}

func (a *app) printFrozen(s shown) {
	if s.frozen == nil {
		return
	}
	a.say("config.frozen", i18n.Data{"Product": s.product, "Round": s.frozen.Round})
	for _, v := range s.frozen.Policy {
		pv := apitypes.PolicyValue{Key: v.Key, Value: v.Value, Origin: v.Origin}
		fmt.Fprintf(a.Out, "  %-20s %-11s %s\n", words.Clean(v.Key), a.value(pv), a.origin(v.Origin))
	}
}

// warnOf says on standard error what does not count, and what makes no sense.
func (a *app) warnOf(s shown, decisions []policy.Decision) {
	warn := func(key string, d i18n.Data) { fmt.Fprintln(a.Err, a.words.Text(key, d)) }
	if s.missing != "" {
		warn("config.no_package", i18n.Data{"Reason": s.missing})
	}
	if s.unasked != "" {
		warn("config.no_server", i18n.Data{"Reason": s.unasked})
	}
	for _, d := range decisions {
		for _, o := range d.Passed() {
			warn("config.ignored", i18n.Data{"Place": o.Place, "Key": o.Spelled, "Allowed": allowed(a.words, d.Key), "Written": o.Written})
		}
	}
	for _, w := range policy.Unknown(s.layers...) {
		warn("config.unknown", i18n.Data{"Place": w.At, "Text": w.Text})
	}
	p, _ := policy.Resolve(s.layers...)
	for _, c := range policy.ClashesOf(p) {
		var values []string
		for _, name := range c.Keys {
			if k, ok := policy.Lookup(name); ok {
				values = append(values, name+" = "+policy.Write(k.Of(p)))
			}
		}
		warn("config.together", i18n.Data{"Values": strings.Join(values, ", "), "Meaning": a.words.Text("clash."+c.Code, nil)})
	}
}
