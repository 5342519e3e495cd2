// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/cli/words"
	"github.com/quietsetup/quietsetup/internal/i18n"
	"github.com/quietsetup/quietsetup/internal/replay"
)

// Forms of the diagram.
const (
	drawMermaid = "mermaid"
	drawText    = "text"
)

func (a *app) diagramCommand() *cobra.Command {
	form, all := "", false
	cmd := &cobra.Command{
		Use:   "diagram PRODUCT|RUN",
		Short: "Draw the way of a run through its phases",
		Long: long(`
Draws the phases of a run as a Mermaid state diagram: the way it has taken with
the number of each step, where it stands, and where it can go from there. A run
is PRODUCT#NUMBER; of a product it is the last one. --all draws every way that
there is. --format text lists the steps.

JSON: diagram/v1.`, "3 the daemon is not running", "4 no such product or run", "8 the log is damaged"),
		Args:              exact(1),
		ValidArgsFunction: a.completeID,
		RunE: func(cmd *cobra.Command, args []string) error {
			if form != drawMermaid && form != drawText {
				return usage(fmt.Errorf("no form %q: --format is %s or %s", form, drawMermaid, drawText))
			}
			r, err := a.reader(cmd.Context())
			if err != nil {
				return err
			}
			id, run, err := a.resolveRun(cmd.Context(), r, args[0])
			if err != nil {
				return err
			}
			x, err := findRun(cmd.Context(), r, id, run)
			if err != nil {
				return err
			}
			d := diagramOf(x, all)
			switch {
			case a.json:
				return a.document(d)
			case form == drawText:
				a.printWay(x, d)
			default:
				fmt.Fprint(a.Out, d.Mermaid)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&form, "format", drawMermaid, "`FORM` of the drawing: mermaid or text")
	cmd.Flags().BoolVar(&all, "all", false, "draw also the ways that this run has not taken")
	return cmd
}

// diagramDoc is the JSON of the diagram command.
type diagramDoc struct {
	Schema  string            `json:"schema"` // diagram/v1
	ID      string            `json:"id"`     // of the run
	Product string            `json:"product"`
	Run     int               `json:"run"`
	Phase   string            `json:"phase"` // where it stands
	Path    []replay.PathStep `json:"path"`
	Next    []wayOn           `json:"next"` // where it can go from there
	Mermaid string            `json:"mermaid"`
}

// wayOn is an arrow of the table that was not taken yet.
type wayOn struct {
	Phase string `json:"phase"`
	Event string `json:"event"`
}

// arrow is what a picture has between two phases, however many events lead there.
type arrow struct{ from, to string }

func diagramOf(x replay.Run, all bool) diagramDoc {
	d := diagramDoc{Schema: "diagram/v1", ID: x.ID, Product: x.Product, Run: x.Run, Phase: x.Path[len(x.Path)-1].Phase, Path: x.Path, Next: []wayOn{}}
	var order []arrow
	labels := map[arrow][]string{}
	add := func(from, to, label string) {
		a := arrow{from, to}
		if !slices.Contains(order, a) {
			order = append(order, a)
		}
		labels[a] = append(labels[a], label)
	}
	taken := map[arrow]bool{}
	for i, p := range x.Path {
		from := "[*]"
		if i > 0 {
			from = x.Path[i-1].Phase
		}
		taken[arrow{from, p.Phase}] = true
		add(from, p.Phase, strconv.Itoa(i+1)+" "+p.Event)
	}
	for _, t := range fsm.Transitions() {
		for _, from := range t.From {
			if t.To == "" || t.To == from || t.Event == events.EventName(events.Accepted{}) {
				continue // another request is another run
			}
			on := x.Open && string(from) == d.Phase
			if on {
				d.Next = append(d.Next, wayOn{string(t.To), t.Event})
			}
			if (on || all) && !taken[arrow{string(from), string(t.To)}] {
				add(string(from), string(t.To), t.Event)
			}
		}
	}
	d.Mermaid = mermaid(x, d.Phase, order, labels)
	return d
}

// mermaid writes the picture. Nothing of it is foreign text: a product's id is
// safe, and the rest are words of the core.
func mermaid(x replay.Run, phase string, order []arrow, labels map[arrow][]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "---\ntitle: \"%s: %s\"\n---\nstateDiagram-v2\n", x.ID, x.State)
	for _, a := range order {
		fmt.Fprintf(&b, "    %s --> %s: %s\n", a.from, a.to, strings.Join(labels[a], " / "))
	}
	var been []string
	for _, p := range x.Path {
		if p.Phase != phase && !slices.Contains(been, p.Phase) {
			been = append(been, p.Phase)
		}
	}
	b.WriteString("    classDef been fill:#dbeafe,stroke:#1d4ed8,color:#111827\n")
	b.WriteString("    classDef current fill:#fde68a,stroke:#b45309,stroke-width:3px,color:#111827\n")
	if len(been) > 0 {
		fmt.Fprintf(&b, "    class %s been\n", strings.Join(been, ","))
	}
	fmt.Fprintf(&b, "    class %s current\n", phase)
	return b.String()
}

// printWay lists the steps of a run; the last one is where it stands.
func (a *app) printWay(x replay.Run, d diagramDoc) {
	a.say("runs.run", i18n.Data{"ID": x.ID, "Name": x.Name})
	for i, p := range x.Path {
		mark := " "
		if i == len(x.Path)-1 {
			mark = ">"
		}
		fmt.Fprintf(a.Out, "%s %3d  %s  %s (%s)\n", mark, i+1, a.words.Time(p.At), a.words.Phase(p.Phase), words.Clean(p.Event))
	}
	for _, n := range d.Next {
		fmt.Fprintf(a.Out, "   ->  %s (%s)\n", a.words.Phase(n.Phase), n.Event)
	}
}
