// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"errors"
	"fmt"
	"slices"

	"github.com/quietsetup/quietsetup/events"
)

// RuleSet is the number of the rules in this package. A change of what Decide
// decides for an input of an older log is a new number, once a version that
// writes such logs is released.
const RuleSet = 1

// Reasons for which Decide records nothing.
var (
	ErrNothing         = errors.New("the input changes nothing")
	ErrStale           = errors.New("the work this belongs to is not due any more")
	ErrTooEarly        = errors.New("the moment has not come yet")
	ErrTooLate         = errors.New("the window was closed before the answer came")
	ErrAlreadyRecorded = errors.New("this answer is recorded already")
	ErrChanged         = errors.New("programs were added to the window since it was read")
	ErrRefused         = errors.New("refused")
	// ErrInternal is a fault of this package: an event its own table forbids.
	ErrInternal = errors.New("internal error")
)

// Decide turns an input into the events it causes. It is pure and never changes
// c. An input that causes nothing returns one of the errors above and must not
// be recorded.
func Decide(c *Client, in events.Stamped) ([]events.Event, error) {
	d, err := decide(c, in)
	if err != nil {
		return nil, err
	}
	return d.out, nil
}

// Redecide decides an input of a log again. If same says that this gave what
// the log holds, c takes it over, as by Apply but without folding it twice;
// else c stays as it was. It reports which.
func Redecide(c *Client, in events.Stamped, same func([]events.Event) bool) bool {
	d, err := decide(c, in)
	if err != nil || !same(d.out) {
		return false
	}
	c.join(d.c, d.seq, d.now, in)
	return true
}

func decide(c *Client, in events.Stamped) (*step, error) {
	d := &step{c: c.fork(), before: c, now: c.at(in), actor: in.Actor, boot: in.Boot, seq: c.Seq + 1,
		out: make([]events.Event, 0, 4)} // few steps decide more
	d.clock(in)
	quiet := len(d.out)
	if err := d.take(in.Input); err != nil {
		return nil, err
	}
	d.advance()
	if d.fault != nil {
		return nil, d.fault
	}
	if len(d.out) == quiet {
		return nil, ErrNothing
	}
	return d, nil
}

// step is one decision on its way: a fork of the client on which each event is
// folded as soon as it is decided.
type step struct {
	c      *Client
	before *Client // as it was; tickets are live in it
	now    events.Moment
	actor  string
	boot   string
	seq    uint64
	out    []events.Event
	fault  error
}

// emit decides an event.
func (d *step) emit(e events.Event) {
	if d.fault != nil {
		return
	}
	if id := e.About(); id != "" {
		p := d.c.own(id)
		if d.observes(p, e) {
			return
		}
		if _, ok := d.c.table.Next(p.Phase, e); !ok {
			d.fault = fmt.Errorf("%w: %s of %s in phase %s", ErrInternal, events.EventName(e), id, p.Phase)
			return
		}
		if err := guard(p, e); err != nil {
			d.fault = fmt.Errorf("%w: %s of %s: %v", ErrInternal, events.EventName(e), id, err)
			return
		}
	}
	d.out = append(d.out, e)
	d.c.fold(e, d.seq, d.now, d.actor)
}

// clock notes a step of the wall clock against the client's.
func (d *step) clock(in events.Stamped) {
	k := d.before.Clock
	if d.before.Seq == 0 {
		return
	}
	wall := events.SpanOf(in.Wall.Sub(k.Wall))
	by := wall - events.Span(d.now.Clock-k.Now)
	if by > events.Minute || by < -events.Minute {
		d.emit(events.ClockStepped{By: by})
	}
}

func (d *step) take(in events.Input) error {
	switch in := in.(type) {
	case events.StoreOpened:
		if d.before.Seq > 0 {
			return ErrNothing
		}
		d.emit(events.ClientBorn{StoreID: in.StoreID})
	case events.Restarted:
		d.restarted(in)
	case events.RequestsObserved:
		d.ordered(in.Order)
		d.requests(in)
	case events.Prepared:
		return d.onWork(in.For, func(p *Product) { d.prepared(p, in) })
	case events.ChecksObserved:
		return d.checksObserved(in)
	case events.WindowShown:
		return d.onWork(in.For, func(p *Product) { d.shown(p, in.For) })
	case events.WindowFailed:
		return d.onWork(in.For, func(p *Product) { d.lost(p, in) })
	case events.UserAnswered:
		return d.answered(in)
	case events.TimeCame:
		return d.timeCame(in)
	case events.CloseObserved:
		return d.onWork(in.For, func(p *Product) { d.closed(p, in) })
	case events.InstallerStarted:
		return d.started(in)
	case events.InstallerStalled:
		return d.stalled(in)
	case events.InstallerWentOn:
		return d.wentOn(in)
	case events.InstallerEnded:
		return d.ended(in)
	case events.InstallProbed:
		return d.onWork(in.For, func(p *Product) { d.probed(p, in) })
	case events.InstallVerified:
		return d.onWork(in.For, func(p *Product) { d.verified(p, in.Found) })
	case events.ReportAnswered:
		return d.reportAnswered(in)
	case events.CheckpointWanted:
		return d.checkpoint()
	case events.ModeChosen:
		return d.mode(in)
	case events.RulesChosen:
		if in.Rules == d.c.Rules {
			return ErrNothing
		}
		d.emit(events.RulesChanged{Rules: in.Rules})
	case events.ForkObserved:
		d.forked(in)
	case events.RebuildObserved:
		d.emit(events.StoreRebuilt{Store: in.Store, Reason: in.Reason})
	default:
		return d.operator(in)
	}
	return nil
}

// onWork calls f with the ticket's product if the ticket is live.
func (d *step) onWork(t events.Ticket, f func(*Product)) error {
	if _, err := d.due(t); err != nil {
		return err
	}
	f(d.c.own(t.Product))
	return nil
}

// due returns the work of a live ticket.
func (d *step) due(t events.Ticket) (Work, error) {
	for _, e := range DueFor(d.before, t.Product) {
		if e.Ticket == t {
			return e.Work, nil
		}
	}
	return nil, ErrStale
}

func (d *step) checkpoint() error {
	s, err := d.c.snapshot()
	if err != nil {
		return fmt.Errorf("cannot make a checkpoint: %w", err)
	}
	d.emit(events.Checkpointed{Shape: Shape, State: s})
	return nil
}

// timeCame ends a wait, a window, or the two minutes in which nobody must be there.
func (d *step) timeCame(in events.TimeCame) error {
	w, err := d.due(in.For)
	if err != nil {
		return err
	}
	wake, ok := w.(WakeAt)
	if !ok {
		return ErrStale
	}
	if d.now.Before(wake.At) {
		return ErrTooEarly
	}
	d.people(in.Seen)
	if in.For.Product == "" {
		return nil // advance lets those go on that waited for this
	}
	p := d.c.own(in.For.Product)
	if p.Phase == events.PhasePrompting {
		d.expire(p, in.Seen)
		return nil
	}
	d.emit(events.WaitEnded{Product: p.ID, Why: "interval"})
	return nil
}

// people takes over who is there and reports whether nobody is.
func (d *step) people(o events.Observation) bool {
	marks := o.Marks()
	if !o.SessionsKnown {
		marks = nil
	}
	if pr := d.c.Presence; pr.N == 0 || pr.Known != o.SessionsKnown || pr.Leaving != o.Leaving || !slices.Equal(pr.Sessions, marks) {
		d.emit(events.PresenceChanged{Known: o.SessionsKnown, Sessions: marks, Leaving: o.Leaving})
	}
	return d.nobody()
}

// nobody: true after two minutes without any session and no shutdown announced.
func (d *step) nobody() bool {
	pr := d.c.Presence
	return pr.empty() && !pr.Leaving && d.now.Clock-pr.Since.Clock >= int64(absence)
}

// advance lets go on what may go on after the input: waits that are over, then
// the next round if the slot is free.
func (d *step) advance() {
	if d.fault != nil || d.c.StoreID == "" && d.c.Seq == 0 {
		return
	}
	d.takeQueued()
	d.holdBack()
	var over []events.WaitEnded
	d.c.eachOpen(func(p *Product) {
		if why := d.over(p); why != "" {
			over = append(over, events.WaitEnded{Product: p.ID, Why: why})
		}
	})
	slices.SortFunc(over, func(a, b events.WaitEnded) int { return compare(a.Product, b.Product) })
	for _, e := range over {
		d.emit(e)
	}
	for d.fault == nil && d.c.Slot == "" && d.c.Hold == nil {
		p := d.next()
		if p == nil {
			return
		}
		if q, r := d.obstacle(p); r != "" && (!p.Resumes || r == events.ReasonReboot) {
			d.later(d.c.own(p.ID), r, q, events.Moment{})
			continue
		}
		d.emit(events.ChecksStarted{Product: p.ID, Round: p.Round + 1})
	}
}

// holdBack puts off what an order to hold concerns: nothing is asked, closed or
// started under it, whatever led there. A running installer ends.
func (d *step) holdBack() {
	var held []string
	d.c.eachOpen(func(p *Product) {
		if p.Phase == events.PhaseInstalling || d.c.Hold == nil && p.Hold == nil {
			return
		}
		if !p.Waiting() || p.Wait == nil {
			held = append(held, p.ID)
		}
	})
	slices.Sort(held)
	for _, id := range held {
		p := d.c.own(id)
		h := p.Hold
		if h == nil {
			h = d.c.Hold
		}
		d.endWindow(p, "held")
		d.later(p, events.ReasonHeld, h.Reason, events.Moment{})
	}
}

// over tells why a product's wait has ended without its own input, "" if it has not.
func (d *step) over(p *Product) string {
	if !p.Waiting() || p.Wait == nil {
		return ""
	}
	switch p.Wait.Reason {
	case events.ReasonNoMetadata, events.ReasonNotBackground, events.ReasonNotAsked:
		if d.nobody() {
			return "nobody_there"
		}
	case events.ReasonAlone:
		if len(d.c.Presence.Sessions) > 0 {
			return "sessions_changed" // somebody can be asked now
		}
	case events.ReasonOwnerAway:
		if !slices.ContainsFunc(p.Blockers, func(b events.Process) bool {
			return !slices.ContainsFunc(d.c.Presence.Sessions, func(s events.SessionMark) bool { return b.BelongsTo(s.ID, s.Owner) })
		}) {
			return "sessions_changed" // everybody can be asked now
		}
	case events.ReasonUnlock:
		if p.Wait.Until.IsZero() && !d.locked(p) {
			return "unlocked"
		}
	case events.ReasonDependency:
		// Another one may still be in the way: then that is named from now on.
		if q, r := d.obstacle(p); r != events.ReasonDependency || q != p.Wait.Detail {
			return "dependency_done"
		}
	case events.ReasonReboot:
		if _, r := d.obstacle(p); r != events.ReasonReboot {
			return "restarted"
		}
	case events.ReasonInstallerBusy:
		if p.Wait.Until.IsZero() && d.runningBeside(p) == "" || !d.inTheWay(p.Wait.Detail) { // without a moment in older logs alone
			return "installer_done"
		}
	case events.ReasonHeld:
		if d.c.Hold == nil && p.Hold == nil {
			return "released"
		}
	case events.ReasonObserved:
		if d.c.Observe == nil {
			return "observed_enough"
		}
	}
	return ""
}

// locked reports whether a session is locked that owns a blocking program or was asked last.
func (d *step) locked(p *Product) bool {
	return slices.ContainsFunc(d.c.Presence.Sessions, func(s events.SessionMark) bool {
		return s.Locked && (askOf(p.Last, s.ID) >= 0 ||
			slices.ContainsFunc(p.Blockers, func(b events.Process) bool { return b.BelongsTo(s.ID, s.Owner) }))
	})
}

// next is the ready product that comes first.
func (d *step) next() *Product {
	var best *Product
	d.c.eachOpen(func(p *Product) {
		if !p.Waiting() || p.Wait != nil || p.Hold != nil {
			return
		}
		if best == nil || d.c.before(p, best) {
			best = p
		}
	})
	return best
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// later makes a product wait without counting it: back to pending if it was
// never deferred in this run, else deferred.
func (d *step) later(p *Product, r events.Reason, detail string, until events.Moment) {
	if !p.Put && (p.Phase == events.PhasePending || p.Phase == events.PhaseChecking) {
		d.emit(events.Held{Product: p.ID, Reason: r, Detail: detail, Until: until})
		return
	}
	d.emit(events.Deferred{Product: p.ID, Reason: r, Detail: detail, Count: p.Counter().Defers, Until: until})
}

// soon is when a wait that nothing counts is looked at again: an interval of
// the policy within a minute and an hour, so that no cycle is free.
func (d *step) soon(p *Product) events.Moment {
	return d.now.Add(min(max(p.Policy.DeferInterval, events.Minute), events.Hour))
}

// interval is when the next round of a deferred product starts.
func (d *step) interval(p *Product, counted bool) events.Moment {
	if counted {
		return d.rest(p, d.now.Add(p.Policy.DeferInterval)) // bounded by max_defer
	}
	return d.rest(p, d.now.Add(max(p.Policy.DeferInterval, events.Minute)))
}
