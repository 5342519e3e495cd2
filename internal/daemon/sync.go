// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/quietsetup/quietsetup/events"
	"github.com/quietsetup/quietsetup/fsm"
	"github.com/quietsetup/quietsetup/internal/apitypes"
	"github.com/quietsetup/quietsetup/internal/view"
)

// syncWithin is how long a person waits for a look at the source; the local API
// waits thirty seconds for an answer.
const syncWithin = 20 * time.Second

// Sync looks at the source now and tells what that leads to.
func (o operator) Sync(ctx context.Context, _ string, dry bool) (apitypes.Sync, error) {
	within, cancel := context.WithTimeout(ctx, syncWithin)
	defer cancel()
	if o.depot.retry != nil {
		o.depot.retry()
	}
	var shown wanted
	var err error
	if dry {
		err = o.depot.look(within, func(w wanted) error { shown = w; return nil })
	} else {
		err = o.depot.poll(within, "operator") // somebody wants it: what is wanted always is done once more
	}
	if ctx.Err() != nil {
		return apitypes.Sync{}, ctx.Err()
	}
	s := apitypes.Sync{Schema: apitypes.SchemaSync, DryRun: dry, Answered: err == nil, Wanted: []apitypes.SyncProduct{}, Reports: o.reports()}
	s.Source = o.depot.state()
	if err != nil && s.Source.Reason == "" {
		s.Source.State, s.Source.Reason = "failing", clipped(err.Error())
	}
	r, err := o.rehearsal()
	if err != nil {
		return apitypes.Sync{}, err
	}
	if len(shown.requests) > 0 {
		if err := r.feed(fromSource, events.RequestsObserved{Trigger: "operator", Requests: shown.requests, Order: shown.order}); err != nil {
			return apitypes.Sync{}, err
		}
	}
	if err := r.play(within); err != nil && (ctx.Err() != nil || within.Err() == nil) {
		return apitypes.Sync{}, err
	}
	s.At, s.Wanted = r.stamp(nil, "").Wall, r.wanted()
	return s, nil
}

// reports are those that the source does not show yet.
func (o operator) reports() []apitypes.SyncReport {
	out := []apitypes.SyncReport{}
	o.engine.View(func(c *fsm.Client) {
		for _, id := range slices.Sorted(maps.Keys(c.Products)) {
			for _, e := range fsm.DueFor(c, id) {
				if w, ok := e.Work.(fsm.SendReport); ok {
					r := w.Report
					state := c.Products[id].ReportClass
					if state == "" {
						state = "due"
					}
					out = append(out, apitypes.SyncReport{Product: id, Status: r.InstallationStatus, Version: events.JoinVersion(r.ProductVersion, r.PackageVersion),
						Result: r.ActionResult, Request: string(r.ActionRequest), Progress: r.ActionProgress, State: state})
				}
			}
		}
	})
	return out
}

// rehearsal plays on a copy of the core what would be done next, as far as looking
// goes. Nothing of it is recorded.
type rehearsal struct {
	operator
	core *fsm.Client
}

// rehearsal copies the core as a checkpoint does.
func (o operator) rehearsal() (*rehearsal, error) {
	table, err := fsm.NewTable()
	if err != nil {
		return nil, err
	}
	r := &rehearsal{operator: o, core: fsm.New(table)}
	var s events.Step
	o.engine.View(func(c *fsm.Client) {
		s = stepOf(c, r.stamp(events.CheckpointWanted{}, fromSource))
		s.Seq = max(c.Seq, 1)
		s.Did, err = fsm.Decide(c, s.Stamp())
	})
	if err != nil {
		return nil, fmt.Errorf("cannot copy the state: %w", err)
	}
	fsm.Apply(r.core, s)
	return r, nil
}

func (r *rehearsal) stamp(in events.Input, actor string) events.Stamped {
	wall, boot, ms := r.clock.Now()
	return events.Stamped{Input: in, Actor: actor, Wall: wall, Boot: boot, BootMS: ms}
}

// stepOf is the next record of a client, without what was decided.
func stepOf(c *fsm.Client, in events.Stamped) events.Step {
	return events.Step{Record: events.Record{V: events.Format, Seq: c.Seq + 1, At: in.Wall, Boot: in.Boot, BootMS: in.BootMS, Actor: in.Actor, Rules: c.Rules}, In: in.Input}
}

// feed decides and applies an input.
func (r *rehearsal) feed(actor string, in events.Input) error {
	s := stepOf(r.core, r.stamp(in, actor))
	var err error
	if s.Did, err = fsm.Decide(r.core, s.Stamp()); errors.Is(err, fsm.ErrNothing) || errors.Is(err, fsm.ErrStale) {
		return nil
	} else if err != nil {
		return fmt.Errorf("cannot tell what happens next: %w", err)
	}
	fsm.Apply(r.core, s)
	return nil
}

// play reads packages and looks for programs and people until nothing of that is
// due. Whatever acts is left alone.
func (r *rehearsal) play(ctx context.Context) error {
	for acted := true; acted; {
		acted = false
		for _, e := range fsm.Due(r.core) {
			was := r.core.Seq
			var in events.Input
			switch w := e.Work.(type) {
			case fsm.Prepare:
				p := events.Prepared{For: e.Ticket}
				var err error
				prepare := r.depot.Prepare
				if r.depot.glance != nil {
					prepare = r.depot.glance
				}
				if p.Policy, p.Package, p.Problem, err = prepare(ctx, w.Request); err != nil {
					p.Problem = &events.Problem{Code: "depot_unreachable", Message: err.Error()}
				}
				in = p
			case fsm.RunChecks:
				in = events.ChecksObserved{For: e.Ticket, Seen: r.looker.Look(ctx, w.Package)}
			default:
				continue
			}
			if err := ctx.Err(); err != nil {
				return err // what came of it is not what there is
			}
			if err := r.feed("daemon", in); err != nil {
				return err
			}
			if r.core.Seq != was {
				acted = true
				break // what was due may not be any more
			}
		}
	}
	return nil
}

// wanted is where everything with an open run stands.
func (r *rehearsal) wanted() []apitypes.SyncProduct {
	now := view.At(r.core, r.stamp(nil, ""))
	out := []apitypes.SyncProduct{}
	for _, id := range now.Status().Order {
		p, known := now.Product(id)
		if !known {
			continue
		}
		x := apitypes.SyncProduct{Product: id, Action: p.Action, Version: p.Version, Now: "wait", Waits: p.Waits}
		switch {
		case p.Outcome != nil:
			x.Now = "report"
		case p.Phase == string(events.PhaseChecking):
			x.Now = "look"
		case p.Phase == string(events.PhasePrompting):
			x.Now = "ask"
		case p.Phase == string(events.PhaseKilling):
			x.Now = "close"
		case p.Phase == string(events.PhaseInstalling):
			x.Now = "install"
		}
		out = append(out, x)
	}
	return out
}
