// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/i18n"
)

// grid is a table of human output, or the same rows as CSV.
type grid struct {
	a       *app
	columns []string
	rows    *[][]cell
	heads   map[string]string // by column, where its key is another
}

// cell is what stands in one place of a table: fit for people, and fit for
// programs.
type cell struct {
	shown  string
	short  string // where there is little room; "" = the same
	raw    string // in CSV and to sort by
	colour text.Color
}

// table begins a table; the columns are keys below "table.".
func (a *app) table(columns ...string) grid { return grid{a, columns, new([][]cell), nil} }

// maxCell bounds a cell of CSV, in characters; a path is never longer.
const maxCell = 4096

// row adds a row of cells. Foreign text is made fit for a terminal; colours are
// put in by phase alone.
func (g grid) row(cells ...any) {
	var r []cell
	for _, c := range cells {
		switch c := c.(type) {
		case coloured:
			r = append(r, cell{shown: c.word, raw: cmp.Or(c.raw, c.word), colour: c.colour})
		case told:
			r = append(r, cell{shown: i18n.Clean(c.shown, 300), raw: i18n.Clean(c.raw, maxCell)})
		case moment:
			r = append(r, cell{shown: g.a.when(c.at), short: g.a.briefly(c.at), raw: c.raw()})
		default:
			s := fmt.Sprint(c)
			r = append(r, cell{shown: i18n.Clean(s, 300), raw: i18n.Clean(s, maxCell)})
		}
	}
	for len(r) < len(g.columns) {
		r = append(r, cell{})
	}
	*g.rows = append(*g.rows, r)
}

// print sorts and chooses as the flags want it.
func (g grid) print() {
	l := g.a.layout
	rows := *g.rows
	if i := slices.Index(g.columns, l.sortBy); i >= 0 {
		slices.SortStableFunc(rows, func(x, y []cell) int { return compareCells(x[i].raw, y[i].raw) })
	}
	columns := g.columns
	if len(l.attributes) > 0 { // of what the command announces, this table may have a part
		columns = slices.DeleteFunc(slices.Clone(l.attributes), func(c string) bool { return !slices.Contains(g.columns, c) })
	}
	if len(columns) == 0 {
		return
	}
	chosen := make([][]cell, len(rows))
	for n, r := range rows {
		for _, c := range columns {
			chosen[n] = append(chosen[n], r[slices.Index(g.columns, c)])
		}
	}
	if g.a.csv() {
		g.a.printCSV(columns, chosen)
		return
	}
	head := make([]string, len(columns))
	for i, c := range columns {
		head[i] = g.a.words.Text("table."+cmp.Or(g.heads[c], c), nil)
	}
	g.a.printTable(head, chosen)
}

// compareCells sorts numbers as numbers, whatever follows them, and other text
// by its letters.
func compareCells(x, y string) int {
	n, errX := strconv.ParseFloat(x, 64)
	m, errY := strconv.ParseFloat(y, 64)
	if errX == nil && errY == nil {
		return cmp.Compare(n, m)
	}
	return strings.Compare(x, y)
}

// printCSV writes rows as RFC 4180 wants them, with the untranslated names of
// the columns and of phases. A second table of the same columns goes on below
// the first.
func (a *app) printCSV(columns []string, rows [][]cell) {
	w := csv.NewWriter(a.rows)
	all := [][]string{}
	if !a.layout.noHeader && !slices.Equal(columns, a.headed) {
		all = append(all, columns)
		a.headed = columns
	}
	for _, r := range rows {
		var line []string
		for _, c := range r {
			line = append(line, harmless(c.raw))
		}
		all = append(all, line)
	}
	_ = w.WriteAll(all) // output remembers what was lost
}

// harmless keeps a spreadsheet from taking a cell of foreign text for a formula.
// What is a number stays one.
func harmless(s string) string {
	if s == "" || !strings.ContainsRune("=+-@", rune(s[0])) {
		return s
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return s
	}
	return "'" + s
}

func (a *app) printTable(head []string, rows [][]cell) {
	measure := func() []int {
		widths := make([]int, len(head))
		for i := range head {
			if !a.layout.noHeader {
				widths[i] = text.StringWidth(head[i])
			}
			for _, r := range rows {
				widths[i] = max(widths[i], text.StringWidth(r[i].shown))
			}
		}
		return widths
	}
	widths := measure()
	if a.Terminal { // elsewhere a program reads: nothing is cut
		if fitted := fit(widths, a.Width); fitted[len(fitted)-1] < min(widths[len(widths)-1], goodWrap) {
			for _, r := range rows {
				for i := range r {
					r[i].shown = cmp.Or(r[i].short, r[i].shown)
				}
			}
			widths = measure()
		}
		widths = fit(widths, a.Width)
	}

	w := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", strings.Repeat(" ", gap)
	style.Format.Header = text.FormatDefault
	w.SetStyle(style)
	w.SuppressTrailingSpaces()
	if !a.layout.noHeader {
		r := table.Row{}
		for i, h := range head {
			r = append(r, a.paint(cut(h, widths[i]), text.Bold))
		}
		w.AppendHeader(r)
	}
	for _, cells := range rows {
		r := table.Row{}
		for i, c := range cells {
			shown := cut(c.shown, widths[i])
			if i == len(cells)-1 && widths[i] >= leastWrap { // the last column has the prose
				shown = wrap(c.shown, widths[i])
			}
			r = append(r, a.paint(shown, c.colour))
		}
		w.AppendRow(r)
	}
	fmt.Fprintln(a.Out, w.Render())
}

// paint colours each line of a text, for a terminal that wants it.
func (a *app) paint(s string, colour text.Color) string {
	if colour == 0 || a.noColor || s == "" {
		return s
	}
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = "\x1b[" + strconv.Itoa(int(colour)) + "m" + l + "\x1b[0m"
	}
	return strings.Join(lines, "\n")
}

// coloured is a word of ours in a colour.
type coloured struct {
	word   string
	colour text.Color // 0 = none
	raw    string     // the word as it is in JSON; "" = the same
}

// judged is a state of a check as a word of a group, coloured by whether somebody
// should look.
func (a *app) judged(group, state string) coloured {
	c := coloured{word: a.words.Text(group+"."+state, nil), raw: state}
	switch state {
	case "ok":
		c.colour = text.FgGreen
	case "warn":
		c.colour = text.FgYellow
	case "skipped":
	default:
		c.colour = text.FgRed
	}
	return c
}

// told is a text in the language of the person, and the same in the words of
// JSON: what programs read is never translated.
type told struct{ shown, raw string }

// moment is a time that may be missing: as people tell it, and exact for programs.
type moment struct{ at *time.Time }

func (m moment) raw() string {
	if m.at == nil {
		return ""
	}
	return m.at.UTC().Format(time.RFC3339)
}

// phase is a product's phase in the language of the person, coloured by whether
// somebody should look.
func (a *app) phase(p apitypes.Product) coloured {
	c := coloured{word: a.words.Phase(p.Phase), raw: p.Phase}
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

// briefly is a moment without its year and seconds.
func (a *app) briefly(t *time.Time) string {
	s := a.when(t)
	if len(s) != len(time.DateTime) {
		return s
	}
	return s[len("2006-"):len("2006-01-02 15:04")]
}

// when is a moment that may be missing.
func (a *app) when(t *time.Time) string {
	if t == nil {
		return ""
	}
	return a.words.Time(*t)
}
