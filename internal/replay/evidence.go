// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"github.com/quietsetup/quietsetup/events"
)

// decided finds the last record that moved the product.
func decided(product string, steps []events.Step) *Decision {
	for i := len(steps) - 1; i >= 0; i-- {
		s := steps[i]
		for j := len(s.Did) - 1; j >= 0; j-- {
			if s.Did[j].About() == product && moves(s.Did[j]) {
				return &Decision{Seq: s.Seq, At: s.At, Actor: s.Actor, Input: s.Input.Type, Event: s.Events[j].Type}
			}
		}
	}
	return nil
}

// moves reports whether an event changes what a product does or waits for; the
// others only add to it.
func moves(e events.Event) bool {
	switch e.(type) {
	case events.Accepted, events.Held, events.WaitEnded, events.ChecksStarted, events.WindowOpened, events.Rechecked,
		events.Deferred, events.CloseAgreed, events.SentBack, events.InstallCleared, events.InstallBegun,
		events.AttemptVoided, events.AttemptLost, events.AttemptRepeated, events.AttemptStalled, events.AttemptWentOn, events.InstallerExited,
		events.RestartAwaited, events.Finished:
		return true
	}
	return false
}

// lastBlockers finds the blocking programs that were seen last.
func lastBlockers(product string, steps []events.Step) []events.Process {
	for i := len(steps) - 1; i >= 0; i-- {
		s := steps[i]
		for j := len(s.Did) - 1; j >= 0; j-- {
			switch e := s.Did[j].(type) {
			case events.ProgramsChanged:
				if e.Product == product {
					return e.Programs
				}
			case events.CloseAgreed:
				if e.Product == product {
					return e.Targets
				}
			case events.WindowOpened:
				if e.Product == product {
					return shown(e.Window)
				}
			case events.Accepted:
				if e.Product == product {
					return nil // nothing was looked for in this run yet
				}
			}
		}
	}
	return nil
}

// shown are the programs of all parts of a window, each once.
func shown(w events.Window) []events.Process {
	var out []events.Process
	seen := map[events.ProcessID]bool{}
	for _, a := range w.Asks {
		for _, p := range a.Programs {
			if !seen[p.ProcessID] {
				seen[p.ProcessID] = true
				out = append(out, p)
			}
		}
	}
	events.SortProcesses(out)
	return out
}

// parts are the private values at hand. A reader without the right to them got
// the records without.
func parts(steps []events.Step) map[string]events.Part {
	out := map[string]events.Part{}
	for _, s := range steps {
		for key, p := range s.Private {
			out[key] = p
		}
	}
	return out
}
