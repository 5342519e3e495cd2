// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"

	"github.com/quietsetup/quietsetup/events"
)

// told is what a log says, in the terms of the judge.
type told struct {
	runs    map[string][]*run
	answers map[string][]string // by prompt
}

// run is one run of a product.
type run struct {
	product, version string
	n                int
	later, counted   int // times later was answered, and counted
	windows          int
	agreed           bool
	shown            map[events.ProcessID]bool // what some session had on its screen
	targets          []events.ProcessID        // what was to be closed
	cleared          []string                  // tokens
	repeated         map[string]bool
	finished         bool
	outcome          events.Outcome
	open             map[string][]events.Process // of the open window, by session
}

// tell reads a log.
func tell(records []events.Record) (*told, error) {
	t := &told{runs: map[string][]*run{}, answers: map[string][]string{}}
	codec := events.NewCodec()
	for _, r := range records {
		s, err := codec.Open(r)
		if err != nil {
			return nil, err
		}
		for _, e := range s.Did {
			t.add(e)
		}
	}
	return t, nil
}

func (t *told) run(product string, n int) *run {
	for _, r := range t.runs[product] {
		if r.n == n {
			return r
		}
	}
	return nil
}

// accepted counts the runs of each product and version.
func (t *told) accepted() map[string]int {
	n := map[string]int{}
	for id, runs := range t.runs {
		for _, r := range runs {
			n[id+" "+r.version]++
		}
	}
	return n
}

// presses counts the answers of a kind.
func (t *told) presses(choice string) (n int) {
	for _, got := range t.answers {
		for _, c := range got {
			if c == choice {
				n++
			}
		}
	}
	return n
}

func (t *told) add(e events.Event) {
	id := e.About()
	if a, ok := e.(events.Accepted); ok {
		t.runs[id] = append(t.runs[id], &run{product: id, n: a.Run, version: a.Request.ProductVersion,
			shown: map[events.ProcessID]bool{}, repeated: map[string]bool{}, open: map[string][]events.Process{}})
		return
	}
	if id == "" || len(t.runs[id]) == 0 {
		return
	}
	r := t.runs[id][len(t.runs[id])-1]
	if a, ok := e.(events.Answered); ok {
		prompt := a.Window + "@" + a.Session
		t.answers[prompt] = append(t.answers[prompt], string(a.Choice))
		for _, p := range a.Covers { // who answers a list has it on the screen, though the word that it is shown may be lost
			r.shown[p] = true
		}
		if a.Choice == events.ChoiceDefer {
			r.later++
		}
		return
	}
	r.add(e)
}

func (r *run) add(e events.Event) {
	switch e := e.(type) {
	case events.Retargeted:
		r.version = e.Request.ProductVersion
	case events.WindowOpened:
		r.windows++
		for _, a := range e.Window.Asks {
			r.open[a.Session] = a.Programs
		}
	case events.ProgramsChanged:
		for _, a := range e.Asks {
			r.open[a.Session] = a.Programs
			r.see(a.Session)
		}
	case events.WindowSeen:
		r.see(e.Session)
	case events.Deferred:
		if e.Counted {
			r.counted++
		}
	case events.CloseAgreed:
		r.agreed = true
		for _, p := range e.Targets {
			r.targets = append(r.targets, p.ProcessID)
		}
	case events.InstallCleared:
		r.cleared = append(r.cleared, e.Token)
	case events.AttemptRepeated:
		r.repeated[e.Token] = true
	case events.Finished:
		r.finished, r.outcome = true, e.Outcome
	}
}

// see: what a session is asked about is on its screen.
func (r *run) see(session string) {
	for _, p := range r.open[session] {
		r.shown[p.ProcessID] = true
	}
}

// product is what a prompt is about.
func productOf(prompt string) string {
	id, _, _ := strings.Cut(prompt, "#")
	return id
}
