// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"iter"
	"strconv"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/view"
)

// RunSchema names the JSON of a Run.
const RunSchema = "run/v1"

// Run is one request of a product from its acceptance to its outcome.
type Run struct {
	Schema  string `json:"schema"` // run/v1
	ID      string `json:"id"`     // "firefox#3"
	Product string `json:"product"`
	Name    string `json:"name,omitempty"` // what people call the product; "" = not known
	Run     int    `json:"run"`            // 1, 2, … per product
	Action  string `json:"action"`
	Version string `json:"version,omitempty"` // where it led, or leads
	// State is the phase of a run that is open, else its outcome: ok, failed,
	// unknown, superseded, withdrawn.
	State string `json:"state"`
	Open  bool   `json:"open"`
	// Spawn is when the request was accepted, Ready when the outcome was known.
	Spawn time.Time  `json:"spawn"`
	Ready *time.Time `json:"ready,omitempty"`

	Rounds   int  `json:"rounds"`
	Windows  int  `json:"windows"`        // questions that were opened
	Defers   int  `json:"defers"`         // counted ones of this run
	Attempts int  `json:"attempts"`       // installers that were cleared to run and not taken back
	Exit     *int `json:"exit,omitempty"` // of the last installer

	Reason string     `json:"reason,omitempty"` // what an open run waits for: a word of the core
	Detail string     `json:"detail,omitempty"` // the product waited for, the outcome in a few words
	Until  *time.Time `json:"until,omitempty"`

	// FirstSeq and LastSeq are the run's records; 0 = before the log at hand
	// begins, and not over yet.
	FirstSeq uint64 `json:"first_seq,omitempty"`
	LastSeq  uint64 `json:"last_seq,omitempty"`
	// Path is where the run has been, in order. It begins with the phase in
	// which the log at hand finds it.
	Path []PathStep `json:"path,omitempty"`
}

// PathStep is a change of a run's phase.
type PathStep struct {
	Seq   uint64    `json:"seq"`
	At    time.Time `json:"at"`
	Phase string    `json:"phase"` // after the event
	Event string    `json:"event"` // what led there
}

// Runs tells all runs that a log knows, in the order of their acceptance. A log
// that begins with a checkpoint knows those that were the last of their product
// then. Sums and chain are checked, decisions are not; the errors are those of
// Fold.
func Runs(lines iter.Seq2[Line, error]) ([]Run, error) {
	table, err := fsm.NewTable()
	if err != nil {
		return nil, err
	}
	l := ledger{table: table, last: map[string]int{}}
	c, err := newFolder(table).fold(lines, func(_ Line, s events.Step, c *fsm.Client) error {
		l.take(s, c)
		return nil
	})
	if err != nil {
		return nil, err
	}
	l.finish(c)
	return l.runs, nil
}

// ledger writes runs down while a log is folded.
type ledger struct {
	table *fsm.Table
	runs  []Run
	last  map[string]int // the last run of each product, its place in runs
}

func (l *ledger) take(s events.Step, c *fsm.Client) {
	if _, ok := begins(s); ok && len(l.runs) == 0 {
		l.seed(s, c)
	}
	for i, e := range s.Did {
		id := e.About()
		if a, ok := e.(events.Accepted); ok {
			l.accept(s, a)
			continue
		}
		n, known := l.last[id]
		if !known {
			continue
		}
		r := &l.runs[n]
		r.LastSeq = s.Seq
		l.move(r, s, i)
		count(r, e, s)
	}
	for _, id := range s.Products {
		if n, known := l.last[id]; known {
			p, r := c.Product(id), &l.runs[n]
			r.Version, r.Name = p.Target(), p.Package.Name
		}
	}
}

// seed begins with what a checkpoint tells.
func (l *ledger) seed(s events.Step, c *fsm.Client) {
	for _, p := range view.AtLast(c).Products().Products {
		if p.Run == 0 {
			continue
		}
		r := Run{Schema: RunSchema, ID: runID(p.ID, p.Run), Product: p.ID, Name: p.Name, Run: p.Run, Action: p.Action, Version: p.Version,
			State: p.Phase, Open: p.Outcome == nil, Rounds: p.Round, Defers: p.Defers.Used, LastSeq: s.Seq,
			Path: []PathStep{{Seq: s.Seq, At: s.At.UTC(), Phase: p.Phase, Event: s.Events[0].Type}}}
		if p.Since != nil {
			r.Spawn = *p.Since
		}
		if a := p.Attempt; a != nil {
			r.Attempts, r.Exit = a.N, a.Exit
		}
		if o := p.Outcome; o != nil {
			r.State, r.Detail, r.Ready = o.Outcome, o.Reason, o.At
		}
		l.last[p.ID] = len(l.runs)
		l.runs = append(l.runs, r)
	}
}

// runID is how people name a run.
func runID(product string, run int) string { return product + "#" + strconv.Itoa(run) }

func (l *ledger) accept(s events.Step, e events.Accepted) {
	first := PathStep{Seq: s.Seq, At: s.At.UTC(), Phase: string(events.PhasePending), Event: events.EventName(e)}
	l.last[e.Product] = len(l.runs)
	l.runs = append(l.runs, Run{Schema: RunSchema, ID: runID(e.Product, e.Run), Product: e.Product, Run: e.Run,
		Action: string(e.Request.Row.ActionRequest), Version: e.Request.Target(), Open: true, Spawn: s.At.UTC(),
		State: first.Phase, FirstSeq: s.Seq, LastSeq: s.Seq, Path: []PathStep{first}})
}

// move follows the table.
func (l *ledger) move(r *Run, s events.Step, i int) {
	was := r.Path[len(r.Path)-1].Phase
	to, ok := l.table.Next(events.Phase(was), s.Did[i])
	if !ok || string(to) == was {
		return
	}
	r.Path = append(r.Path, PathStep{Seq: s.Seq, At: s.At.UTC(), Phase: string(to), Event: s.Events[i].Type})
	if r.Open {
		r.State = string(to)
	}
}

func count(r *Run, e events.Event, s events.Step) {
	switch e := e.(type) {
	case events.ChecksStarted:
		r.Rounds = e.Round
	case events.WindowOpened:
		r.Windows++
	case events.Deferred:
		if e.Counted {
			r.Defers++
		}
	case events.InstallCleared:
		r.Attempts++
	case events.AttemptVoided:
		r.Attempts--
	case events.InstallerExited:
		if e.Error == "" && e.Signal == "" {
			r.Exit = &e.Exit
		}
	case events.Finished:
		at := s.At.UTC()
		r.State, r.Open, r.Ready, r.Detail = string(e.Outcome), false, &at, e.Reason
	}
}

// finish tells of what is open what it waits for.
func (l *ledger) finish(c *fsm.Client) {
	for id, n := range l.last {
		r := &l.runs[n]
		if !r.Open {
			continue
		}
		doc, ok := view.AtLast(c).Product(id)
		if !ok {
			continue
		}
		r.LastSeq = 0
		if w := doc.Waits; w != nil {
			r.Reason, r.Detail, r.Until = w.Reason, w.Detail, w.Until
		}
	}
}

// RunsDoc is the list of runs.
type RunsDoc struct {
	Schema string `json:"schema"` // runs/v1
	Runs   []Run  `json:"runs"`   // without their paths
}

// NewRunsDoc is the list without the paths.
func NewRunsDoc(runs []Run) RunsDoc {
	d := RunsDoc{Schema: "runs/v1", Runs: []Run{}}
	for _, r := range runs {
		r.Path = nil
		d.Runs = append(d.Runs, r)
	}
	return d
}

// Members are the runs themselves.
func (d RunsDoc) Members() (out []any) {
	for _, r := range d.Runs {
		out = append(out, r)
	}
	return out
}
