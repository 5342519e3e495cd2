// SPDX-License-Identifier: Apache-2.0

package fsm

import (
	"fmt"

	"github.com/quietsetup/quietsetup/events"
)

// operator takes the wishes of whoever runs the machine.
func (d *step) operator(in events.Input) error {
	switch in := in.(type) {
	case events.DeferRequested:
		return d.onOpen(in.Product, func(p *Product) error { return d.putOff(p) })
	case events.ResumeRequested:
		return d.onOpen(in.Product, func(p *Product) error { return d.resume(p) })
	case events.ResetRequested:
		p := d.c.Product(in.Product)
		if p == nil {
			return unknown(in.Product)
		}
		if len(p.Counters) == 0 {
			return ErrNothing
		}
		d.emit(events.CountersReset{Product: in.Product, Reason: in.Reason})
	case events.HoldRequested:
		return d.hold(in)
	case events.ReleaseRequested:
		return d.release(in)
	default:
		return fmt.Errorf("%w: no rule for %T", ErrInternal, in)
	}
	return nil
}

func unknown(product string) error {
	return fmt.Errorf("%w: nothing is known of a product %q", ErrRefused, product)
}

func (d *step) onOpen(id string, f func(*Product) error) error {
	p := d.c.Product(id)
	if p == nil {
		return unknown(id)
	}
	if !p.Open() {
		return fmt.Errorf("%w: %s has no open request", ErrRefused, id)
	}
	return f(d.c.own(id))
}

// putOff is an operator's later: not counted, whatever the limits.
func (d *step) putOff(p *Product) error {
	if p.Phase == events.PhaseInstalling {
		return fmt.Errorf("%w: the installer of %s may be running; it ends first", ErrRefused, p.ID)
	}
	d.endWindow(p, "operator")
	d.emit(events.Deferred{Product: p.ID, Reason: events.ReasonOperator, Count: p.Counter().Defers, Until: d.interval(p, false)})
	return nil
}

func (d *step) resume(p *Product) error {
	switch {
	case d.c.Hold != nil || p.Hold != nil:
		return fmt.Errorf("%w: %s is on hold; release it first", ErrRefused, p.ID)
	case !p.Waiting():
		return fmt.Errorf("%w: %s is %s already", ErrRefused, p.ID, p.Phase)
	case p.Wait == nil:
		return ErrNothing
	}
	d.emit(events.WaitEnded{Product: p.ID, Why: "resumed"})
	return nil
}

// hold stops rounds before their next prompt, close and start. Open windows
// close uncharged; a running installer ends.
func (d *step) hold(in events.HoldRequested) error {
	if in.Product == "" && d.c.Hold != nil {
		return ErrNothing
	}
	if in.Product != "" {
		p := d.c.Product(in.Product)
		if p == nil {
			return unknown(in.Product)
		}
		if p.Hold != nil {
			return ErrNothing
		}
	}
	d.emit(events.HoldPlaced{Product: in.Product, Reason: in.Reason})
	for _, p := range d.sorted() {
		if in.Product != "" && p.ID != in.Product || !p.Open() {
			continue
		}
		// What is being checked, asked or closed ends in advance. An attempt that
		// was cleared may have been started or not: that is found out first.
		if p.Phase == events.PhaseInstalling && p.Attempt.Stage == StageCleared {
			d.emit(events.AttemptLost{Product: p.ID, Token: p.Attempt.Token})
		}
	}
	return nil
}

func (d *step) release(in events.ReleaseRequested) error {
	if in.Product == "" {
		if d.c.Hold == nil {
			return ErrNothing
		}
	} else if p := d.c.Product(in.Product); p == nil {
		return unknown(in.Product)
	} else if p.Hold == nil {
		return ErrNothing
	}
	d.emit(events.HoldReleased{Product: in.Product, Reason: in.Reason})
	return nil
}
