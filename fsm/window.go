// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quietsetup/quietsetup/events"
)

// ask opens a window for everybody whose programs are affected.
func (d *step) ask(p *Product, o events.Observation, blocking []events.Process) {
	asks := asksFor(o, blocking)
	if len(asks) == 0 { // somebody is there, but nobody can be asked
		d.emit(events.ProgramsChanged{Product: p.ID, Programs: blocking})
		d.unanswered(p, d.notShown(p))
		return
	}
	if session, until := d.promptedJustNow(p, asks); session != "" {
		d.later(p, events.ReasonPromptInterval, session, until)
		return
	}
	w := events.Window{
		ID:         p.ID + "#" + strconv.Itoa(p.Run) + "." + strconv.Itoa(p.Windows+1),
		Members:    []string{p.ID},
		Action:     p.Action(),
		Name:       cmp.Or(p.Package.Name, p.ID),
		Version:    p.Target(),
		Installed:  p.Request.Row.InstallationStatus == events.StatusInstalled,
		Since:      d.now,
		Opened:     d.now,
		Default:    p.Policy.DefaultAction,
		Final:      d.final(p),
		DefersUsed: p.Counter().Defers,
		DefersMax:  p.Policy.MaxDefer,
		AskAgain:   p.Policy.DeferInterval,
		Asks:       asks,
	}
	if first := p.Counter().First; !first.IsZero() {
		w.Since = first
	}
	lasts := p.Policy.DialogTimeout
	if w.Final {
		w.Default = p.Policy.DeferAction
		lasts = cmp.Or(p.Policy.FinalNotice, lasts)
	} else {
		w.Choices = append(w.Choices, events.ChoiceDefer)
	}
	w.Deadline = d.now.Add(lasts)
	if p.Rechecks < p.Policy.MaxRecheck {
		w.Choices = append(w.Choices, events.ChoiceRecheck)
	}
	w.Choices = append(w.Choices, events.ChoiceKill)
	d.emit(events.WindowOpened{Product: p.ID, Window: w})
}

// ownerless are the programs whose owner has no session. Nobody else may agree
// to close them.
func ownerless(o events.Observation, ps []events.Process) []events.Process {
	if !o.SessionsKnown {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(ps), func(p events.Process) bool {
		return slices.ContainsFunc(o.Sessions, func(s events.Session) bool { return p.BelongsTo(s.ID, s.Owner) })
	})
}

// asksFor gives each session its own programs.
func asksFor(o events.Observation, blocking []events.Process) []events.Ask {
	if !o.SessionsKnown {
		return nil
	}
	var out []events.Ask
	for _, s := range o.Sessions {
		a := events.Ask{Session: s.ID, Owner: s.Owner}
		for _, p := range blocking {
			if p.BelongsTo(s.ID, s.Owner) {
				a.Programs = append(a.Programs, p)
			}
		}
		if len(a.Programs) > 0 {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b events.Ask) int { return cmp.Compare(a.Session, b.Session) })
	return out
}

// promptedJustNow names a session that saw another round's window within the
// prompt interval, and when that is over.
func (d *step) promptedJustNow(p *Product, asks []events.Ask) (string, events.Moment) {
	if p.Policy.Urgent {
		return "", events.Moment{} // who wants this wants it seen now
	}
	for _, a := range asks {
		last, ok := d.c.Prompted[a.Session]
		var at events.Moment
		if ok && (last.Product != p.ID || last.Run != p.Run || last.Round != p.Round) {
			at = last.At
		}
		if unrecorded := d.mayHaveSeen(a); at.Before(unrecorded) {
			at = unrecorded
		}
		if end := at.Add(p.Policy.PromptInterval); !at.IsZero() && d.now.Before(end) {
			return a.Session, end
		}
	}
	return "", events.Moment{}
}

// mayHaveSeen is when a session last may have had a window on its screen without a
// record of that: the daemon was down when the window ended, and may have gone down
// between the showing and its record.
func (d *step) mayHaveSeen(a events.Ask) (at events.Moment) {
	d.c.each(func(q *Product) {
		i := askOf(q.Last, a.Session)
		if i < 0 {
			return
		}
		o := q.Last.Asks[i]
		if o.Shown || o.Lost != "" || o.Owner != a.Owner {
			return
		}
		if q.LastWhy == "expired_while_down" && at.Before(q.Last.Deadline) {
			at = q.Last.Deadline
		}
	})
	return at
}

// watchedWindow takes over a change of the programs an open window is about. A
// session that comes in this way is asked at once, whatever the prompt interval
// says: the window is open, and its programs must not be closed unasked.
func (d *step) watchedWindow(p *Product, o events.Observation, blocking []events.Process) {
	if len(blocking) == 0 {
		d.endWindow(p, "programs_gone")
		d.clear(p)
		return
	}
	if slices.Equal(ids(blocking), ids(p.Blockers)) {
		return
	}
	asks := asksFor(o, blocking)
	if d.mustWaitFor(p, o, blocking) || len(asks) == 0 {
		d.endWindow(p, "nobody")
		d.emit(events.ProgramsChanged{Product: p.ID, Programs: blocking})
		r := events.ReasonAlone
		if len(asks) > 0 {
			r = events.ReasonOwnerAway
		}
		d.emit(events.Deferred{Product: p.ID, Reason: r, Detail: names(ownerless(o, blocking)),
			Count: p.Counter().Defers, Until: d.interval(p, false)})
		return
	}
	d.emit(events.ProgramsChanged{Product: p.ID, Programs: blocking, Window: p.Window.ID, Asks: asks})
	d.closeIfCovered(p)
}

func (d *step) shown(p *Product, t events.Ticket) {
	i := askOf(p.Window, t.Session)
	if i >= 0 && !p.Window.Asks[i].Shown {
		d.emit(events.WindowSeen{Product: p.ID, Window: t.Window, Session: t.Session})
	}
}

// lost: a session's window cannot be shown. When that is so for all, nobody is
// waited for.
func (d *step) lost(p *Product, in events.WindowFailed) {
	d.emit(events.WindowLost{Product: p.ID, Window: in.For.Window, Session: in.For.Session, Reason: in.Reason})
	if !slices.ContainsFunc(p.Window.Asks, func(a events.Ask) bool { return a.Lost == "" }) {
		d.endWindow(p, "not_shown")
		d.unanswered(p, d.notShown(p))
	}
}

func askOf(w *events.Window, session string) int {
	if w == nil {
		return -1
	}
	return slices.IndexFunc(w.Asks, func(a events.Ask) bool { return a.Session == session })
}

// answered records one session's answer.
func (d *step) answered(in events.UserAnswered) error {
	id, _, _ := strings.Cut(in.Window, "#") // no product's id holds one
	p := d.c.Product(id)
	if p == nil {
		return ErrTooLate
	}
	if p.Window == nil || p.Window.ID != in.Window {
		if p.Last == nil || p.Last.ID != in.Window {
			return ErrTooLate
		}
		if i := askOf(p.Last, in.Session); i >= 0 && p.Last.Asks[i].Answer == in.Choice {
			return ErrAlreadyRecorded
		}
		return ErrTooLate
	}
	p = d.c.own(p.ID)
	i := askOf(p.Window, in.Session)
	if i < 0 {
		return fmt.Errorf("%w: session %q was not asked", ErrRefused, in.Session)
	}
	if !slices.Contains(p.Window.Choices, in.Choice) {
		return fmt.Errorf("%w: %q was not offered", ErrRefused, in.Choice)
	}
	if a := p.Window.Asks[i]; a.Answer == in.Choice {
		return ErrAlreadyRecorded
	}
	e := events.Answered{Product: p.ID, Window: in.Window, Session: in.Session, Choice: in.Choice}
	if in.Choice != events.ChoiceDefer && in.Seen >= p.Window.Asks[i].Added {
		e.Covers = ids(p.Window.Asks[i].Programs)
	} else if in.Choice == events.ChoiceKill {
		return ErrChanged // a consent covers what was read, nothing else
	}
	d.emit(e)
	switch in.Choice {
	case events.ChoiceDefer: // any "later" ends the round
		d.endWindow(p, "answered")
		d.deferCounted(p, events.ReasonUser)
	case events.ChoiceRecheck:
		d.endWindow(p, "answered")
		d.emit(events.Rechecked{Product: p.ID, N: p.Rechecks + 1})
	case events.ChoiceKill:
		d.closeIfCovered(p)
	}
	return nil
}

// closeIfCovered starts closing when every living program is covered by a
// consent that was shown it.
func (d *step) closeIfCovered(p *Product) {
	for _, a := range p.Window.Asks {
		if slices.ContainsFunc(a.Programs, func(q events.Process) bool { return !agreedTo(p.Window, q.ProcessID) }) {
			return
		}
	}
	targets := shownIn(p.Window.Asks) // what lives besides was shown to nobody
	d.endWindow(p, "answered")
	d.emit(events.CloseAgreed{Product: p.ID, Why: closeAsked, Targets: targets})
}

// agreedTo: a session that was shown the program agreed to close it.
func agreedTo(w *events.Window, id events.ProcessID) bool {
	return slices.ContainsFunc(w.Asks, func(a events.Ask) bool {
		return a.Answer == events.ChoiceKill && slices.Contains(a.Covers, id)
	})
}

// endWindow closes the open window, if there is one.
func (d *step) endWindow(p *Product, why string) {
	if p.Window != nil {
		d.emit(events.WindowClosed{Product: p.ID, Window: p.Window.ID, Why: why})
	}
}

// expire does what the window announced for its end, as far as somebody was
// there to see it.
func (d *step) expire(p *Product, o events.Observation) {
	w := *p.Window
	var seen, unseen, locked int // sessions that have not agreed
	for _, a := range w.Asks {
		if a.Answer == events.ChoiceKill {
			continue
		}
		switch saw, isLocked := d.saw(w, a, o); {
		case saw:
			seen++
		case isLocked:
			locked++
			unseen++
		default:
			unseen++
		}
	}
	d.endWindow(p, "expired")
	act := w.Default
	if act == events.ChoiceDefer && seen > 0 || act != events.ChoiceDefer && unseen == 0 {
		d.timeout(p, act, w.Final)
		return
	}
	if w.Final && locked > 0 {
		d.emit(events.Deferred{Product: p.ID, Reason: events.ReasonUnlock, Count: p.Counter().Defers})
		return
	}
	d.unanswered(p, d.interval(p, false))
}

// lateExpiry is how long after its deadline a window's end may still be told.
// Later the machine slept or the log could not be written, and what happened
// since says nothing about who saw the window.
const lateExpiry = events.Minute

// saw: the window was on an unlocked screen and its user touched the machine
// since. What is not known did not happen.
func (d *step) saw(w events.Window, a events.Ask, o events.Observation) (saw, locked bool) {
	i := slices.IndexFunc(o.Sessions, func(s events.Session) bool { return s.ID == a.Session && s.Owner == a.Owner })
	if !a.Shown || a.Lost != "" || i < 0 {
		return false, i >= 0 && o.Sessions[i].Locked
	}
	s := o.Sessions[i]
	if s.Locked || s.Away {
		return false, s.Locked
	}
	late := w.Deadline.Add(lateExpiry).Before(d.now)
	return !late && s.IdleMS >= 0 && d.now.Clock-s.IdleMS >= a.ShownC, false
}

// timeout does the action of a window that a present user let pass.
func (d *step) timeout(p *Product, act events.Choice, final bool) {
	switch {
	case act == events.ChoiceKill:
		why := closeTimeout
		if final {
			why = closeAnnounced
		}
		d.emit(events.CloseAgreed{Product: p.ID, Why: why, Targets: shownIn(p.Last.Asks), Force: true})
	case act == events.ChoiceFail:
		d.finish(p, events.OutcomeFailed, "the window passed without an answer", false)
	case final:
		d.emit(events.Deferred{Product: p.ID, Reason: events.ReasonDeferLimit, Count: p.Counter().Defers, Until: d.interval(p, false)})
	default:
		d.deferCounted(p, events.ReasonTimeout)
	}
}

// unanswered puts a product off that nobody could be shown to have been asked
// about. It is not counted as a defer and has a budget of its own.
func (d *step) unanswered(p *Product, until events.Moment) {
	if p.Policy.Unanswered == events.ChoiceFail && p.Counter().Unanswered+1 >= p.Policy.MaxUnanswered {
		d.finish(p, events.OutcomeFailed, "nobody could be asked "+strconv.Itoa(p.Counter().Unanswered+1)+" times", false)
		return
	}
	d.emit(events.Deferred{Product: p.ID, Reason: events.ReasonUnanswered, Count: p.Counter().Defers, Until: until})
}

// notShown is when a window is tried again that could be shown to nobody. Who logs in
// next is to see it soon, so the first tries follow each other; but it may stay so for
// days, and every try is a round in the log. So a short interval grows as far as the
// pause of other retries.
func (d *step) notShown(p *Product) events.Moment {
	pause := events.Minute
	for n := p.Counter().Unanswered; n > 0 && pause < retryPause; n-- {
		pause *= 2
	}
	return d.rest(p, d.now.Add(max(p.Policy.DeferInterval, min(pause, retryPause))))
}
