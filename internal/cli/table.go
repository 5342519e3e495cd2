// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/cli/words"
)

// grid is a table of human output.
type grid struct {
	a *app
	w table.Writer
}

// table begins a table; the columns are keys below "table.".
func (a *app) table(columns ...string) grid {
	w := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	style.Format.Header = text.FormatDefault
	w.SetStyle(style)
	w.SuppressTrailingSpaces()
	head := table.Row{}
	for _, c := range columns {
		head = append(head, a.words.Text("table."+c, nil))
	}
	w.AppendHeader(head)
	return grid{a, w}
}

// row adds a row of cells that are fit for a terminal already or come from
// foreign text; colours are put in by phase alone.
func (g grid) row(cells ...any) {
	r := table.Row{}
	for _, c := range cells {
		switch c := c.(type) {
		case coloured:
			r = append(r, c.String())
		default:
			r = append(r, words.Clean(fmt.Sprint(c)))
		}
	}
	g.w.AppendRow(r)
}

func (g grid) print() { fmt.Fprintln(g.a.Out, g.w.Render()) }

// coloured is a word of ours in a colour.
type coloured struct {
	word   string
	colour text.Color // 0 = none
}

func (c coloured) String() string {
	if c.colour == 0 {
		return c.word
	}
	return "\x1b[" + fmt.Sprint(int(c.colour)) + "m" + c.word + "\x1b[0m"
}

// phase is a product's phase in the language of the person, coloured by whether
// somebody should look.
func (a *app) phase(p apitypes.Product) coloured {
	c := coloured{word: a.words.Phase(p.Phase)}
	if a.noColor {
		return c
	}
	switch {
	case p.Overdue, p.Outcome != nil && (p.Outcome.Outcome == "failed" || p.Outcome.Outcome == "unknown"):
		c.colour = text.FgRed
	case p.Phase == "deferred", p.Waits != nil:
		c.colour = text.FgYellow
	case p.Outcome != nil:
		c.colour = text.FgGreen
	}
	return c
}

// when is a moment that may be missing.
func (a *app) when(t *time.Time) string {
	if t == nil {
		return ""
	}
	return a.words.Time(*t)
}
