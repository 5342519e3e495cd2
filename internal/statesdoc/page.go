// SPDX-License-Identifier: Apache-2.0

package statesdoc

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"strings"

	looplab "github.com/looplab/fsm"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// Page returns docs/states.md. source is the text of events/event.go, whose
// comments say what each event means.
func Page(source []byte) (string, error) {
	meanings, err := eventComments(source)
	if err != nil {
		return "", err
	}
	table := fsm.Transitions()
	picture, err := mermaid(table)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(`<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Generated from fsm.Transitions. Change the table, then run: make states -->

# The states of a product

A product's action is in exactly one of seven phases. An event is what was
decided; the table says in which phases it may happen and where it leads. Which
of the allowed events happens is decided by the guards in package fsm.

`)
	b.WriteString("```mermaid\n" + picture + "```\n\n")
	var anywhere []string
	for _, t := range table {
		if everywhere(t) {
			anywhere = append(anywhere, t.Event)
		}
	}
	b.WriteString("Events that leave the phase as it is are not drawn. A product that is not wanted\nrests in `" +
		string(events.PhaseReported) + "`.\n\n## Phases\n\nIn every phase may happen: " + codes(anywhere) +
		".\n\n| phase | leads to it | may happen in it besides |\n|---|---|---|\n")
	for _, p := range events.Phases() {
		var into, inside []string
		for _, t := range table {
			if leads(t, p) {
				into = append(into, t.Event)
			}
			if slices.Contains(t.From, p) && !everywhere(t) {
				inside = append(inside, t.Event)
			}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", p, codes(into), codes(inside))
	}
	b.WriteString("\n## Events of a product\n\n| event | from | to | meaning |\n|---|---|---|---|\n")
	inTable := map[string]bool{}
	for _, t := range table {
		inTable[t.Event] = true
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", t.Event, from(t), to(t), meanings[t.Event])
	}
	b.WriteString("\n## Events of the client\n\nThey change what lies between the products and no product's phase.\n\n| event | meaning |\n|---|---|\n")
	for _, e := range events.Events() {
		if name := events.EventName(e); !inTable[name] {
			fmt.Fprintf(&b, "| `%s` | %s |\n", name, meanings[name])
		}
	}
	return b.String(), nil
}

// leads reports whether an event can bring a product into a phase from another one.
func leads(t fsm.Transition, p events.Phase) bool {
	return t.To == p && slices.ContainsFunc(t.From, func(f events.Phase) bool { return f != p })
}

func everywhere(t fsm.Transition) bool { return len(t.From) == len(events.Phases()) }

// mermaid draws the rows that change the phase. Rows between the same two
// phases share one arrow, or the picture would be a knot.
func mermaid(table []fsm.Transition) (string, error) {
	type arrow struct{ from, to events.Phase }
	names := map[arrow][]string{}
	for _, t := range table {
		for _, f := range t.From {
			if t.To != "" && t.To != f {
				names[arrow{f, t.To}] = append(names[arrow{f, t.To}], t.Event)
			}
		}
	}
	var rows looplab.Events
	for a, n := range names {
		rows = append(rows, looplab.EventDesc{Name: strings.Join(n, " / "), Src: []string{string(a.from)}, Dst: string(a.to)})
	}
	m := looplab.NewFSM(string(events.PhaseReported), rows, nil)
	text, err := looplab.VisualizeWithType(m, looplab.MermaidStateDiagram)
	if err != nil {
		return "", fmt.Errorf("cannot draw the table: %w", err)
	}
	return text, nil
}

// eventComments gives the first sentence of each event type's comment by the
// event's written name.
func eventComments(source []byte) (map[string]string, error) {
	f, err := parser.ParseFile(token.NewFileSet(), "event.go", source, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("cannot read the events' comments: %w", err)
	}
	byType := map[string]string{}
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.TYPE || g.Doc == nil {
			continue
		}
		for _, spec := range g.Specs {
			name := spec.(*ast.TypeSpec).Name.Name
			text := new(doc.Package).Synopsis(g.Doc.Text())
			byType[name] = capital(strings.TrimPrefix(text, name+" "))
		}
	}
	out := map[string]string{}
	for _, e := range events.Events() {
		text, ok := byType[reflect.TypeOf(e).Name()]
		if !ok {
			return nil, fmt.Errorf("event %s has no comment to take over", events.EventName(e))
		}
		out[events.EventName(e)] = text
	}
	return out, nil
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func from(t fsm.Transition) string {
	if everywhere(t) {
		return "every phase"
	}
	var out []string
	for _, p := range t.From {
		out = append(out, string(p))
	}
	return codes(out)
}

func to(t fsm.Transition) string {
	if t.To == "" {
		return "stays"
	}
	return "`" + string(t.To) + "`"
}

func codes(words []string) string {
	if len(words) == 0 {
		return "–"
	}
	return "`" + strings.Join(words, "` `") + "`"
}
