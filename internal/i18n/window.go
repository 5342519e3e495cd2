// SPDX-License-Identifier: Apache-2.0

package i18n

import (
	"slices"
	"strings"
	"time"

	"github.com/quietsetup/quietsetup/internal/apitypes"
)

// Window is what a window says, in the order in which it is read: Title, Intro,
// Programs, Lines, Choices.
type Window struct {
	Title    string
	Intro    string   // who asks, and what for
	Programs []string // what has to be closed; a front end may cut it with More
	// Lines say what happens without an answer, how long it takes, how often
	// later is left, when it is asked again; the most important first.
	Lines   []string
	Choices []Choice
}

// Choice is one button.
type Choice struct {
	Choice string // the word that goes back to the daemon
	Key    string // one letter of the label, different for each choice of a window
	Label  string
	// Highlighted: what the window does by itself at its end. At most one is.
	Highlighted bool
}

// verb is the group of texts that fits what happens to the product.
type verb struct{ title, last, intro, introVersion, kill, killKey, without string }

func verbOf(p apitypes.Member) verb {
	switch {
	case p.Action == "uninstall":
		return verb{"remove.title", "remove.last", "remove.intro", "remove.intro_version", "remove.choice.kill", "remove.choice.kill_key", "remove.without."}
	case p.Action == "setup" && !p.Installed:
		return verb{"install.title", "install.last", "install.intro", "install.intro_version", "install.choice.kill", "install.choice.kill_key", "install.without."}
	case p.Action == "setup", p.Action == "update":
		return verb{"update.title", "update.last", "update.intro", "update.intro_version", "update.choice.kill", "update.choice.kill_key", "update.without."}
	}
	return verb{"maintain.title", "maintain.last", "maintain.intro", "maintain.intro_version", "maintain.choice.kill", "maintain.choice.kill_key", "maintain.without."}
}

// Window puts a prompt into words for a person who looks at it now. Times of day
// are in now's zone.
func (l *Localizer) Window(p apitypes.Prompt, now time.Time) Window {
	about := l.about(p)
	v := verbOf(about)
	programs := l.programs(p)
	n := len(programs)
	d := Data{"Name": about.Name, "Version": version(about.Version), "Asker": l.asker(p), "At": l.When(p.Deadline, now)}
	w := Window{Programs: programs}
	if p.Final && p.Default != apitypes.ChoiceDefer {
		w.Title = l.Count(v.last, n, d)
	} else {
		w.Title = l.Count(v.title, n, d)
	}
	if d["Version"] == "" {
		w.Intro = l.Count(v.intro, n, d)
	} else {
		w.Intro = l.Count(v.introVersion, n, d)
	}
	w.Choices = l.choices(p, v, n, now)
	w.Lines = append(w.Lines, l.without(p, v, d, now))
	if p.Default == apitypes.ChoiceKill || p.Default == apitypes.ChoiceFail {
		w.Lines = append(w.Lines, l.Text("window.unseen", nil))
	}
	if p.Final {
		w.Lines = append(w.Lines, l.final(p, now))
	}
	takes := l.Text("window.takes", nil)
	if !p.Final || stays(p) { // else it has been said until when there is time to save
		takes += " " + l.Text("window.save", nil)
	}
	w.Lines = append(w.Lines, takes)
	if offersLater(p) {
		if left := p.DefersMax - p.DefersUsed; left > 0 {
			w.Lines = append(w.Lines, l.Count("window.later_left", left, nil))
		}
		w.Lines = append(w.Lines, l.Text("window.also_later", Data{"Again": l.again(now.Add(p.AskAgain.Duration()), now)}))
	}
	if contact := Clean(p.Contact, 120); contact != "" {
		w.Lines = append(w.Lines, l.Text("window.contact", Data{"Contact": contact}))
	}
	return w
}

// Name is what a prompt is about, for a sentence.
func (l *Localizer) Name(p apitypes.Prompt) string { return l.about(p).Name }

// about is what a prompt is about as one thing with one name, cleaned: its
// product, or its products with what is done to all of them.
func (l *Localizer) about(p apitypes.Prompt) apitypes.Member {
	var one apitypes.Member
	var names []string
	for i, m := range p.Members {
		if name := Clean(m.Name, 60); name != "" {
			names = append(names, name)
		}
		if i == 0 {
			one = m
			continue
		}
		if verbOf(m) != verbOf(one) {
			one.Action = "" // something else to each: maintenance
		}
		one.Version = ""
	}
	if one.Name = strings.Join(names, ", "); one.Name == "" {
		one.Name = l.Text("window.unnamed", nil)
	}
	return one
}

// More stands for programs that there was no room for.
func (l *Localizer) More(n int) string { return l.Count("window.more", n, nil) }

// Left is the line that counts down.
func (l *Localizer) Left(d time.Duration) string {
	if d <= 0 {
		return l.Text("window.over", nil)
	}
	return l.Text("window.left", Data{"Left": Countdown(d)})
}

// LeftRoughly is Left where it is not shown anew each second: "about 14 minutes"
// as long as there are more than two.
func (l *Localizer) LeftRoughly(d time.Duration) string {
	if d < 2*time.Minute {
		return l.Left(d)
	}
	return l.Text("window.left_roughly", Data{"Left": l.Span(d)})
}

// offersLater: an announced last window never does, whatever the daemon says.
func offersLater(p apitypes.Prompt) bool {
	return !p.Final && slices.Contains(p.Choices, apitypes.ChoiceDefer)
}

// stays: without an answer everything stays open.
func stays(p apitypes.Prompt) bool {
	return p.Default == apitypes.ChoiceDefer || p.Default == apitypes.ChoiceFail
}

func (l *Localizer) asker(p apitypes.Prompt) string {
	if a := Clean(p.Asker, 80); a != "" {
		return a
	}
	return l.Text("window.asker", nil)
}

func (l *Localizer) choices(p apitypes.Prompt, v verb, programs int, now time.Time) []Choice {
	var out []Choice
	for _, c := range p.Choices {
		b := Choice{Choice: c, Highlighted: c == p.Default}
		switch c {
		case apitypes.ChoiceDefer:
			if !offersLater(p) {
				continue
			}
			b.Key = l.Text("choice.defer_key", nil)
			b.Label = l.Text("choice.defer", Data{"Again": l.day(now.Add(p.AskAgain.Duration()), now)})
		case apitypes.ChoiceRecheck:
			b.Key = l.Text("choice.recheck_key", nil)
			b.Label = l.Count("choice.recheck", programs, nil)
		case apitypes.ChoiceKill:
			b.Key = l.Text(v.killKey, nil)
			b.Label = l.Text(v.kill, nil)
		default:
			continue // a choice of a newer daemon that we have no words for
		}
		if !slices.ContainsFunc(out, func(o Choice) bool { return o.Choice == c }) {
			out = append(out, b)
		}
	}
	return out
}

// without says what happens if nobody answers: exactly what Default says. It is
// short, so that it has room on a small screen too.
func (l *Localizer) without(p apitypes.Prompt, v verb, d Data, now time.Time) string {
	switch p.Default {
	case apitypes.ChoiceKill, apitypes.ChoiceRecheck, apitypes.ChoiceFail:
		return l.Text(v.without+p.Default, d)
	case apitypes.ChoiceDefer:
		if offersLater(p) {
			return l.Text(v.without+p.Default, d)
		}
	}
	again := l.again(p.Deadline.Add(p.AskAgain.Duration()), now)
	return l.Text("window.without_later", Data{"At": d["At"], "Again": again})
}

// final says since when it is asked, until when there is time, and that it cannot
// be put off; the last is true only if something happens at the end.
func (l *Localizer) final(p apitypes.Prompt, now time.Time) string {
	d := Data{"Since": l.Since(p.Since, now), "Until": l.When(p.Deadline, now)}
	asked, end := l.Text("window.asked", d), "window.final"
	if p.DefersUsed > 0 {
		asked = l.Count("window.put_off", p.DefersUsed, d)
	}
	if stays(p) {
		end = "window.final_stays"
	}
	return asked + " " + l.Text(end, d)
}

// programs names what is open, each once, and at least one. A program that is
// called like a product is given the product's name.
func (l *Localizer) programs(p apitypes.Prompt) []string {
	var out []string
	for _, g := range p.Programs {
		name := Clean(g.Name, 60)
		name = withoutSuffix(name)
		if name == "" {
			name = l.Text("window.unnamed", nil)
		}
		for _, m := range p.Members {
			if product := Clean(m.Name, 60); strings.EqualFold(name, product) {
				name = product
			}
		}
		if !g.OwnerIsYou {
			name = l.Text("window.foreign", Data{"Name": name})
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	if len(out) == 0 {
		out = append(out, l.Text("window.unnamed", nil))
	}
	return out
}

// withoutSuffix takes off what only makes a name a file's: "soffice.bin".
func withoutSuffix(name string) string {
	for _, suffix := range []string{".exe", ".bin", "-bin", ".com", ".sh", ".real"} {
		if n := len(name) - len(suffix); n > 0 && strings.EqualFold(name[n:], suffix) {
			return name[:n]
		}
	}
	return name
}

// version is the part of an opsi version that people know: the product's, not
// the package's.
func version(v string) string {
	if i := strings.LastIndexByte(v, '-'); i > 0 {
		v = v[:i]
	}
	return Clean(v, 40)
}
