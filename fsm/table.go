// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"context"
	"errors"
	"fmt"

	"github.com/looplab/fsm"

	"github.com/quietsetup/quietsetup/events"
)

// Transition is one row of the table: an event that leads from phases to one phase.
type Transition struct {
	Event string // written name
	From  []events.Phase
	To    events.Phase // "" = stays where it is
}

// Transitions is the table of a product's machine. An event that is not here
// changes the client, not a product's phase.
func Transitions() []Transition {
	const (
		pending, checking, prompting = events.PhasePending, events.PhaseChecking, events.PhasePrompting
		deferred, killing            = events.PhaseDeferred, events.PhaseKilling
		installing, reported         = events.PhaseInstalling, events.PhaseReported
	)
	any_ := events.Phases()
	open := []events.Phase{pending, checking, prompting, deferred, killing, installing}
	in := func(p ...events.Phase) []events.Phase { return p }
	name := events.EventName
	return []Transition{
		{name(events.Accepted{}), any_, pending}, // after an outcome; its report may be owed still
		{name(events.Queued{}), open, ""},
		{name(events.Retargeted{}), open, ""},
		{name(events.Held{}), in(pending, checking), pending},
		{name(events.WaitEnded{}), in(pending, deferred), ""},
		{name(events.ChecksStarted{}), in(pending, deferred), checking},
		{name(events.RoundPrepared{}), in(checking), ""},
		{name(events.ScanFailed{}), in(checking), ""},
		{name(events.ProgramsChanged{}), in(pending, checking, prompting, deferred), ""},
		{name(events.WindowOpened{}), in(checking), prompting},
		{name(events.WindowSeen{}), in(prompting), ""},
		{name(events.WindowLost{}), in(prompting), ""},
		{name(events.Answered{}), in(prompting), ""},
		{name(events.WindowClosed{}), in(prompting), ""},
		{name(events.Rechecked{}), in(prompting), checking},
		{name(events.Deferred{}), open, deferred},
		{name(events.CloseAgreed{}), in(checking, prompting), killing},
		{name(events.SentBack{}), in(checking, killing), checking},
		{name(events.InstallCleared{}), in(checking, prompting, killing), installing},
		{name(events.InstallBegun{}), in(installing), ""},
		{name(events.AttemptStalled{}), in(installing), ""},
		{name(events.AttemptWentOn{}), in(installing), ""},
		{name(events.AttemptVoided{}), in(installing), checking},
		{name(events.AttemptLost{}), in(checking, prompting, killing, installing), installing},
		{name(events.AttemptRepeated{}), in(installing), checking},
		{name(events.InstallerExited{}), any_, ""},
		{name(events.RestartAwaited{}), in(installing), ""},
		{name(events.Detected{}), in(installing), ""},
		{name(events.RebootWanted{}), in(installing), ""},
		{name(events.Finished{}), any_, ""},
		{name(events.ReportAccepted{}), any_, ""},
		{name(events.ReportRefused{}), any_, ""},
		{name(events.Reported{}), any_, reported},
		{name(events.CountersReset{}), any_, ""},
		{name(events.HoldPlaced{}), any_, ""},
		{name(events.HoldReleased{}), any_, ""},
	}
}

// Machine returns looplab's machine of the table, for drawing.
func Machine() *fsm.FSM {
	var es fsm.Events
	for _, t := range Transitions() {
		for _, from := range t.From {
			to := t.To
			if to == "" {
				to = from
			}
			es = append(es, fsm.EventDesc{Name: t.Event, Src: []string{string(from)}, Dst: string(to)})
		}
	}
	return fsm.NewFSM(string(events.PhaseReported), es, nil)
}

type question struct {
	phase events.Phase
	event string
}

// Table answers where an event leads from a phase. looplab's machine was asked
// every question once; it holds no state here, because a cancelled context or a
// panic inside it wedges a machine for good.
type Table struct{ to map[question]events.Phase }

// NewTable asks looplab's machine for every phase and event.
func NewTable() (*Table, error) {
	t := &Table{to: map[question]events.Phase{}}
	m := Machine()
	for _, tr := range Transitions() {
		for _, p := range events.Phases() {
			m.SetState(string(p))
			err := m.Event(context.Background(), tr.Event)
			var invalid fsm.InvalidEventError
			var stayed fsm.NoTransitionError // looplab's word for a self-loop
			switch {
			case errors.As(err, &invalid):
				continue
			case err != nil && !errors.As(err, &stayed):
				return nil, fmt.Errorf("cannot build the transition table: %s in %s: %w", tr.Event, p, err)
			}
			t.to[question{p, tr.Event}] = events.Phase(m.Current())
		}
	}
	return t, nil
}

// Next is the phase an event leads to. The second result is false when the
// event must not happen in that phase.
func (t *Table) Next(p events.Phase, e events.Event) (events.Phase, bool) {
	to, ok := t.to[question{p, events.EventName(e)}]
	return to, ok
}
