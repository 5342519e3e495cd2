// SPDX-License-Identifier: Apache-2.0

package promptui

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/promptui/desktop"
)

// What a dialog may hold, so that with title and buttons it fits on a screen of
// 1024x768: rows, and characters that surely fit in a row of the narrowest one.
const (
	dialogRows  = 28
	dialogChars = 64
)

// maxLogo is the largest image that is handed to a program, in bytes.
const maxLogo = 1 << 20

// view is a prompt as one dialog shows it. Its words are those of the moment it
// was looked at: what a button says cannot change, so the text beside it does
// not either. Only the countdown runs.
type view struct {
	prompt  apitypes.Prompt
	words   i18n.Window
	ends    time.Time
	lasts   time.Duration // of the whole window
	why     string
	wanted  bool // as in desktop.Dialog
	now     func() time.Time
	buttons []i18n.Choice // in the order OK, First, Second

	textWas    string
	percentWas int
}

// look looks at what to show now.
func (f *Desktop) look(w *Window, s *showing) *view {
	v := &view{why: s.why, now: f.now}
	v.prompt, v.ends = w.Prompt()
	now := f.now()
	p := v.prompt
	p.Programs = slices.Clone(p.Programs)
	for i := range p.Programs {
		if name := f.named(p.Programs[i].Name); name != "" {
			p.Programs[i].Name = name
		}
	}
	v.words = f.texts.Window(p, now)
	v.lasts = max(p.Deadline.Sub(p.Opened), v.ends.Sub(now), time.Second)
	v.buttons = arrange(v.words.Choices)
	return v
}

// arrange gives the choices to the buttons: the highlighted one, which is what
// happens without an answer, gets the focus. Where none is highlighted the most
// harmless does. Closing programs has it only if nothing else is offered or it
// is what happens anyway.
func arrange(choices []i18n.Choice) []i18n.Choice {
	out := slices.Clone(choices)
	rank := func(c i18n.Choice) int {
		switch {
		case c.Highlighted:
			return 0
		case c.Choice == apitypes.ChoiceDefer:
			return 1
		case c.Choice == apitypes.ChoiceRecheck:
			return 2
		}
		return 3
	}
	slices.SortStableFunc(out, func(a, b i18n.Choice) int { return rank(a) - rank(b) })
	return out
}

// onButtons are the choices that the program has a button for. Where one must be
// left out it is to look again: that happens by itself whenever a program ends.
func onButtons(buttons []i18n.Choice, hides bool) []i18n.Choice {
	if !hides || len(buttons) < 3 {
		return buttons
	}
	return slices.DeleteFunc(slices.Clone(buttons), func(c i18n.Choice) bool {
		return c.Choice == apitypes.ChoiceRecheck && !c.Highlighted
	})[:2]
}

// dialog is the view for a program.
func (v *view) dialog(f *Desktop, p program) desktop.Dialog {
	v.buttons = onButtons(v.buttons, p.hides)
	d := desktop.Dialog{Title: v.words.Title, Text: v.text(f, p.live), Icon: logo(v.prompt)}
	if p.hides {
		d.Hide = f.texts.Text("desktop.hide", nil)
	}
	d.Wanted = v.wanted
	if programs := v.prompt.Programs; f.titles != nil && slices.ContainsFunc(programs, func(p apitypes.Program) bool { return p.OwnerIsYou }) {
		d.More = f.texts.Text("desktop.details", nil)
		d.Details = func() string { return f.details(programs) }
	}
	for i, c := range v.buttons {
		d.Keys = append(d.Keys, c.Key)
		if i == 0 {
			d.OK = c.Label
		} else {
			d.Others = append(d.Others, c.Label)
		}
	}
	return d
}

// maxDetails is how many rows of details there are.
const maxDetails = 12

// details are the windows of the person's own programs by their titles, so that
// nobody has to guess what an open program is. They go nowhere but on the screen.
func (f *Desktop) details(programs []apitypes.Program) string {
	var rows []string
	for _, p := range programs {
		if !p.OwnerIsYou {
			continue
		}
		for _, title := range f.titles(p) {
			if title = i18n.Clean(title, dialogChars); title != "" && len(rows) < maxDetails {
				rows = append(rows, leftToRight(printable("• "+title)))
			}
		}
	}
	if len(rows) == 0 {
		return f.texts.Text("desktop.none_open", nil)
	}
	return strings.Join(rows, "\n")
}

// chosen is the choice of a button.
func (v *view) chosen(b desktop.Button) (i18n.Choice, bool) {
	if i := int(b - desktop.OK); i >= 0 && i < len(v.buttons) {
		return v.buttons[i], true
	}
	return i18n.Choice{}, false
}

func (v *view) offers(choice string) bool {
	return slices.ContainsFunc(v.words.Choices, func(c i18n.Choice) bool { return c.Choice == choice })
}

// sameChoices: a button still means the same.
func (v *view) sameChoices(o *view) bool {
	return slices.EqualFunc(v.words.Choices, o.words.Choices, func(a, b i18n.Choice) bool {
		return a.Choice == b.Choice && a.Highlighted == b.Highlighted
	})
}

// sameButtons: what cannot change in an open dialog reads the same.
func (v *view) sameButtons(o *view) bool {
	return v.words.Title == o.words.Title && slices.Equal(v.words.Choices, o.words.Choices)
}

// percent is how much of the time is left.
func (v *view) percent() int {
	return int(max(v.ends.Sub(v.now()), 0) * 100 / v.lasts)
}

// isWritten reports whether this is what was written last, and notes it.
func (v *view) isWritten(text string, percent int) bool {
	same := text == v.textWas && percent == v.percentWas
	v.textWas, v.percentWas = text, percent
	return same
}

// text is all that stands in the dialog: what is new, who asks and what for, the
// programs, what happens, and the countdown if it can run. What is too much for a
// screen goes in this order: programs (their number stays), then explanations.
func (v *view) text(f *Desktop, live bool) string {
	var head, tail []string
	if v.why != "" {
		head = append(head, v.why, "")
	}
	head = append(head, v.words.Intro)
	if live {
		tail = []string{"", f.texts.LeftRoughly(v.ends.Sub(v.now()))}
	}
	body := slices.Concat([]string{""}, v.words.Lines)
	for _, part := range [][]string{head, body, tail} { // counted as it is shown
		for i, line := range part {
			part[i] = leftToRight(breakable(printable(line)))
		}
	}
	room := func() int { return dialogRows - rowsOf(head) - rowsOf(body) - rowsOf(tail) }
	for room() < 3 && len(body) > 2 {
		body = body[:len(body)-1]
	}
	var programs []string
	for _, r := range listed(f.texts, v.words.Programs, max(room(), 2), dialogChars) {
		programs = append(programs, leftToRight(breakable(printable(r.text))))
	}
	return strings.Join(slices.Concat(head, programs, body, tail), "\n")
}

// rowsOf counts how many rows lines take at most. The marks that breakable and
// leftToRight add take no room.
func rowsOf(lines []string) int {
	n := 0
	for _, line := range lines {
		n += len(wrap(unmarked.Replace(line), dialogChars, styleNone))
	}
	return n
}

// unmarked takes out the marks that nobody sees.
var unmarked = strings.NewReplacer("\u200b", "", "\u200e", "")

// maxWord is how long a word may be that a line cannot be broken in.
const maxWord = 24

// breakable lets a line be broken within words that are too wide for a window.
func breakable(line string) string {
	var b strings.Builder
	n := 0
	for _, r := range line {
		if n++; unicode.IsSpace(r) {
			n = 0
		} else if n > maxWord {
			b.WriteRune('\u200b') // a place without width
			n = 1
		}
		b.WriteRune(r)
	}
	return b.String()
}

// leftToRight keeps a line at its side that holds a name written from right to
// left; our own languages are not.
func leftToRight(line string) string {
	if strings.ContainsFunc(line, func(r rune) bool {
		return unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana)
	}) {
		return "\u200e" + line
	}
	return line
}

// hintText is a window in two sentences.
func hintText(w i18n.Window) string {
	const few = 3
	names := w.Programs
	more := "."
	if len(names) > few {
		names, more = names[:few], " …"
	}
	return printable(w.Intro + " " + strings.Join(names, ", ") + more + " " + w.Lines[0])
}

// logo is the prompt's image if it can be shown; a window without it is no worse.
func logo(p apitypes.Prompt) string {
	if !filepath.IsAbs(p.Logo) {
		return ""
	}
	info, err := os.Stat(p.Logo)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxLogo {
		return ""
	}
	f, err := os.Open(p.Logo)
	if err != nil {
		return ""
	}
	defer f.Close()
	if _, err := io.ReadFull(f, make([]byte, 1)); err != nil {
		return ""
	}
	return p.Logo
}
