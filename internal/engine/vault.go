// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"slices"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// vault holds the private parts of the records since the last checkpoint. The
// core sees references only; workers that act on a program need its path.
type vault map[string]events.Part

func (v vault) add(parts map[string]events.Part) {
	for key, p := range parts {
		v[key] = p
	}
}

// refMark begins a sealed text in JSON. Inside a JSON string each quote is
// escaped, so the mark is always a member's name.
const refMark = `{"ref":"`

// kept returns the parts that a checkpointed state still refers to.
func (v vault) kept(state []byte) map[string]events.Part {
	var out map[string]events.Part
	for {
		i := bytes.Index(state, []byte(refMark))
		if i < 0 {
			return out
		}
		state = state[i+len(refMark):]
		j := bytes.IndexByte(state, '"')
		if j < 0 {
			return out
		}
		if p, ok := v[string(state[:j])]; ok {
			if out == nil {
				out = map[string]events.Part{}
			}
			out[string(state[:j])] = p
		}
	}
}

// reveal returns work with its private texts in the open. What is not in the
// vault stays a reference; a worker that compares a path then finds no match.
func (v vault) reveal(w fsm.Work) fsm.Work {
	switch w := w.(type) {
	case fsm.AskUsers:
		w.Ask = v.ask(w.Ask)
		w.Window.Asks = slices.Clone(w.Window.Asks)
		for i := range w.Window.Asks {
			w.Window.Asks[i] = v.ask(w.Window.Asks[i])
		}
		return w
	case fsm.ClosePrograms:
		w.Targets = v.processes(w.Targets)
		return w
	}
	return w
}

func (v vault) ask(a events.Ask) events.Ask {
	a.Programs = v.processes(a.Programs)
	return a
}

func (v vault) processes(ps []events.Process) []events.Process {
	ps = slices.Clone(ps)
	for i := range ps {
		ps[i].Path = ps[i].Path.Revealed(v)
	}
	return ps
}
