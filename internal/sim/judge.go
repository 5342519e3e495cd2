// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"fmt"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
)

// judge knows what really happened and holds every record and every act to it.
// It folds the events by itself, with rules of its own, and never asks fsm what
// is right.
type judge struct {
	w      *world
	faults []string

	files []*file
	hold  bool
	watch bool // observe mode
	order events.Order

	epoch   int // of the clock: a boot with a clock that was set begins another
	stepped bool
	screens []screen
	answers map[answer]bool               // in the log
	seen    map[string][]events.ProcessID // by window: what was on a screen
}

// file is what the judge has about a product.
type file struct {
	id       string
	run      int
	round    int
	action   events.Action
	request  events.Request
	next     *events.Request // from the next round on
	outcome  events.Outcome
	held     bool
	policy   events.Policy
	pkg      events.Package
	counters [7]counter // by action, as in events.Actions
	resets   int        // of the counters, so far
	rechecks int
	window   *events.Window
	last     *events.Window
	closing  *events.CloseAgreed
	tries    []*try          // attempts of the run
	opened   int64           // when the window was
	epoch    int             // of the clock then
	late     map[string]bool // sessions that came into the open window

	today, records, shortest int64 // records of the day, and the shortest interval of it
}

type counter struct{ defers, unanswered int }

// try is an attempt as the judge has it.
type try struct {
	token  string
	ran    bool                   // really
	ended  *events.InstallerEnded // really, and its file was written
	voided bool
	exited bool     // recorded
	stalls bool     // recorded: others may be let past it
	past   []string // tokens that stalled when it was cleared; they may go on since
	reason bool     // another one may follow
	over   bool
}

// answer is an acknowledged or recorded answer.
type answer struct {
	window, session string
	choice          events.Choice
}

// screen is the last round a session really saw.
type screen struct {
	session, owner string
	product        string
	run, round     int
	at             int64
	epoch          int
}

func newJudge(w *world) *judge {
	return &judge{w: w, answers: map[answer]bool{}, seen: map[string][]events.ProcessID{}}
}

// fault notes a broken promise. The first one ends the world.
func (j *judge) fault(format string, args ...any) {
	if len(j.faults) > 8 {
		return
	}
	at := time.Duration(j.w.now) * time.Millisecond
	j.faults = append(j.faults, fmt.Sprintf("day %d %v: ", j.w.now/day, at%(24*time.Hour))+fmt.Sprintf(format, args...))
}

// of is the judge's file of a product.
func (j *judge) of(id string) *file {
	for _, f := range j.files {
		if f.id == id {
			return f
		}
	}
	f := &file{id: id, policy: events.DefaultPolicy()}
	j.files = append(j.files, f)
	return f
}

func (f *file) counter() *counter {
	for i, a := range events.Actions() {
		if a == f.action {
			return &f.counters[i]
		}
	}
	return &f.counters[6]
}

// try finds an attempt by its token.
func (j *judge) try(token string) (*file, *try) {
	for _, f := range j.files {
		for _, t := range f.tries {
			if t.token == token {
				return f, t
			}
		}
	}
	return nil, nil
}

// jumped: the wall clock was set. Within a boot that moves nothing.
func (j *judge) jumped() { j.stepped = true }

// booted: across a boot the wall clock is all there is.
func (j *judge) booted() {
	if j.stepped {
		j.epoch, j.stepped = j.epoch+1, false
	}
}

// record judges what was decided, when it becomes durable.
func (j *judge) record(did []events.Event) {
	for i, e := range did {
		j.event(did, i, e)
	}
	for i, e := range did {
		if id := e.About(); id != "" && (i == 0 || did[i-1].About() != id) {
			j.count(j.of(id))
		}
	}
}

// count: no cycle is free. Every one waits for the interval of the policy, at
// least a minute, or uses up something that people or packages must bring.
func (j *judge) count(f *file) {
	if d := j.w.now / day; d != f.today {
		f.today, f.records, f.shortest = d, 0, 0
	}
	if i := int64(min(max(f.policy.DeferInterval, events.Minute), events.Hour)); f.shortest == 0 || i < f.shortest {
		f.shortest = i
	}
	if f.records++; f.records == 400+8*day/f.shortest {
		j.fault("%s: %d records in a day", f.id, f.records)
	}
}

// folded: a start has read the log.
func (j *judge) folded(c *fsm.Client) {
	for _, f := range j.files {
		j.sameAs(c, f)
	}
}

// state holds the client to what must always be true of it.
func (j *judge) state(c *fsm.Client, did []events.Event) {
	active := 0
	for _, f := range j.files {
		p := c.Product(f.id)
		if p == nil {
			continue
		}
		if p.Open() {
			switch p.Phase {
			case events.PhaseChecking, events.PhasePrompting, events.PhaseKilling, events.PhaseInstalling:
				if p.Attempt.Yields() {
					break // others may be worked on beside it
				}
				if active++; c.Slot != f.id {
					j.fault("%s is %s without the slot", f.id, p.Phase)
				}
			}
		}
		if j.watch && p.Open() && p.Starts == 0 && len(p.Owed) == 0 && p.Want != p.Row {
			j.fault("%s: its row is to be written in observe mode", f.id)
		}
		touched := false
		for _, e := range did {
			touched = touched || e.About() == f.id
		}
		if touched {
			j.sameAs(c, f)
			j.goesOn(c, p)
		}
	}
	if active > 1 {
		j.fault("%d products are worked on at once", active)
	}
}

// sameAs compares the client's counters with the judge's own.
func (j *judge) sameAs(c *fsm.Client, f *file) {
	p := c.Product(f.id)
	if p == nil {
		if f.run > 0 {
			j.fault("%s is forgotten", f.id)
		}
		return
	}
	for i, a := range events.Actions() {
		if got := p.Counters[a]; got.Defers != f.counters[i].defers || got.Unanswered != f.counters[i].unanswered {
			j.fault("%s %s counts %d defers and %d unanswered, really %d and %d", f.id, a, got.Defers, got.Unanswered, f.counters[i].defers, f.counters[i].unanswered)
		}
	}
	if p.Run != f.run || p.Outcome != f.outcome {
		j.fault("%s#%d (%s), really #%d (%s)", f.id, p.Run, p.Outcome, f.run, f.outcome)
	}
	if p.Counter().Defers > p.Policy.MaxDefer && p.Outcome == "" && f.policy.MaxDefer >= p.Counter().Defers {
		j.fault("%s counts %d defers of %d", f.id, p.Counter().Defers, p.Policy.MaxDefer)
	}
}

// converged: in the end the source shows what the log says it shows, and that is
// what the run came to.
func (j *judge) converged(c *fsm.Client) {
	for _, p := range j.w.products {
		if f := j.of(p.id); !p.touched && f.run > 0 {
			j.tells(f, p.row)
		}
		if q := c.Product(p.id); q != nil && q.Outcome == events.OutcomeOK && !p.touched && !sameReport(p.row, q.Row) {
			j.fault("%s: the source shows %+v, and is believed to show %+v", p.id, p.row, q.Row)
		}
	}
}

// tells: a report says how the run of the judge's own file ended.
func (j *judge) tells(f *file, r events.Report) {
	want := map[events.Outcome]string{events.OutcomeOK: events.ResultSuccessful, events.OutcomeFailed: events.ResultFailed}[f.outcome]
	if want == "" {
		return // withdrawn, superseded or unknown: the row stays the admin's
	}
	status := r.InstallationStatus
	if f.outcome == events.OutcomeOK {
		switch f.action {
		case events.ActionSetup, events.ActionUpdate:
			status = events.StatusInstalled
		case events.ActionUninstall:
			status = events.StatusNotInstalled
		}
	}
	if r.ActionResult != want || r.LastAction != f.action || r.InstallationStatus != status {
		j.fault("%s: %s ended as %s, and the source shows %+v", f.id, f.action, f.outcome, r)
	}
}

// goesOn: an open run has work, or waits for a slot whose owner has, or is held.
func (j *judge) goesOn(c *fsm.Client, p *fsm.Product) {
	if !p.Open() || c.Hold != nil || p.Hold != nil {
		return
	}
	if p.Waiting() && p.Wait != nil && p.Wait.Until.IsZero() {
		switch p.Wait.Reason {
		case events.ReasonDependency, events.ReasonReboot, events.ReasonInstallerBusy:
			return // for another one, which has work or waits for the machine
		}
	}
	if a := p.Attempt; a != nil && a.Awaits != "" && a.Awaits == c.Clock.Boot {
		return // the machine has to restart
	}
	if p.Waiting() && p.Wait == nil {
		if c.Slot == "" {
			j.fault("%s waits for a slot that is free", p.ID)
		}
		return
	}
	if len(fsm.DueFor(c, p.ID)) == 0 && len(fsm.DueFor(c, "")) == 0 {
		j.fault("%s is %s and nothing is due", p.ID, p.Phase)
	}
}
