// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"cmp"
	"slices"

	"github.com/quietsetup/quietsetup/events"
)

// requests takes over what the source wants. A product that is not among the
// rows is unknown and stays as it is.
func (d *step) requests(in events.RequestsObserved) {
	rows := slices.Clone(in.Requests)
	slices.SortStableFunc(rows, func(a, b events.Request) int { return cmp.Compare(a.Row.ProductID, b.Row.ProductID) })
	for _, r := range rows {
		wanted := r.Row.ActionRequest
		if r.Row.ProductID == "" || wanted != events.ActionNone && !slices.Contains(events.Actions(), wanted) {
			continue
		}
		p := d.c.Product(r.Row.ProductID)
		switch {
		case p == nil || p.Run == 0 || p.Phase == events.PhaseReported:
			d.requestAnew(p, r, in.Trigger)
		case p.Outcome != "":
			d.requestAfter(p, r)
		case p.Phase == events.PhaseInstalling:
			d.requestDuring(p, r)
		default:
			d.requestBefore(d.c.own(p.ID), r)
		}
	}
}

// requestAnew begins a run if one is wanted.
func (d *step) requestAnew(p *Product, r events.Request, trigger string) {
	wanted := r.Row.ActionRequest
	if wanted == events.ActionNone {
		return
	}
	run := 1
	if p != nil {
		run = p.Run + 1
		// "always" stays set after each run: one run per trigger, and a poll is none.
		if wanted == events.ActionAlways && trigger == "poll" && p.Action() == events.ActionAlways && p.Run > 0 {
			return
		}
	}
	d.accept(p, run, r)
}

// accept begins a run. While reports are owed the source's row is older than
// what is known here, and the new run stands on what is known.
func (d *step) accept(p *Product, run int, r events.Request) {
	if p != nil && len(p.Owed) > 0 {
		wanted := r.Row.ActionRequest
		r.Row = p.Owed[len(p.Owed)-1].Report
		r.Row.ActionRequest = wanted
	}
	d.emit(events.Accepted{Product: r.Row.ProductID, Run: run, Request: r})
}

// requestAfter: the run has its outcome, its report is on the way. The row still
// shows the request until the report is accepted; only another one counts. It
// does not wait for the report: that is carried along.
func (d *step) requestAfter(p *Product, r events.Request) {
	wanted := r.Row.ActionRequest
	if wanted == p.Action() || wanted == events.ActionNone {
		return
	}
	d.acceptNext(p, r)
}

// acceptNext begins the run that follows a finished one.
func (d *step) acceptNext(p *Product, r events.Request) {
	wanted := r.Row.ActionRequest
	r.Row = p.Want // what the row is once the finished run is reported
	r.Row.ActionRequest = wanted
	d.emit(events.Accepted{Product: p.ID, Run: p.Run + 1, Request: r})
}

// requestDuring: an installer may be running; it ends first.
func (d *step) requestDuring(p *Product, r events.Request) {
	switch wanted := r.Row.ActionRequest; {
	case wanted == p.Action() && r.Target() == p.Target() && p.Next == nil:
	case wanted == p.Action():
		if p.Next != nil {
			d.queue(p, r)
		} else {
			d.retarget(p, r)
		}
	default:
		d.queue(p, r)
	}
}

func (d *step) queue(p *Product, r events.Request) {
	if p.Next != nil && p.Next.Row.ActionRequest == r.Row.ActionRequest && p.Next.Target() == r.Target() {
		return
	}
	d.emit(events.Queued{Product: p.ID, Request: r})
}

// retarget leads the run to another version from its next round on.
func (d *step) retarget(p *Product, r events.Request) {
	now := p.Request
	if p.Retarget != nil {
		now = *p.Retarget
	}
	if now.Target() != r.Target() {
		d.emit(events.Retargeted{Product: p.ID, Request: r})
	}
}

// requestBefore: nothing was installed yet.
func (d *step) requestBefore(p *Product, r events.Request) {
	switch wanted := r.Row.ActionRequest; wanted {
	case p.Action():
		d.retarget(p, r)
	case events.ActionNone:
		d.endWindow(p, "withdrawn")
		d.finish(p, events.OutcomeWithdrawn, "the request was taken back", false)
	default:
		d.endWindow(p, "superseded")
		d.finish(p, events.OutcomeSuperseded, string(wanted)+" was requested instead", false)
		d.accept(p, p.Run+1, r)
	}
}

// takeQueued takes a queued request over when the attempt it waited for was
// taken back: the run must not go on asking for what nobody wants any more.
func (d *step) takeQueued() {
	var ids []string
	d.c.eachOpen(func(p *Product) {
		if p.Next != nil && p.Phase != events.PhaseInstalling {
			ids = append(ids, p.ID)
		}
	})
	slices.Sort(ids)
	for _, id := range ids {
		if p := d.c.own(id); p.Next.Row.ActionRequest == p.Action() {
			d.emit(events.Retargeted{Product: id, Request: *p.Next})
		} else {
			d.requestBefore(p, *p.Next)
		}
	}
}

// finish ends the work of a run and closes it if there is nothing to report.
func (d *step) finish(p *Product, o events.Outcome, why string, ran bool) {
	d.emit(events.Finished{Product: p.ID, Outcome: o, Reason: why, Ran: ran})
	switch o {
	case events.OutcomeWithdrawn, events.OutcomeSuperseded:
		d.emit(events.Reported{Product: p.ID})
	default:
		d.settle(p)
	}
}

// settle begins what was waiting behind a finished run, or closes the run if
// the source shows its report.
func (d *step) settle(p *Product) {
	switch next := p.Next; {
	case p.Outcome == "":
	case next != nil && next.Row.ActionRequest != events.ActionNone:
		d.acceptNext(p, *next)
	case !p.ReportDue() && len(p.Owed) == 0:
		d.emit(events.Reported{Product: p.ID})
	}
}

// reportAnswered takes what became of a report. That the source accepted one is
// a fact, even if another is wanted by now.
func (d *step) reportAnswered(in events.ReportAnswered) error {
	p := d.c.Product(in.For.Product)
	_, err := d.due(in.For)
	if err != nil && (!in.Accepted || p == nil || p.Run != in.For.Run || p.Phase == events.PhaseReported || in.Report == p.Row) {
		return err
	}
	d.answerOf(d.c.own(p.ID), in)
	return nil
}

func (d *step) answerOf(p *Product, in events.ReportAnswered) {
	if in.Accepted {
		d.emit(events.ReportAccepted{Product: p.ID, Report: in.Report})
		d.settle(p)
		return
	}
	if in.Class != p.ReportClass {
		d.emit(events.ReportRefused{Product: p.ID, Class: in.Class, Reason: in.Reason})
	}
}
